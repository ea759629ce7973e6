// How states are called, what comes of a call, and departments.
import { html } from "../shared/html.js";
import { officeName, useNames } from "../shared/naming.js";
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

export const legName = (state) =>
  ({
    inflight: t("在途", "On its way"), answered: t("已答复", "Answered"), rejected: t("部门不予", "Turned down"), failed: t("失败", "Failed"), unknown: t("结果不明", "Unknown"),
  })[state] || state;

export const outcomeName = (code) =>
  ({
    OK: t("成功", "Good"), DEPARTMENT_BUSY: t("部门系统繁忙", "Department busy"), DEPARTMENT_DENIED: t("凭据被拒", "Credentials refused"),
    DEPARTMENT_REJECTED: t("部门不予", "Turned down by the department"), DEPARTMENT_TIMEOUT: t("部门超时未答", "Department too slow"),
    DEPARTMENT_UNAVAILABLE: t("部门系统不可用", "Department unavailable"), UPSTREAM_CHARSET: t("答复乱码", "Answer garbled"), UPSTREAM_CONFLICT: t("答复自相矛盾", "Answer contradicts itself"),
    UPSTREAM_MALFORMED: t("答复格式不对", "Answer malformed"), UPSTREAM_REDIRECT: t("答复指向别处", "Answer points elsewhere"), UPSTREAM_SESSION: t("会话失效", "Session lost"),
    UPSTREAM_SUBJECT_MISMATCH: t("答的是别人", "Answer about somebody else"), UPSTREAM_TLS: t("安全连接失败", "Secure connection failed"), UPSTREAM_TOO_LARGE: t("答复过大", "Answer too large"),
    UPSTREAM_TRUNCATED: t("答复不完整", "Answer cut short"), UPSTREAM_UNSAFE_XML: t("答复不安全", "Answer unsafe"),
  })[code] || code || "–";

/** In words, where there are any, with the code that is looked for in the records. */
export const withCode = (told, code) => (told && told !== code ? html`${told}<br /><code class="quiet">${code}</code>` : html`<code>${code}</code>`);

export const outcome = (code) => withCode(outcomeName(code), code);

export function originName(origin) {
  const [kind, id] = (origin || "").split(":");
  if (kind === "department") return `${t("部门系统", "The department")} · ${nameOfSystem(id)}`;
  return { citizen: t("申请人", "The citizen"), hub: t("本系统", "This hub"), peer: `${t("对端", "A peer")} ${id}` }[kind] || origin || "–";
}

export const departmentName = officeName;

const services = useNames([["/ops/v1/services", "id", "service.read"]], "title");
export const nameOfService = (id) => services(id);

const systems = useNames([["/ops/v1/systems", "id", "system.read"]]);

/** What its folder calls a system; the department's name where it says nothing, and its id where nobody may know. */
export const systemName = (system) => inLanguage(system.name) || departmentName(system.id);
export const nameOfSystem = (id) => (systems(id) === id ? departmentName(id) : systems(id));
