// Traffic lights of every system, live; one of them in full beside the list.
import { computed, html, reactive } from "../shared/html.js";
import { ElButton, ElDrawer, ElInput } from "/vendor/elements.js";
import { trouble, useAnswer } from "../shared/answers.js";
import { get } from "../shared/api.js";
import { clock, t } from "../shared/words.js";
import { go, place } from "../shared/office.js";
import { table } from "../shared/table.js";
import { breakerName, stateName, STATES, statusKind, statusName, systemName } from "./names.js";
import { remember } from "./speed.js";
import { System } from "./system.js";

const EVERY_S = 3;

export const Light = ({ state }) => html`<span class=${`light ${state}`}>${stateName(state)}</span>`;
Light.props = ["state"];

export const figure = (value) => (value === null || value === undefined ? "–" : `${Math.round(value)} ms`);

export const Systems = {
  setup() {
    const seen = reactive({ wanted: "" });
    const { seen: asked, found, ask } = useAnswer(async () => {
      const { items } = await get("/ops/v1/systems");
      items.forEach(remember);
      return items;
    }, EVERY_S);
    const systems = computed(() => found.value || []);
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
      ${trouble(asked)}
      <div class="lights">
        ${STATES.map((state) => html`<div class="card" key=${state}><strong>${counted(state)}</strong><${Light} state=${state} /></div>`)}
      </div>
      <div class="bar">
        <${ElInput} modelValue=${seen.wanted} onUpdate:modelValue=${(text) => (seen.wanted = text)} clearable
          placeholder=${t("按名称查找系统", "Find a system by name")} aria-label=${t("按名称查找系统", "Find a system by name")} />
      </div>
      ${found.value && list(shown.value)}
      <${ElDrawer} modelValue=${Boolean(chosen())} size="min(760px, 100%)" title=${chosen() ? systemName(chosen()) : ""}
        onClose=${() => go("systems")} destroyOnClose>
        ${{ default: () => chosen() && html`<${System} key=${chosen().id} system=${chosen()} onChanged=${ask} />` }}
      <//>`;
  },
};

const rank = (each) => ["failing", "off", "contacted_unproven", "works"].indexOf(each.health.state);

function list(items) {
  if (!items.length) return html`<p class="quiet">${t("没有找到。", "Nothing found.")}</p>`;
  const heads = [t("系统", "System"), t("状态", "State"), t("开关", "Switch"), t("熔断器", "Breaker"), "p50", "p95", t("在途", "In flight"), t("最近成功", "Last good"), t("操作", "Act")];
  return table(heads, items.map(({ health, ...row }) => ({
    key: row.id,
    class: "chosen",
    onClick: () => go("systems", row.id),
    cells: [
      html`${systemName(row)}<br /><code class="quiet">${row.id}</code>`, html`<${Light} state=${health.state} />`,
      html`<span class=${`tag ${statusKind(row.status)}`}>${row.not_started ? t("未启动", "Not started") : statusName(row.status)}</span>`, breakerName(health.breaker),
      figure(health.p50_ms), figure(health.p95_ms), health.in_flight ?? "–", clock(health.last_good_at),
      html`<${ElButton} link type="primary" aria-label=${`${t("查看", "Open")} ${row.id}`}>${t("查看", "Open")}<//>`,
    ],
  })), "headed dense");
}
