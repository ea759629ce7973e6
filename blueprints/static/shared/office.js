// The desk and the console as a whole: sign in, the rooms at the side by address, the one that is chosen.
import { html, nextTick, onMounted, ref, watch } from "./html.js";
import { ElConfigProvider, en, zh } from "/vendor/elements.js";
import { may, resume, session } from "./api.js";
import { Head } from "./frame.js";
import { Login } from "./login.js";
import { officeName } from "./naming.js";
import { language, t } from "./words.js";

const chosen = ref("");
const look = () => (chosen.value = location.hash.slice(1));
addEventListener("hashchange", look);

export const place = () => chosen.value.split("/").map(decodeURIComponent);
export const go = (...parts) => (location.hash = parts.map(encodeURIComponent).join("/"));

// rooms: [{ id, title(), needs, shown(), view }]
export function office(title, hint, rooms) {
  const Rooms = {
    setup() {
      // On a phone the rooms are one line: the current one stays in sight.
      watch(chosen, () => nextTick(() => document.querySelector(".rooms [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" })), { immediate: true });
      const open = () => rooms.filter((room) => (!room.needs || may(room.needs)) && (!room.shown || room.shown()));
      return () => {
        const shown = open();
        const current = shown.find((room) => room.id === place()[0]) || shown[0];
        if (!current) {
          return html`<main class="room" id="main"><p class="problem">${t("您的角色在这里没有可用的功能。请退出，换有权限的账号登录。", "Your role has nothing to do here. Sign out, and in again with an account that may.")}</p></main>`;
        }
        document.title = `${current.title()} · ${title()}`;
        return html`
          <div class="office">
            <nav class="rooms" aria-label=${t("功能", "Rooms")}>
              ${shown.map((room) => html`<a key=${room.id} href=${`#${room.id}`} aria-current=${room === current ? "page" : null}>${room.title()}</a>`)}
            </nav>
            <main class="room" id="main" key=${current.id}><${current.view} /></main>
          </div>`;
      };
    },
  };
  return {
    setup() {
      const ready = ref(!session.tokens);
      look();
      onMounted(async () => {
        await resume();
        ready.value = true;
      });
      return () => {
        document.title = title();
        const inside = session.me ? html`<${Rooms} key=${session.me.staff_id} />` : html`<${Login} title=${title()} hint=${hint()} />`;
        return html`<${ElConfigProvider} locale=${language.value === "zh" ? zh : en} message=${{ max: 1 }}>
          <${Head} title=${title()} officeName=${officeName} />
          ${ready.value && inside}
        <//>`;
      };
    },
  };
}
