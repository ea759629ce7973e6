// What a switch says, in words: for its history, and for what differs from the files.
import { html } from "../shared/html.js";
import { placeName } from "../shared/naming.js";
import { moment, t } from "../shared/words.js";

export const limitName = (name) =>
  ({ cap: t("同时最多几个请求", "Calls at once"), per_minute: t("每分钟最多（0 为不限）", "Per minute (0: no limit)"), deadline_s: t("等待期限（秒）", "Deadline (s)") })[name] || name;

export const fieldName = (name) =>
  ({ enabled: t("是否开放", "Open to citizens"), notice: t("公告", "Notice"), maintenance: t("维护", "Maintenance"), rollout: t("开放范围", "Open to"), limits: t("上限", "Limits") })[name] || name;

const notice = (said) => [said?.zh, said?.en].filter(Boolean).join(" / ");
const none = () => t("无", "none");

const said = {
  enabled: (on) => (on ? t("开放", "open") : t("停用", "closed")),
  notice: (words) => notice(words) || none(),
  maintenance: (window) => (window ? [`${moment(window.from)} – ${moment(window.until)}`, notice(window.notice)].filter(Boolean).join(" · ") : none()),
  rollout: (who) => who
    ? [`${who.percent ?? 100} %`, ...(who.regions || []).map(placeName), who.citizens?.length && t(`名单上 ${who.citizens.length} 人`, `${who.citizens.length} people on a list`)].filter(Boolean).join(t("、", ", "))
    : t("所有人", "everybody"),
  limits: (most) => Object.entries(most || {}).map(([name, value]) => `${limitName(name)} ${value}`).join(t("；", "; ")) || none(),
};

export const fieldValue = (name, value) => said[name]?.(value) ?? (typeof value === "string" ? value : JSON.stringify(value));

/** Each field of an override on a line of its own. */
export const switched = (override) => override
  ? Object.entries(override).map(([name, value]) => html`<div key=${name}><span class="quiet">${fieldName(name)}</span> ${fieldValue(name, value)}</div>`)
  : html`<div>${t("以配置文件为准", "The file counts")}</div>`;
