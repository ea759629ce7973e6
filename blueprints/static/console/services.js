// Every service with its switch; one of them in full beside the list.
import { computed, html, reactive } from "../shared/html.js";
import { ElButton, ElDrawer, ElInput, ElOption, ElSelect, ElTable } from "/vendor/elements.js";
import { trouble, useAnswer } from "../shared/answers.js";
import { get } from "../shared/api.js";
import { inLanguage, t } from "../shared/words.js";
import { go, place } from "../shared/office.js";
import { column } from "./column.js";
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
      ${list(shown.value)}
      <${ElDrawer} modelValue=${Boolean(chosen())} size="min(860px, 100%)" title=${chosen() ? inLanguage(chosen().title) : ""}
        onClose=${() => go("services")} destroyOnClose>
        ${{ default: () => chosen() && html`${facts(chosen())}<${Switching} key=${chosen().id} kind="service" item=${chosen()} onChanged=${ask} />` }}
      <//>`;
  },
};

function list(items) {
  return html`
    <${ElTable} data=${items} rowKey="id" emptyText=${t("没有找到", "Nothing found")} onRowClick=${(row) => go("services", row.id)}>
      ${column(t("服务", "Service"), (row) => html`<div>${inLanguage(row.title)}</div><code class="quiet">${row.id}</code>`, { minWidth: 230 })}
      ${column(t("部门", "Department"), (row) => departmentName(row.department), { minWidth: 160 })}
      ${column(t("状态", "State"), (row) => html`<span class=${`tag ${statusKind(row.status)}`}>${statusName(row.status)}</span>`, { minWidth: 110 })}
      ${column(t("公告", "Notice"), (row) => inLanguage(row.shown_notice) || "–", { minWidth: 200 })}
      ${column(t("来源", "Source"), (row) => (row.override ? t("临时覆盖", "Override") : t("配置文件", "File")), { minWidth: 110 })}
      ${column(t("操作", "Act"), (row) => html`<${ElButton} link type="primary" aria-label=${`${t("调整", "Change")} ${row.id}`} onClick=${() => go("services", row.id)}>${t("调整", "Change")}<//>`, { width: 104 })}
    <//>`;
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
