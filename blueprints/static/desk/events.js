// What each line of a timeline is called: of a case, of an appeal.
import { t } from "../shared/words.js";

export const caseEvent = (event) =>
  ({
    received: t("提交", "Received"), handed_to_department: t("已发往部门系统", "Sent to the department"), read_back: t("部门系统已登记", "Registered at the department"),
    being_verified: t("正在向部门系统核实", "Being verified with the department"), with_a_person: t("转人工处理", "With a person now"),
    rejected_by_department: t("部门系统退回", "Turned back by the department"), not_acknowledged: t("部门系统尚未回应", "Not yet acknowledged"),
    delivered_to_department: t("送达部门", "Delivered to the department"), picked_up: t("接办", "Picked up"), accepted: t("受理", "Accepted"),
    accepted_by_silence: t("逾期视为受理", "Accepted by silence"), accepted_on_promise: t("容缺受理", "Accepted on promise"), made_up: t("已补交承诺材料", "Promised papers handed in"),
    make_up_overdue: t("承诺材料逾期", "Promised papers are late"), correction_requested: t("一次性告知补正", "Correction requested"), corrected: t("已补正", "Corrected"),
    paused: t("进入特别程序", "Paused"), resumed: t("恢复计时", "Resumed"), decided: t("作出决定", "Decided"), undone: t("决定被撤回", "Decision undone"),
    delivered: t("已送达", "Delivered"), reassigned: t("转他人办理", "Reassigned"), message: t("留言", "Message"), withdrawn: t("撤回", "Withdrawn"),
    warning: t("临近期限，已提醒", "Near its limit, reminded"), yellow_card: t("黄牌", "Yellow card"), red_card: t("红牌", "Red card"), escalated: t("上报督办", "Raised to the next office"),
    rated: t("评价", "Rated"), rating_verified: t("评价已核实", "Rating verified"), rating_fixed: t("问题已整改", "Put right"), rating_called_back: t("已回访", "Called back"),
    task_assigned: t("请基层核实", "Asked on the spot"), task_acknowledge: t("社区已签收", "Received by the community"), task_confirm: t("社区已核实", "Confirmed by the community"),
    task_query: t("社区有疑问", "The community asks back"), task_reply: t("已答复社区", "The community was answered"), task_withdrawn: t("社区核实已取消", "The community's task was withdrawn"),
    task_yellow: t("社区未按时核实，黄牌", "The community is late: yellow card"), task_red: t("社区未按时核实，红牌", "The community is late: red card"),
    task_raised: t("社区核实已转上一级", "The task was raised to the next office"),
  })[event] || event;

export const appealEvent = (act) =>
  ({
    received: t("收到", "Received"), forwarded: t("转办", "Passed on"), merged: t("合并", "Merged"), answered: t("答复", "Answered"), rated: t("评价", "Rated"),
    reopened: t("重新办理", "Opened again"), yellow: t("黄牌", "Yellow card"), red: t("红牌", "Red card"),
  })[act] || act;
