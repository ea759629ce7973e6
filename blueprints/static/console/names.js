// How states are called, and departments.
import { reactive, watch } from "../shared/html.js";
import { get, query, session } from "../shared/api.js";
import { inLanguage, language, t } from "../shared/words.js";

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

const departments = reactive({});

async function learnNames(cursor = "") {
  const found = await get(`/api/v1/departments${query({ page_size: 100, cursor })}`).catch(() => ({ items: [] }));
  for (const each of found.items) departments[each.id] = each.name;
  if (found.next_cursor) await learnNames(found.next_cursor);
}

export const departmentName = (id) => inLanguage(departments[id]) || id;

// In the language of the page, by whoever is signed in.
watch([() => session.me?.staff_id, language], ([id]) => id && learnNames(), { immediate: true });

/** What its folder calls a system; the department's name where it says nothing. */
export const systemName = (system) => inLanguage(system.name) || departmentName(system.id);
