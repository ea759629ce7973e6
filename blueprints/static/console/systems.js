// Traffic lights of every system, live; one of them in full beside the list.
import { computed, html, reactive, shallowRef } from "../shared/html.js";
import { ElAlert, ElButton, ElDrawer, ElInput, ElTable, ElTableColumn } from "/vendor/elements.js";
import { get } from "../shared/api.js";
import { useEvery } from "../shared/lists.js";
import { clock, t } from "../shared/words.js";
import { go, place } from "../shared/office.js";
import { breakerName, learnNames, stateName, STATES, statusKind, statusName, systemName } from "./names.js";
import { remember } from "./speed.js";
import { System } from "./system.js";

const EVERY_S = 3;

export const Light = ({ state }) => html`<span class=${`light ${state}`}>${stateName(state)}</span>`;
Light.props = ["state"];

export const figure = (value) => (value === null || value === undefined ? "–" : `${Math.round(value)} ms`);

export const Systems = {
  setup() {
    const seen = reactive({ problem: "", wanted: "" });
    const systems = shallowRef([]);
    learnNames();
    async function look() {
      try {
        systems.value = (await get("/ops/v1/systems")).items;
        systems.value.forEach(remember);
        seen.problem = "";
      } catch (problem) {
        seen.problem = problem.sentence || String(problem);
      }
    }
    useEvery(EVERY_S, look);
    const shown = computed(() => {
      const wanted = seen.wanted.trim().toLowerCase();
      const found = systems.value.filter((each) => !wanted || `${each.id} ${systemName(each)}`.toLowerCase().includes(wanted));
      return found.sort((one, other) => rank(one) - rank(other) || one.id.localeCompare(other.id));
    });
    const counted = (state) => systems.value.filter((each) => each.health.state === state).length;
    const chosen = () => (place()[0] === "systems" ? systems.value.find((each) => each.id === place()[1]) : null);
    return () => html`
      <h1>${t("系统状态", "Systems")}</h1>
      <p class="quiet">${t("每 3 秒更新；数字为应答的那个工作进程所见。", "Updated every 3 seconds; figures as the worker sees them that answers.")}</p>
      ${seen.problem && html`<${ElAlert} type="error" closable=${false} title=${seen.problem} />`}
      <div class="lights">
        ${STATES.map((state) => html`<div class="card" key=${state}><strong>${counted(state)}</strong><${Light} state=${state} /></div>`)}
      </div>
      <div class="bar">
        <${ElInput} modelValue=${seen.wanted} onUpdate:modelValue=${(text) => (seen.wanted = text)} clearable
          placeholder=${t("按名称查找系统", "Find a system by name")} aria-label=${t("按名称查找系统", "Find a system by name")} />
      </div>
      ${list(shown.value)}
      <${ElDrawer} modelValue=${Boolean(chosen())} size="min(760px, 100%)" title=${chosen() ? systemName(chosen()) : ""}
        onClose=${() => go("systems")} destroyOnClose>
        ${{ default: () => chosen() && html`<${System} key=${chosen().id} system=${chosen()} onChanged=${look} />` }}
      <//>`;
  },
};

const rank = (each) => ["failing", "off", "contacted_unproven", "works"].indexOf(each.health.state);

const column = (label, cell, more = {}) => html`<${ElTableColumn} key=${label} label=${label} ...${more}>${{ default: ({ row }) => cell(row) }}<//>`;

function list(items) {
  return html`
    <${ElTable} data=${items} rowKey="id" emptyText=${t("没有系统", "No system")} onRowClick=${(row) => go("systems", row.id)}>
      ${column(t("状态", "State"), (row) => html`<${Light} state=${row.health.state} />`, { minWidth: 155 })}
      ${column(t("系统", "System"), (row) => html`<div>${systemName(row)}</div><code class="quiet">${row.id}</code>`, { minWidth: 250 })}
      ${column(t("开关", "Switch"), (row) => html`<span class=${`tag ${statusKind(row.status)}`}>${row.not_started ? t("未启动", "Not started") : statusName(row.status)}</span>`, { minWidth: 105 })}
      ${column(t("熔断器", "Breaker"), (row) => breakerName(row.health.breaker), { minWidth: 125 })}
      ${column("p50", (row) => figure(row.health.p50_ms), { minWidth: 85, align: "right" })}
      ${column("p95", (row) => figure(row.health.p95_ms), { minWidth: 85, align: "right" })}
      ${column(t("在途", "In flight"), (row) => row.health.in_flight ?? "–", { minWidth: 85, align: "right" })}
      ${column(t("最近成功", "Last good"), (row) => clock(row.health.last_good_at), { minWidth: 105 })}
      ${column(t("操作", "Act"), (row) => html`<${ElButton} link type="primary" aria-label=${`${t("查看", "Open")} ${row.id}`} onClick=${() => go("systems", row.id)}>${t("查看", "Open")}<//>`, { width: 85 })}
    <//>`;
}
