// Every service with its switch; one of them in full beside the list.
import { computed, html, reactive } from "../shared/html.js";
import { ElButton, ElDrawer, ElInput, ElOption, ElSelect } from "/vendor/elements.js";
import { trouble, useAnswer } from "../shared/answers.js";
import { get } from "../shared/api.js";
import { inLanguage, t } from "../shared/words.js";
import { go, place } from "../shared/office.js";
import { table } from "../shared/table.js";
import { departmentName, nameOfSystem, stateName, statusKind, statusName } from "./names.js";
import { Switching } from "./switching.js";

const EVERY_S = 5;

export const Services = {
  setup() {
    const seen = reactive({ wanted: "", status: "" });
    const { seen: asked, found, ask } = useAnswer(async () => (await get("/ops/v1/services")).items, EVERY_S);
    const services = computed(() => found.value || []);
    const text = (each) => `${each.id} ${each.title.zh} ${each.title.en || ""} ${departmentName(each.department)}`.toLowerCase();
    const shown = computed(() => {
      const wanted = seen.wanted.trim().toLowerCase();
      return services.value.filter((each) => text(each).includes(wanted) && (!seen.status || each.status === seen.status));
    });
    const chosen = () => (place()[0] === "services" ? services.value.find((each) => each.id === place()[1]) : null);
    const wantedName = () => t("按名称或部门查找服务", "Find a service by name or department");
    return () => html`
      <h1>${t("服务开关", "Services")}</h1>
      <p class="quiet">${t("改动一秒内在所有工作进程生效；停用的服务连同公告仍然列出。", "A change is in force on every worker within a second; closed services stay listed with their notice.")}</p>
      ${trouble(asked)}
      <div class="bar">
        <${ElInput} modelValue=${seen.wanted} onUpdate:modelValue=${(value) => (seen.wanted = value)} clearable placeholder=${wantedName()} aria-label=${wantedName()} />
        <${ElSelect} modelValue=${seen.status} onUpdate:modelValue=${(value) => (seen.status = value)} aria-label=${t("状态", "State")} placeholder=${t("全部状态", "Every state")}>
          <${ElOption} value="" label=${t("全部状态", "Every state")} />
          ${["open", "limited", "maintenance", "closed"].map((each) => html`<${ElOption} key=${each} value=${each} label=${statusName(each)} />`)}
        <//>
        <span class="quiet">${t(`共 ${shown.value.length} 项`, `${shown.value.length} services`)}</span>
      </div>
      ${found.value && list(shown.value)}
      <${ElDrawer} modelValue=${Boolean(chosen())} size="min(860px, 100%)" title=${chosen() ? inLanguage(chosen().title) : ""}
        onClose=${() => go("services")} destroyOnClose>
        ${{ default: () => chosen() && html`${facts(chosen())}<${Switching} key=${chosen().id} kind="service" item=${chosen()} onChanged=${ask} />` }}
      <//>`;
  },
};

function list(items) {
  if (!items.length) return html`<p class="quiet">${t("没有找到。", "Nothing found.")}</p>`;
  return table([t("服务", "Service"), t("部门", "Department"), t("状态", "State"), t("公告", "Notice"), t("来源", "Source"), t("操作", "Act")], items.map((row) => ({
    key: row.id,
    class: "chosen",
    onClick: () => go("services", row.id),
    cells: [
      html`${inLanguage(row.title)}<br /><code class="quiet">${row.id}</code>`, departmentName(row.department),
      html`<span class=${`tag ${statusKind(row.status)}`}>${statusName(row.status)}</span>`, inLanguage(row.shown_notice) || "–",
      row.override ? t("临时覆盖", "Override") : t("配置文件", "File"),
      html`<${ElButton} link type="primary" aria-label=${`${t("调整", "Change")} ${row.id}`}>${t("调整", "Change")}<//>`,
    ],
  })), "headed");
}

function facts(service) {
  return html`
    <dl class="facts">
      <dt>${t("编号", "Id")}</dt><dd><code>${service.id}</code></dd>
      <dt>${t("部门", "Department")}</dt><dd>${departmentName(service.department)}</dd>
      <dt>${t("状态", "State")}</dt><dd><span class=${`tag ${statusKind(service.status)}`}>${statusName(service.status)}</span></dd>
      <dt>${t("背后的系统", "System behind it")}</dt><dd>${service.system ? nameOfSystem(service.system) : html`<code>${service.parts.join(", ") || "–"}</code>`}</dd>
      ${service.people && html`<dt>${t("模拟居民所见", "Synthetic citizen found")}</dt><dd>${stateName(service.people.state)} <code>${service.people.code}</code></dd>`}
    </dl>
    <details><summary>${t("每个值从哪里来", "Where each value comes from")}</summary><dl class="facts">
      ${Object.entries(service.source || {}).map(([name, from]) => html`<dt key=${name}><code>${name}</code></dt><dd>${from === "override" ? t("临时覆盖", "override") : html`<code>${from}</code>`}</dd>`)}
    </dl></details>`;
}
