// What happened to a case, line by line, with the clock as it stood.
import { html } from "../shared/html.js";
import { day, inLanguage, moment, t } from "../shared/words.js";
import { caseEvent } from "./events.js";
import { officeName } from "../shared/naming.js";

const byName = (by) =>
  ({ applicant: t("申请人", "Applicant"), officer: t("经办人", "Officer"), community: t("社区", "Community"), department: t("部门", "Department"), hub: t("系统", "Hub") })[by] || by;

function shown(name, value) {
  if (name === "items") return value.map((each) => each.message).join("；");
  if (name === "office") return officeName(value);
  if (name === "number") return value > 1 ? t(`第 ${value} 次`, `time ${value}`) : "";
  if (name === "approved") return value ? t("准予", "Approved") : t("不予", "Refused");
  if (name === "score") return "★".repeat(value);
  if (name === "working_days") return t(`${value} 个工作日`, `${value} working days`);
  if (typeof value === "object") return inLanguage(value);
  if (/^[A-Z0-9_]{4,}$/.test(value) && name === "reason") return ""; // the code of a line that says it in words
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return day(value);
  return /^\d{4}-\d\d-\d\dT/.test(value) ? moment(value) : String(value);
}

// Ids that stand there by name too.
const NAMED = { task: "title", procedure: "title", answer: "text" };

const said = (detail) => Object.entries(detail).filter(([name]) => !detail[NAMED[name]]).map(([name, value]) => shown(name, value)).filter(Boolean).join(" · ");

export const Story = ({ case: one }) => html`
  <section class="card story"><h2>${t("办理过程", "What happened")}</h2>
    <ol>${[...one.timeline].reverse().map((each, index) => html`
      <li key=${index}><strong>${caseEvent(each.event)}</strong> <span class="quiet">${byName(each.by)}${each.officer && ` ${each.officer}`} · ${moment(each.at)}</span>
        ${said(each.detail) && html`<p>${said(each.detail)}</p>`}</li>`)}</ol>
  </section>`;
Story.props = ["case"];
