// What the citizen would see if the form were saved now: the same four states, in the same order, as the hub decides them.
import { html } from "../shared/html.js";
import { placeName } from "../shared/naming.js";
import { inLanguage, moment, t } from "../shared/words.js";
import { statusKind, statusName } from "./names.js";

export function status(form, now) {
  if (!form.enabled) return "closed";
  if (form.announced && form.from && Date.parse(`${form.from}:00+08:00`) <= now && now < Date.parse(`${form.until}:00+08:00`)) return "maintenance";
  return form.percent < 100 ? "limited" : "open";
}

function sentence(form, state) {
  const own = { zh: form.zh, en: form.en };
  const planned = form.maintenanceZh ? { zh: form.maintenanceZh, en: form.maintenanceEn } : own;
  if (state === "closed") return inLanguage(own) || t("该服务暂停使用，请留意通知。", "This service is paused. Please see the notice.");
  if (state === "maintenance") return inLanguage(planned) || t("该服务暂停使用，请留意通知。", "This service is paused. Please see the notice.");
  if (form.announced && Date.parse(`${form.until}:00+08:00`) > Date.now()) return inLanguage(planned);
  return inLanguage(own);
}

export const Preview = {
  props: { form: Object, item: Object, kind: String },
  setup(props) {
    return () => {
      const { form, item } = props;
      const state = status(form, Date.now());
      const words = sentence(form, state);
      return html`
        <aside aria-label=${t("群众看到的样子", "What the citizen sees")}>
          <h3>${t("群众看到的样子（保存之前）", "What the citizen sees (before it is saved)")}</h3>
          <div class="phone">
            <div class="card">
              <h3>${inLanguage(item.title) || t("用到这个系统的每项服务", "Each service of this system")}</h3>
              <p><span class=${`tag ${statusKind(state)}`}>${statusName(state)}</span></p>
              ${words && html`<p class=${state === "closed" ? "problem" : "told"}>${words}</p>`}
              ${form.announced && form.from && html`<p class="quiet">${t("维护时间：", "Maintenance: ")}${moment(`${form.from}:00+08:00`)} – ${moment(`${form.until}:00+08:00`)}</p>`}
              ${state === "limited" && html`<p class="quiet">${t(`${form.percent}% 的人可以办理。`, `Open to ${form.percent} % of citizens.`)} ${form.regions.length > 0 && t(`以及 ${form.regions.map(placeName).join("、")} 的所有人。`, `And to everybody of ${form.regions.map(placeName).join(", ")}.`)}</p>`}
              <button class="main" disabled=${state === "closed" || state === "maintenance"}>${t("去办理", "Start")}</button>
            </div>
          </div>
        </aside>`;
    };
  },
};
