// One request with each leg it took; what was kept of a leg is opened, and asked again with a reason, by whoever may.
import { html, reactive } from "../shared/html.js";
import { ElButton } from "/vendor/elements.js";
import { done, trouble } from "../shared/answers.js";
import { call, get, may, tried } from "../shared/api.js";
import { Reasoned } from "../shared/reasoned.js";
import { moment, t } from "../shared/words.js";
import { legName, nameOfService, nameOfSystem, originName, outcomeName } from "./names.js";

const took = (from, to) => (from && to ? `${Date.parse(to) - Date.parse(from)} ms` : "–");

export const Legs = {
  props: { found: Object },
  setup(props) {
    const seen = reactive({ problem: "", told: "", opened: {} });
    const rerun = (leg, reason) =>
      tried(seen, async () => {
        const { code, trace_id } = await call("POST", `/ops/v1/legs/${leg.id}/rerun`, { reason });
        seen.told = `${t("已重问：", "Asked again: ")}${outcomeName(code)} · ${trace_id}`;
      });
    const open = (leg) => tried(seen, async () => (seen.opened[leg.id] = await get(`/ops/v1/legs/${leg.id}`)));
    return () => {
      const { items, legs } = props.found;
      if (!items.length && !legs.length) return html`<p class="told">${t("没有这个追踪号的调用。请核对编号；记录只保留一段时间。", "No call has this number. Check it; records are kept for a time only.")}</p>`;
      return html`
        <h2>${t("每一段", "Each leg")}</h2>
        ${trouble(seen)}
        ${done(seen.told)}
        ${items.map(passed)}
        ${legs.map((leg) => html`
          <section class="card leg" key=${leg.id}>
            <div class="row apart"><strong>${t("留存的问答", "Kept leg")} <code>${leg.operation}</code></strong><span class="tag">${legName(leg.state)}</span></div>
            <p>${leg.outcome && `${outcomeName(leg.outcome)} · `}${t("保留到", "kept until")} ${moment(leg.keep_until)}</p>
            ${seen.opened[leg.id] && said(seen.opened[leg.id])}
            <div class="row">
              ${may("leg.read") && !seen.opened[leg.id] && html`<${ElButton} onClick=${() => open(leg)}>${t("看问了什么、答了什么（会记录）", "See question and answer (recorded)")}<//>`}
              ${may("leg.rerun") && leg.kind === "read" && html`<${Reasoned} label=${t("再问一次", "Ask again")} onGiven=${(reason) => rerun(leg, reason)} />`}
            </div>
          </section>`)}`;
    };
  },
};

const passed = (leg) => html`
  <section class="card leg" key=${leg.id}>
    <div class="row apart"><strong>${nameOfService(leg.service)} → ${nameOfSystem(leg.system)} <code>${leg.operation}</code></strong>
      <span class=${`tag ${leg.outcome === "OK" ? "good" : "bad"}`}>${outcomeName(leg.outcome)}</span></div>
    <dl class="facts">
      <dt>${t("收到请求", "Request in")}</dt><dd>${moment(leg.request_in_at)}</dd>
      <dt>${t("转给部门", "Request out")}</dt><dd>${moment(leg.request_out_at)} · +${took(leg.request_in_at, leg.request_out_at)}</dd>
      <dt>${t("部门答复", "Response in")}</dt><dd>${moment(leg.response_in_at)} · +${took(leg.request_out_at, leg.response_in_at)}</dd>
      <dt>${t("答复群众", "Response out")}</dt><dd>${moment(leg.response_out_at)} · ${t("共", "in all")} ${took(leg.request_in_at, leg.response_out_at)}</dd>
      <dt>${t("由谁造成", "Brought about by")}</dt><dd>${originName(leg.origin)}</dd>
      <dt>${t("结果代码", "Code")}</dt><dd><code>${leg.outcome}</code></dd>
      <dt>${t("交换编号", "Exchange id")}</dt><dd><code>${leg.id}</code></dd>
    </dl>
  </section>`;

const shown = (title, values) => html`
  <h3>${title}</h3>
  ${!Object.keys(values).length && html`<p class="quiet">${t("没有留下。", "None was kept.")}</p>`}
  <dl class="facts">${Object.entries(values).map(([name, value]) => html`<dt key=${name}><code>${name}</code></dt><dd>${typeof value === "string" ? value : JSON.stringify(value)}</dd>`)}</dl>`;

// A sample is the answer's shape: letters are x, digits 0.
const said = ({ question, answer, samples }) => html`
  ${shown(t("问", "Question"), question)}
  ${shown(t("答", "Answer"), answer)}
  ${samples.map((each) => html`<h3>${t("答复的形状", "Shape of the answer")} · ${moment(each.kept_at)}</h3><pre class="files" tabindex="0">${each.shape}</pre>`)}`;
