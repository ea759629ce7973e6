// One system in full: health, what failed last, what the rounds found, its switch, and in the demo its drills.
import { html, reactive } from "../shared/html.js";
import { ElButton } from "/vendor/elements.js";
import { trouble } from "../shared/answers.js";
import { call, get, may, tried } from "../shared/api.js";
import { table } from "../shared/table.js";
import { day, moment, t } from "../shared/words.js";
import { go } from "../shared/office.js";
import { breakerName, nameOfService, outcome, stateName, statusName } from "./names.js";
import { Speed } from "./speed.js";
import { figure, Light } from "./systems.js";
import { Switching } from "./switching.js";

export const System = {
  props: { system: Object },
  emits: ["changed"],
  setup(props, { emit }) {
    return () => {
      const { system } = props;
      if (system.not_started) {
        return html`<p class="problem">${t("系统没有启动：", "The system did not start: ")}<code>${system.not_started}</code></p>`;
      }
      return html`
        ${facts(system)}
        <${Speed} system=${system.id} />
        <${Drills} system=${system.id} />
        ${failures(system.health.last_failures || [])}
        ${rounds(system)}
        ${may("switch.read") && html`<${Switching} kind="system" item=${system} onChanged=${() => emit("changed")} />`}`;
    };
  },
};

function facts({ health, status, limits }) {
  return html`
    <dl class="facts">
      <dt>${t("状态", "State")}</dt><dd><${Light} state=${health.state} /></dd>
      <dt>${t("开关", "Switch")}</dt><dd>${statusName(status)}</dd>
      <dt>${t("熔断器", "Breaker")}</dt><dd>${breakerName(health.breaker)}</dd>
      <dt>p50 / p95</dt><dd>${figure(health.p50_ms)} / ${figure(health.p95_ms)}</dd>
      <dt>${t("在途请求", "In flight")}</dt><dd>${health.in_flight} / ${limits?.cap ?? "–"}</dd>
      <dt>${t("最近成功", "Last good")}</dt><dd>${moment(health.last_good_at)}</dd>
      ${health.denied && html`<dt>${t("凭据", "Credentials")}</dt><dd><span class="tag bad">${t("被部门拒绝", "Refused by the department")}</span></dd>`}
    </dl>`;
}

function failures(items) {
  return html`
    <h2>${t("最近的失败", "Last failures")}</h2>
    ${!items.length && html`<p class="quiet">${t("没有", "None")}</p>`}
    ${items.length > 0 && table([t("时间", "Time"), t("操作", "Operation"), t("结果", "Outcome"), t("追踪号", "Trace")], items.map((each) => ({
      key: each.trace_id + each.at,
      cells: [
        moment(each.at), html`<code>${each.operation}</code>`, outcome(each.code),
        html`<${ElButton} link type="primary" aria-label=${`${t("追踪", "Trace")} ${each.trace_id}`} onClick=${() => go("calls", each.trace_id)}>${each.trace_id.slice(0, 8)}…<//>`,
      ],
    })))}`;
}

function rounds({ people = [], contract, deliveries = [], expiries = [] }) {
  const told = [
    ...people.map((each) => [t("模拟居民", "Synthetic citizen"), nameOfService(each.service), stateName(each.state), each.code, moment(each.checked_at)]),
    ...(contract ? [[t("契约探测", "Contract probe"), "", stateName(contract.state), contract.code, moment(contract.checked_at)]] : []),
    ...deliveries.map((each) => [t("来件", "Delivery"), each.what, stateName(each.state), each.code, moment(each.checked_at)]),
    ...expiries.map((each) => [t("到期", "Expiry"), each.what, stateName(each.state), each.code, day(each.until)]),
  ];
  return told.length > 0 && html`
    <h2>${t("巡检所见", "What the rounds found")}</h2>
    ${table([t("谁看的", "What looked"), t("看什么", "At what"), t("结果", "State"), t("代码", "Code"), t("时间", "Time")], told.map((cells, key) => ({ key, cells })))}`;
}

const illness = (name) =>
  ({ hang: t("挂起不答", "Hang"), slow: t("慢 2 秒", "2 s slower"), garbage: t("答乱码", "Garbage"), down: t("拒绝连接", "Down") })[name] || name;

const known = reactive({ asked: false, systems: [], illnesses: [] });

async function learn() {
  if (known.asked) return;
  known.asked = true;
  Object.assign(known, await get("/ops/v1/drills").catch(() => ({})));
}

const Drills = {
  props: { system: String },
  setup(props) {
    const said = reactive({ told: "", problem: "" });
    learn();
    const act = (method, body, text) =>
      tried(said, async () => {
        await call(method, `/ops/v1/drills/${props.system}`, body);
        said.told = text;
      });
    return () => known.systems.includes(props.system) && may("switch.write") && html`
      <section class="card drills">
        <h2>${t("演练（仅演示县）", "Drill (demo county only)")}</h2>
        <p class="quiet">${t("让这个模拟部门生病，看全县其他服务是否照常。", "Make this simulated department ill and watch the rest of the county not notice.")}</p>
        <div class="row">
          ${known.illnesses.map((each) => html`<${ElButton} key=${each} onClick=${() => act("PUT", { illness: each }, `${illness(each)} ✓`)}>${illness(each)}<//>`)}
          <${ElButton} type="primary" onClick=${() => act("DELETE", undefined, t("已恢复", "Well again"))}>${t("恢复健康", "Heal")}<//>
        </div>
        ${said.told && html`<p class="told" role="status">${said.told}</p>`}
        ${trouble(said)}
      </section>`;
  },
};
