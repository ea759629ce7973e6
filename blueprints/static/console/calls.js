// What failed last, of every system; and one request with each leg it took, by the number the citizen quotes.
import { computed, html, reactive, shallowRef, watch } from "../shared/html.js";
import { ElButton, ElInput } from "/vendor/elements.js";
import { trouble } from "../shared/answers.js";
import { get, may, tried } from "../shared/api.js";
import { useEvery } from "../shared/lists.js";
import { table } from "../shared/table.js";
import { moment, t } from "../shared/words.js";
import { go, place } from "../shared/office.js";
import { Legs } from "./legs.js";
import { nameOfSystem, outcome } from "./names.js";

const MOST = 20;
const TRACE = /^[0-9a-f]{32}$/;

export const Calls = {
  setup() {
    const seen = reactive({ trace: "", found: null, problem: "" });
    const failures = shallowRef([]);
    useEvery(5, async () => {
      if (!may("system.read")) return;
      const systems = (await get("/ops/v1/systems").catch(() => ({ items: [] }))).items;
      const all = systems.flatMap((each) => (each.health.last_failures || []).map((failure) => ({ ...failure, system: each.id })));
      failures.value = all.sort((one, other) => other.at.localeCompare(one.at)).slice(0, MOST);
    });
    async function find(trace) {
      seen.found = null;
      await tried(seen, async () => (seen.found = await get(`/ops/v1/calls?trace_id=${trace}`)));
    }
    const asked = computed(() => (place()[0] === "calls" ? place()[1] || "" : ""));
    watch(asked, (trace) => {
      seen.trace = trace;
      if (trace) find(trace);
    }, { immediate: true });
    const typed = () => seen.trace.trim().toLowerCase();
    const search = (event) => {
      event.preventDefault();
      if (typed() === asked.value) find(typed());
      else go("calls", typed());
    };
    const wanted = () => t("追踪号（32 位）", "Trace number (32 characters)");
    return () => html`
      <h1>${t("失败与追踪", "Failures and traces")}</h1>
      <form class="bar" onSubmit=${search}>
        <${ElInput} modelValue=${seen.trace} onUpdate:modelValue=${(value) => (seen.trace = value)} placeholder=${wanted()} aria-label=${wanted()} maxlength="32" />
        <${ElButton} type="primary" nativeType="submit" disabled=${!TRACE.test(typed())}>${t("查找", "Find")}<//>
      </form>
      ${trouble(seen)}
      ${seen.found && html`<${Legs} key=${asked.value} found=${seen.found} />`}
      <h2>${t(`最近 ${MOST} 次失败`, `Last ${MOST} failures`)}</h2>
      ${!failures.value.length && html`<p class="quiet">${t("没有失败。", "No failure.")}</p>`}
      ${failures.value.length > 0 && last(failures.value)}`;
  },
};

const last = (items) => table(
  [t("时间", "Time"), t("系统", "System"), t("操作", "Operation"), t("结果", "Outcome"), t("追踪号", "Trace")],
  items.map((each) => ({
    key: each.trace_id + each.at,
    cells: [
      moment(each.at), nameOfSystem(each.system), html`<code>${each.operation}</code>`, outcome(each.code),
      html`<${ElButton} link type="primary" aria-label=${`${t("追踪", "Trace")} ${each.trace_id}`} onClick=${() => go("calls", each.trace_id)}><code>${each.trace_id}</code><//>`,
    ],
  })),
);
