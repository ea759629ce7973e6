// Statistics for the bureau: who shares, who refuses, who is late, who uses; and the chimneys.
import { html, reactive } from "../shared/html.js";
import { ElButton } from "/vendor/elements.js";
import { trouble, useAnswer } from "../shared/answers.js";
import { bytes, get } from "../shared/api.js";
import { table } from "../shared/table.js";
import { moment, t } from "../shared/words.js";
import { PATHS } from "./more.js";
import { departmentName, nameOfSystem } from "./names.js";

// One question each: its columns, and what comes first.
const views = () => ({
  shares: { title: t("谁在共享", "Who shares"), by: "resources", columns: ["resources", "unconditional", "conditional", "not_shared", "published", "rights"] },
  refuses: { title: t("谁在拒绝", "Who refuses"), by: "refused", columns: ["received", "granted", "refused", "open", "not_shared"] },
  late: { title: t("谁超期", "Who is late"), by: "silent", columns: ["open", "late", "silent", "wrong", "unanswered"] },
  uses: { title: t("谁在使用", "Who uses"), by: "taken", columns: ["asked", "taken", "turned_away", "given"] },
});

const countName = (name) =>
  ({
    resources: t("目录项", "Resources"), unconditional: t("无条件共享", "Unconditional"), conditional: t("有条件共享", "Conditional"),
    not_shared: t("不予共享", "Not shared"), published: t("已接通", "Answering"), rights: t("有效授权", "Rights in force"),
    received: t("收到申请", "Received"), open: t("未办结", "Open"), granted: t("同意", "Granted"), refused: t("拒绝", "Refused"),
    late: t("现已超期", "Late now"), silent: t("累计超期次数", "Times silent"), wrong: t("数据纠错", "Told wrong"), unanswered: t("纠错逾期", "Unanswered"),
    asked: t("发出申请", "Asked"), taken: t("90 天使用", "Taken, 90 days"), turned_away: t("90 天被拒", "Turned away, 90 days"), given: t("90 天提供", "Given, 90 days"),
  })[name];

function departments(rows, view) {
  const sorted = [...rows].sort((a, b) => b[view.by] - a[view.by] || a.department.localeCompare(b.department));
  const counted = sorted.filter((row) => view.columns.some((each) => row[each]));
  if (!counted.length) return html`<p class="quiet">${t("没有。", "None.")}</p>`;
  const head = [t("部门", "Department"), ...view.columns.map(countName)];
  return table(head, counted.map((row) => ({ key: row.department, cells: [departmentName(row.department), ...view.columns.map((each) => row[each])] })), "headed figures dense");
}

function unused(rows) {
  if (!rows.length) return html`<p class="quiet">${t("没有。", "None.")}</p>`;
  return table([t("系统", "System"), t("部门", "Department"), t("数据类", "Data classes"), t("能否查询", "Can be asked")], rows.map((row) => ({ key: row.system, cells: [
    nameOfSystem(row.system), departmentName(row.department), row.resources.length,
    html`<span class=${`tag ${row.attached ? "warn" : "bad"}`}>${row.attached ? t("已接通，无人用", "Yes, nobody does") : t("未接通", "Not attached")}</span>`,
  ] })));
}

function twice(rows) {
  if (!rows.length) return html`<p class="quiet">${t("没有。", "None.")}</p>`;
  return table([t("数据", "Data"), t("部门", "Department"), t("登记的系统", "Named by its owner"), t("作答的系统", "Answers for it")], rows.map((row) => ({ key: row.resource, cells: [
    html`${row.title}<br /><code class="quiet">${row.resource}</code>`, departmentName(row.department), ...row.systems.map(nameOfSystem),
  ] })));
}

// The file needs the token, so it is no plain link.
async function download(name, seen) {
  try {
    const url = URL.createObjectURL(await bytes(`${PATHS.sharing}?format=csv&table=${name}`));
    Object.assign(document.createElement("a"), { href: url, download: `data-sharing-${name}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (refused) {
    seen.problem = refused.sentence || String(refused);
  }
}

export const Sharing = {
  setup() {
    const { seen, found } = useAnswer(() => get(PATHS.sharing), 30);
    const chosen = reactive({ view: "shares" });
    const file = (name, about) => html`<${ElButton} onClick=${() => download(name, seen)} aria-label=${`${about} CSV`}>CSV<//>`;
    const part = (name, about, shown) => html`<div class="row apart"><h2>${about}</h2>${file(name, about)}</div>${shown}`;
    return () => html`
      <h1>${t("数据共享", "Data sharing")}</h1>
      ${trouble(seen)}
      ${found.value && html`
        <p class="quiet">${t("截至", "As of")} ${moment(found.value.at)}</p>
        <div class="row apart">
          <div class="row" role="group" aria-label=${t("按部门", "By department")}>${Object.entries(views()).map(([id, view]) => html`
            <${ElButton} key=${id} type=${chosen.view === id ? "primary" : ""} aria-pressed=${String(chosen.view === id)} onClick=${() => (chosen.view = id)}>${view.title}<//>`)}</div>
          ${file("departments", t("各部门", "Departments"))}
        </div>
        ${departments(found.value.departments, views()[chosen.view])}
        ${part("unused", t("烟囱：90 天无人查询的系统", "Chimneys: systems nobody asked in 90 days"), unused(found.value.unused))}
        ${part("twice", t("重复：一类数据两个系统", "Duplicates: one class of data in two systems"), twice(found.value.twice))}`}`;
  },
};
