// How states are called, and departments.
import { useNames } from "../shared/naming.js";
import { inLanguage, t } from "../shared/words.js";

export const STATES = ["works", "contacted_unproven", "failing", "off"];

export const stateName = (state) =>
  ({
    works: t("正常", "Works"),
    contacted_unproven: t("已连通，未证实", "Contacted, unproven"),
    failing: t("故障", "Failing"),
    off: t("已关闭", "Off"),
    degraded: t("与约定不符", "Not as agreed"),
    announced: t("已预告", "Announced"),
    expired: t("已到期", "Expired"),
  })[state] || state;

export const breakerName = (state) =>
  ({ closed: t("闭合（放行）", "Closed"), open: t("断开（拦截）", "Open"), half_open: t("试探中", "Half open") })[state] || state || "–";

export const statusName = (status) =>
  ({
    open: t("开放", "Open"),
    closed: t("已停用", "Closed"),
    maintenance: t("维护中", "Maintenance"),
    limited: t("部分开放", "Limited"),
  })[status] || status || "–";

export const statusKind = (status) => ({ open: "good", limited: "warn", maintenance: "warn", closed: "bad" })[status] || "";

export const jobName = (status) =>
  ({ waiting: t("等待", "Waiting"), running: t("运行中", "Running"), failed: t("失败", "Failed"), cancelled: t("已取消", "Cancelled") })[status] || status;

export const departmentName = useNames([["/api/v1/departments", "id"]]);

const systems = useNames([["/ops/v1/systems", "id", "system.read"]]);

/** What its folder calls a system; the department's name where it says nothing, and its id where nobody may know. */
export const systemName = (system) => inLanguage(system.name) || departmentName(system.id);
export const nameOfSystem = (id) => (systems(id) === id ? departmentName(id) : systems(id));
