// p50 and p95 as this page saw them since it was opened, drawn as a line.
import { html, onMounted, onUnmounted, ref, watch } from "../shared/html.js";
import { t } from "../shared/words.js";

const MOST = 120;
const seen = new Map();
const rounds = ref(0);

export function remember(system) {
  const kept = seen.get(system.id) || [];
  kept.push({ at: new Date().toLocaleTimeString("zh-CN", { hour12: false }), p50: system.health.p50_ms, p95: system.health.p95_ms });
  seen.set(system.id, kept.slice(-MOST));
  rounds.value += 1;
}

const line = (name, values, color) => ({
  name, type: "line", data: values, showSymbol: values.length < 3, lineStyle: { color, width: 2 }, itemStyle: { color }, animation: false,
});

export const Speed = {
  props: { system: String },
  setup(props) {
    const box = ref(null);
    let chart = null;
    let gone = false;
    function draw() {
      const kept = seen.get(props.system) || [];
      chart?.setOption({
        animation: false,
        grid: { left: 55, right: 12, top: 14, bottom: 26 },
        xAxis: { type: "category", data: kept.map((each) => each.at) },
        yAxis: { type: "value", axisLabel: { formatter: "{value} ms" }, min: 0 },
        series: [line("p50", kept.map((each) => each.p50), "#07623d"), line("p95", kept.map((each) => each.p95), "#b45f06")],
      });
    }
    onMounted(async () => {
      const { init } = await import("/vendor/charts.js");
      if (gone || !box.value) return;
      chart = init(box.value, null, { renderer: "svg" });
      draw();
    });
    watch(rounds, draw);
    onUnmounted(() => {
      gone = true;
      chart?.dispose();
    });
    const answered = () => rounds.value >= 0 && (seen.get(props.system) || []).some((each) => each.p50 !== null && each.p50 !== undefined);
    return () => html`
      ${!answered() && html`<p class="quiet">${t("还没有人经这个工作进程问过它；有了调用，这里就有曲线。", "Nobody has asked it through this worker yet; the line begins with the first call.")}</p>`}
      <div ref=${box} class="chart" role="img" aria-label=${t("p50 与 p95 随时间的变化", "p50 and p95 over time")}></div>
      <p class="row quiet"><span class="key p50">p50</span><span class="key p95">p95</span></p>`;
  },
};
