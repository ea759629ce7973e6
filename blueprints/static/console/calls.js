// What failed last, of every system; and one request with each leg it took, by the number the citizen quotes.
import { computed, html, reactive, shallowRef, watch } from "../shared/html.js";
import { ElButton, ElInput } from "/vendor/elements.js";
import { done, trouble } from "../shared/answers.js";
import { call, get, may, tried } from "../shared/api.js";
import { useEvery } from "../shared/lists.js";
import { moment, t } from "../shared/words.js";
import { go, place } from "../shared/office.js";
import { nameOfSystem } from "./names.js";
import { Reasoned } from "../shared/reasoned.js";

const MOST = 20;
const TRACE = /^[0-9a-f]{32}$/;

export const Calls = {
  setup() {
    const seen = reactive({ trace: "", found: null, problem: "", told: "" });
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
    const rerun = (leg, reason) =>
      tried(seen, async () => {
        const outcome = await call("POST", `/ops/v1/legs/${leg.id}/rerun`, { reason });
        seen.told = `${t("已重问：", "Asked again: ")}${outcome.code || outcome.outcome || "OK"}`;
      });
    const wanted = () => t("追踪号（32 位）", "Trace number (32 characters)");
    return () => html`
      <h1>${t("失败与追踪", "Failures and traces")}</h1>
      <form class="bar" onSubmit=${search}>
        <${ElInput} modelValue=${seen.trace} onUpdate:modelValue=${(value) => (seen.trace = value)} placeholder=${wanted()} aria-label=${wanted()} maxlength="32" />
        <${ElButton} type="primary" nativeType="submit" disabled=${!TRACE.test(typed())}>${t("查找", "Find")}<//>
      </form>
      ${trouble(seen)}
      ${done(seen.told)}
      ${seen.found && legs(seen, rerun)}
      <h2>${t(`最近 ${MOST} 次失败`, `Last ${MOST} failures`)}</h2>
      ${!failures.value.length && html`<p class="quiet">${t("没有失败。", "No failure.")}</p>`}
      ${failures.value.length > 0 && table(failures.value)}`;
  },
};

const table = (items) => html`
  <div class="scroll" tabindex="0"><table class="table">
    <thead><tr><th>${t("时间", "Time")}</th><th>${t("系统", "System")}</th><th>${t("操作", "Operation")}</th><th>${t("结果", "Code")}</th><th>${t("追踪号", "Trace")}</th></tr></thead>
    <tbody>${items.map((each) => html`<tr key=${each.trace_id + each.at}>
      <td>${moment(each.at)}</td><td>${nameOfSystem(each.system)}</td><td><code>${each.operation}</code></td><td><code>${each.code}</code></td>
      <td><${ElButton} link type="primary" aria-label=${`${t("追踪", "Trace")} ${each.trace_id}`} onClick=${() => go("calls", each.trace_id)}><code>${each.trace_id}</code><//></td></tr>`)}</tbody>
  </table></div>`;

const took = (from, to) => (from && to ? `${Date.parse(to) - Date.parse(from)} ms` : "–");

function legs({ found }, rerun) {
  if (!found.items.length && !found.legs.length) return html`<p class="told">${t("没有这个追踪号的调用。", "No call has this number.")}</p>`;
  return html`
    <h2>${t("每一段", "Each leg")}</h2>
    ${found.items.map((leg) => html`
      <section class="card leg" key=${leg.id}>
        <div class="row apart"><strong>${leg.service} → ${nameOfSystem(leg.system)} <code>${leg.operation}</code></strong>
          <span class=${`tag ${leg.outcome === "OK" ? "good" : "bad"}`}>${leg.outcome}</span></div>
        <dl class="facts">
          <dt>${t("收到请求", "Request in")}</dt><dd>${moment(leg.request_in_at)}</dd>
          <dt>${t("转给部门", "Request out")}</dt><dd>${moment(leg.request_out_at)} · +${took(leg.request_in_at, leg.request_out_at)}</dd>
          <dt>${t("部门答复", "Response in")}</dt><dd>${moment(leg.response_in_at)} · +${took(leg.request_out_at, leg.response_in_at)}</dd>
          <dt>${t("答复群众", "Response out")}</dt><dd>${moment(leg.response_out_at)} · ${t("共", "in all")} ${took(leg.request_in_at, leg.response_out_at)}</dd>
          <dt>${t("来源", "Origin")}</dt><dd><code>${leg.origin || "–"}</code></dd>
        </dl>
      </section>`)}
    ${found.legs.map((leg) => html`
      <section class="card leg" key=${leg.id}>
        <div class="row apart"><strong>${t("留存的问答", "Kept leg")} · ${leg.operation}</strong><span class="tag">${leg.state}</span></div>
        <p><code>${leg.outcome}</code> · ${t("保留到", "kept until")} ${moment(leg.keep_until)}</p>
        ${may("leg.rerun") && leg.kind === "read" && html`<${Reasoned} label=${t("再问一次", "Ask again")} onGiven=${(reason) => rerun(leg, reason)} />`}
      </section>`)}`;
}
