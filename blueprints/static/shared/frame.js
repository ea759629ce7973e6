// The head of every page: what it is, who is here, the language, the way out.
import { html } from "./html.js";
import { session, signOut } from "./api.js";
import { language, speak, t } from "./words.js";

export const Head = {
  props: { title: String, officeName: { type: Function, default: (id) => id } },
  setup(props) {
    return () => html`
      <header class="head">
        <a class="skip" href="#main">${t("跳到正文", "Skip to content")}</a>
        <span class="seal" aria-hidden="true">县</span>
        <strong>${props.title}</strong>
        <span class="grow"></span>
        ${session.me && html`<span class="who">${session.me.username}${session.me.office && ` · ${props.officeName(session.me.office)}`}</span>`}
        <button onClick=${() => speak(language.value === "zh" ? "en" : "zh")} lang=${language.value === "zh" ? "en" : "zh-CN"}>
          ${language.value === "zh" ? "English" : "中文"}</button>
        ${session.me && html`<button onClick=${signOut}>${t("退出", "Sign out")}</button>`}
      </header>`;
  },
};
