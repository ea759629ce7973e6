// What happened to a case, line by line, with the clock as it stood.
import { html } from "../shared/html.js";
import { moment, t } from "../shared/words.js";

const eventName = (event) =>
  ({
    received: t("提交", "Received"), picked_up: t("接办", "Picked up"), accepted: t("受理", "Accepted"), accepted_by_silence: t("逾期视为受理", "Accepted by silence"),
    correction_requested: t("一次性告知补正", "Correction requested"), corrected: t("已补正", "Corrected"), accepted_on_promise: t("容缺受理", "Accepted on promise"),
    paused: t("进入特别程序", "Paused"), resumed: t("恢复计时", "Resumed"), decided: t("作出决定", "Decided"), undone: t("决定被撤回", "Decision undone"),
    reassigned: t("转他人办理", "Reassigned"), message: t("留言", "Message"), withdrawn: t("撤回", "Withdrawn"), card: t("亮牌", "Card"), rated: t("评价", "Rated"),
    delivered_to_department: t("送达部门", "Delivered to the department"), task_done: t("社区已核实", "Community confirmed"),
  })[event] || event;

const byName = (by) =>
  ({ applicant: t("申请人", "Applicant"), officer: t("经办人", "Officer"), community: t("社区", "Community"), department: t("部门", "Department"), hub: t("系统", "Hub") })[by] || by;

const said = (detail) => Object.entries(detail)
  .map(([name, value]) => (name === "items" ? value.map((each) => each.message).join("；") : typeof value === "object" ? "" : String(value)))
  .filter(Boolean).join(" · ");

export const Story = ({ case: one }) => html`
  <section class="card story"><h2>${t("办理过程", "What happened")}</h2>
    <ol>${[...one.timeline].reverse().map((each, index) => html`
      <li key=${index}><strong>${eventName(each.event)}</strong> <span class="quiet">${byName(each.by)}${each.officer && ` ${each.officer}`} · ${moment(each.at)}</span>
        ${said(each.detail) && html`<p>${said(each.detail)}</p>`}</li>`)}</ol>
  </section>`;
Story.props = ["case"];
