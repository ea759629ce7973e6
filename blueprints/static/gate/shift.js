// Where this phone stands and until when: a shift's own account where the hub opens one, so that nobody's own account
// stays on a volunteer's phone.
import { html, reactive } from "../shared/html.js";
import { call, enter, get, keep as keepTokens, may, session, tried } from "../shared/api.js";
import { t } from "../shared/words.js";
import { keep, kept } from "./kept.js";
import { wakeSound } from "./result.js";

const LAST_GATE = "gate-last";

export async function renewPack() {
  keep("pack", await get("/api/v1/gate/offline-pack"));
}

async function begin(form) {
  let ends = "";
  if (may("gate.shift")) {
    const opened = await call("POST", "/api/v1/gate/shifts", { gate_id: form.gate, minutes: form.hours * 60 });
    await call("DELETE", "/api/v1/sessions/current").catch(() => null);
    keepTokens(null);
    await enter({ access_token: opened.access_token, refresh_token: opened.refresh_token, expires_in: opened.expires_in });
    ends = opened.ends_at;
  }
  const { keys, revoked } = await get("/.well-known/hub-keys.json");
  keep("keys", keys.filter((key) => !revoked.some((each) => each.kid === key.kid)));
  await renewPack();
  keep("shift", { gate: form.gate, name: form.name, direction: "in", ends, me: { ...session.me } });
  localStorage.setItem(LAST_GATE, form.gate);
}

export const Shift = {
  setup() {
    const form = reactive({ gate: localStorage.getItem(LAST_GATE) || "", hours: 4, gates: [], problem: "", busy: false });
    async function submit(event) {
      event.preventDefault();
      wakeSound();
      form.busy = true;
      const name = form.gates.find((each) => each.id === form.gate)?.name;
      await tried(form, () => begin({ gate: form.gate.trim(), name, hours: Number(form.hours) }));
      form.busy = false;
    }
    // An older hub, or no net: the gate is typed.
    get("/api/v1/gate/gates").then((found) => {
      form.gates = found.items;
      if (!form.gates.some((each) => each.id === form.gate)) form.gate = form.gates[0]?.id || form.gate;
    }, () => null);
    return () => html`
      <main class="login" id="main">
        <form onSubmit=${submit}>
          <h1>${t("开始值守", "Begin the shift")}</h1>
          <p class="quiet">${t("会下载一份离线包：30 分钟内没有网络也能核验。", "An offline pack is loaded: codes can be checked for 30 minutes without a net.")}</p>
          ${form.problem && html`<p class="problem" role="alert">${form.problem}</p>`}
          ${kept.queue.length > 0 && html`<p class="told">${t(`还有 ${kept.queue.length} 条未上交，开始后自动上交。`, `${kept.queue.length} scans wait to be handed in.`)}</p>`}
          ${form.gates.length > 0 && html`<label>${t("卡口", "Gate")}
            <select name="gate" value=${form.gate} onChange=${(event) => (form.gate = event.target.value)}>
              ${form.gates.map((each) => html`<option key=${each.id} value=${each.id}>${each.name}</option>`)}
            </select></label>`}
          ${!form.gates.length && html`<label>${t("卡口编号", "Gate")}<input name="gate" required maxlength="64" value=${form.gate} onInput=${(event) => (form.gate = event.target.value)} /></label>`}
          <label>${t("值守几小时", "For how many hours")}
            <select name="hours" value=${form.hours} onChange=${(event) => (form.hours = event.target.value)}>
              ${[2, 4, 6, 8].map((each) => html`<option key=${each} value=${each}>${each}</option>`)}
            </select></label>
          <button class="main" disabled=${form.busy}>${t("开始", "Begin")}</button>
        </form>
      </main>`;
  },
};
