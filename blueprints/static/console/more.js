// Rooms that are there only where the hub answers for them: data sharing, the ledger, flow.
import { html, onMounted, onUnmounted, reactive, ref, shallowRef, watch } from "../shared/html.js";
import { ElAlert, ElButton, ElInput } from "/vendor/elements.js";
import { get, session } from "../shared/api.js";
import { useEvery } from "../shared/lists.js";
import { moment, t } from "../shared/words.js";

const PATHS = {
  sharing: "/api/v1/data/statistics",
  ledger: "/api/v1/ledger/checkpoint",
  flow: "/api/v1/flow/communities/360423001?bucket=5m",
};

export const present = reactive({ sharing: false, ledger: false, flow: false });

// 404 and 403 hide a room; whoever asks is somebody else after each sign-in.
watch(() => session.me?.staff_id, (id) => {
  for (const name of Object.keys(PATHS)) {
    present[name] = false;
    if (id) get(PATHS[name]).then(() => (present[name] = true), () => null);
  }
}, { immediate: true });

function useAnswer(path, seconds) {
  const seen = reactive({ problem: "" });
  const found = shallowRef(null);
  async function ask() {
    try {
      found.value = await get(typeof path === "function" ? path() : path);
      seen.problem = "";
    } catch (problem) {
      seen.problem = problem.sentence || String(problem);
    }
  }
  useEvery(seconds, ask);
  return { seen, found, ask };
}

const problem = (seen) => seen.problem && html`<${ElAlert} type="error" closable=${false} title=${seen.problem} />`;
const cell = (value) => (value && typeof value === "object" ? JSON.stringify(value) : String(value ?? "–"));

// Whatever the hub counts, as it names it.
function figures(found) {
  const rows = found.items || [];
  const single = Object.entries(found).filter(([, value]) => !Array.isArray(value) && typeof value !== "object");
  const columns = rows.length ? Object.keys(rows[0]) : [];
  return html`
    ${single.length > 0 && html`<dl class="facts">${single.map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${cell(value)}</dd>`)}</dl>`}
    ${rows.length > 0 && html`<div class="scroll" tabindex="0"><table class="table">
      <thead><tr>${columns.map((each) => html`<th key=${each}>${each}</th>`)}</tr></thead>
      <tbody>${rows.map((row, index) => html`<tr key=${index}>${columns.map((each) => html`<td>${cell(row[each])}</td>`)}</tr>`)}</tbody>
    </table></div>`}`;
}

export const Sharing = {
  setup() {
    const { seen, found } = useAnswer(PATHS.sharing, 15);
    return () => html`<h1>${t("数据共享", "Data sharing")}</h1>${problem(seen)}${found.value && figures(found.value)}`;
  },
};

export const LedgerRoom = {
  setup() {
    const { seen, found } = useAnswer(PATHS.ledger, 15);
    const form = reactive({ exchange: "", proof: null, problem: "" });
    async function check(event) {
      event.preventDefault();
      Object.assign(form, { proof: null, problem: "" });
      try {
        form.proof = await get(`/api/v1/ledger/proofs/${encodeURIComponent(form.exchange.trim())}`);
      } catch (refused) {
        form.problem = refused.sentence || String(refused);
      }
    }
    return () => html`
      <h1>${t("存证账本", "Ledger")}</h1>
      ${problem(seen)}${found.value && figures(found.value)}
      <h2>${t("存在性证明", "Proof of one entry")}</h2>
      <form class="bar" onSubmit=${check}>
        <${ElInput} modelValue=${form.exchange} onUpdate:modelValue=${(value) => (form.exchange = value)} placeholder=${t("交换编号", "Exchange id")} aria-label=${t("交换编号", "Exchange id")} />
        <${ElButton} type="primary" nativeType="submit" disabled=${!form.exchange.trim()}>${t("取证明", "Get the proof")}<//>
      </form>
      ${problem(form)}
      ${form.proof && html`<pre class="files" tabindex="0">${JSON.stringify(form.proof, null, 2)}</pre>`}`;
  },
};

export const Flow = {
  setup() {
    const asked = reactive({ region: "360423001" });
    const { seen, found, ask } = useAnswer(() => `/api/v1/flow/communities/${encodeURIComponent(asked.region.trim())}?bucket=5m`, 10);
    const box = ref(null);
    let chart = null;
    const buckets = () => found.value?.items || [];
    function draw() {
      const items = buckets();
      const bars = (name, color) => ({ name, type: "bar", data: items.map((each) => each[name] ?? null), itemStyle: { color } });
      chart?.setOption({
        animation: false, grid: { left: 45, right: 10, top: 14, bottom: 28 }, yAxis: { type: "value" },
        xAxis: { type: "category", data: items.map((each) => moment(each.at).slice(-5)) },
        series: [bars("in", "#07623d"), bars("out", "#b45f06")],
      });
    }
    let gone = false;
    onMounted(async () => {
      const { init } = await import("/vendor/charts.js");
      if (gone) return;
      chart = init(box.value, null, { renderer: "svg" });
      draw();
    });
    onUnmounted(() => {
      gone = true;
      chart?.dispose();
    });
    watch(found, draw);
    return () => html`
      <h1>${t("人员流动", "Flow")}</h1>
      <form class="bar" onSubmit=${(event) => (event.preventDefault(), ask())}>
        <${ElInput} modelValue=${asked.region} onUpdate:modelValue=${(value) => (asked.region = value)} aria-label=${t("社区区划代码", "Region code of the community")} />
        <${ElButton} type="primary" nativeType="submit">${t("查看", "Show")}<//>
      </form>
      ${problem(seen)}
      <div ref=${box} class="chart" role="img" aria-label=${t("每 5 分钟进出人数", "In and out per 5 minutes")}></div>
      <p class="row quiet"><span class="key">${t("进", "in")}</span><span class="key p95">${t("出", "out")}</span></p>
      ${found.value && html`<p>${t("现在在内", "Inside now")} <strong>${found.value.present ?? "–"}</strong></p>`}
      <p class="quiet">${t("人数太少的时段不显示。", "Groups too small are hidden.")}</p>`;
  },
};
