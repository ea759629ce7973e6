// Signing in: account, password and the six digits of the authenticator.
import { html, reactive } from "./html.js";
import { call, enter, session, tried } from "./api.js";
import { t } from "./words.js";

export const Login = {
  props: { title: String, hint: String },
  setup(props) {
    const form = reactive({ username: "", password: "", totp: "", problem: "", busy: false });
    async function submit(event) {
      event.preventDefault();
      form.busy = true;
      const { username, password, totp } = form;
      const asked = { username: username.trim(), password, totp: totp.trim() };
      if (!(await tried(form, async () => enter(await call("POST", "/api/v1/staff/sessions", asked))))) form.totp = "";
      form.busy = false;
    }
    const typed = (name) => (event) => (form[name] = event.target.value);
    return () => html`
      <main class="login" id="main">
        <form onSubmit=${submit}>
          <h1>${props.title}</h1>
          <p class="quiet">${props.hint}</p>
          ${session.ended && html`<p class="problem" role="alert">${t("登录已过期，请重新登录。", "Your session has ended. Sign in again.")}</p>`}
          ${form.problem && html`<p class="problem" role="alert">${form.problem}</p>`}
          <label>${t("用户名", "User name")}
            <input name="username" autocomplete="username" required maxlength="64" value=${form.username} onInput=${typed("username")} /></label>
          <label>${t("密码", "Password")}
            <input name="password" type="password" autocomplete="current-password" required maxlength="256" value=${form.password} onInput=${typed("password")} /></label>
          <label>${t("动态验证码（6 位数字）", "One-time code (6 digits)")}
            <input name="totp" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" maxlength="6" required value=${form.totp} onInput=${typed("totp")} /></label>
          <button class="main" disabled=${form.busy}>${t("登录", "Sign in")}</button>
        </form>
      </main>`;
  },
};
