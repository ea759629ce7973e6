// Who is looked for by order: where somebody passed a gate, or whom they met. Without order, area and time nothing is
// looked at; when the people it is about see it stands here too, for whoever may say so.
import { html, reactive } from "../shared/html.js";
import { ElAlert, ElButton, ElForm, ElFormItem, ElInput, ElOption, ElSelect } from "/vendor/elements.js";
import { trouble } from "../shared/answers.js";
import { call, get, may, tried } from "../shared/api.js";
import { placeName } from "../shared/naming.js";
import { table } from "../shared/table.js";
import { moment, t } from "../shared/words.js";

const KINDS = { trace: "trace.write", search: "flow.search" };
const kindName = (kind) => ({ trace: t("密切接触者", "Contacts"), search: t("经过哪些卡口", "Gates passed") })[kind];
const nearName = (how) => ({ same_row: t("同排", "Same row"), same_car: t("同车厢", "Same car"), same_place: t("同一场所", "Same place") })[how] || how;
const stateName = (state) => ({ open: t("待办", "Open"), queried: t("已提问", "Asked back"), done: t("已联系到", "Reached"), withdrawn: t("已撤回", "Withdrawn") })[state] || state;
const wayName = (direction) => ({ in: t("进", "In"), out: t("出", "Out") })[direction] || direction;

// What a field of the browser's own for day and time holds, as the county's clock means it.
const at = (local) => (local ? `${local}:00+08:00` : undefined);

function asked(form) {
  const common = { order_no: form.order_no.trim(), regions: form.regions, ...(form.sealed ? { sealed_until: at(`${form.sealed}T00:00`) } : {}) };
  if (form.kind === "search") return ["/api/v1/flow/searches", { ...common, id_number: form.number.trim(), since: at(form.since), until: at(form.until) }];
  return ["/api/v1/traces", { ...common, subject: form.number.trim(), from: at(form.since), to: at(form.until) }];
}

const whole = (form) => form.order_no.trim() && form.number.trim() && form.since && form.until && form.regions.length;

export const Looks = {
  setup() {
    const kinds = Object.keys(KINDS).filter((kind) => may(KINDS[kind]));
    const form = reactive({ kind: kinds[0], order_no: "", number: "", since: "", until: "", regions: [], sealed: "" });
    const seen = reactive({ problem: "", told: "", busy: false, trace: null, passed: null, orders: [] });
    // Those that are in force are offered; whoever may not read them types the number.
    const inForce = (order) => order.confirmed_at && Date.parse(order.ends_at) > Date.now();
    if (may("order.read")) get("/api/v1/desk/orders").then(({ items }) => (seen.orders = items.filter(inForce)), () => null);
    async function look(event) {
      event.preventDefault();
      Object.assign(seen, { busy: true, trace: null, passed: null });
      const [path, body] = asked(form);
      await tried(seen, async () => {
        const found = await call("POST", path, body);
        if (form.kind === "trace") seen.trace = found;
        else seen.passed = found.items;
      });
      seen.busy = false;
    }
    const again = () => tried(seen, async () => (seen.trace = await get(`/api/v1/traces/${encodeURIComponent(seen.trace.id)}`)));
    const box = (name, label, more = {}) => html`
      <${ElFormItem} label=${label} required=${more.required !== false}>
        <${ElInput} modelValue=${form[name]} onUpdate:modelValue=${(value) => (form[name] = value || "")} aria-label=${label} name=${name} ...${more} /><//>`;
    const choice = (name, label, options, more = {}) => html`
      <${ElFormItem} label=${label} required>
        <${ElSelect} modelValue=${form[name]} onUpdate:modelValue=${(value) => (form[name] = value)} aria-label=${label} ...${more}>
          ${options.map(([value, text]) => html`<${ElOption} key=${value} value=${value} label=${text} />`)}<//><//>`;
    return () => html`
      <h1>${t("依令查找", "Looks by order")}</h1>
      <p class="quiet">${t("须有经第二人确认的命令（见“查看命令”）、区域和时间，每次查找都会记录；被查找的人能在“谁查看了我的数据”里看到。", "Needs an order that a second officer confirmed (see Orders), an area and a time. Every look is recorded, and whoever it is about finds it under “Who read my data”.")}</p>
      <section class="card orders">
        <${ElForm} labelPosition="top" onSubmit=${look}>
          ${choice("kind", t("查找什么", "What to look for"), kinds.map((kind) => [kind, kindName(kind)]))}
          ${box("order_no", t("命令文号", "Number of the order"), { maxlength: 60, list: "orders" })}
          <datalist id="orders">${seen.orders.map((order) => html`<option key=${order.id} value=${order.order_no}>${order.reason}</option>`)}</datalist>
          ${box("number", t("被查找人身份证号码", "ID number of the person"), { maxlength: 18, autocomplete: "off" })}
          ${box("since", t("从", "From"), { type: "datetime-local" })}${box("until", t("到", "To"), { type: "datetime-local" })}
          ${choice("regions", t("区域", "Area"), placeName.all(), { multiple: true, filterable: true, placeholder: t("可选多个，输入名称查找", "One or more; type to find") })}
          ${may("order.seal") && html`${box("sealed", t("对本人保密至（最长一年，可不填）", "Kept from the person until (a year at most, optional)"), { type: "date", required: false })}
            <p class="quiet">${t("不填：本人马上可以看到。到期后自动可见，期间的次数对全县公开。", "Left empty, the person sees it at once. It shows by itself from that day on; how many are kept back is public.")}</p>`}
          <${ElButton} type="primary" nativeType="submit" loading=${seen.busy} disabled=${!whole(form)}>${t("查找", "Look")}<//>
        <//>
      </section>
      ${trouble(seen)}
      ${seen.trace && traced(seen.trace, again)}
      ${seen.passed && passed(seen.passed)}`;
  },
};

const rows = (each) => each.map((cells, key) => ({ key, cells }));

const traced = (trace, again) => html`
  <h2>${t("密切接触者", "Contacts")} · ${trace.order_no}</h2>
  <p class="quiet">${t(`读到本人记录 ${trace.rows_seen} 条，接触者 ${trace.contacts.length} 人，已交给所在地办理。`, `${trace.rows_seen} rows of the person were read, ${trace.contacts.length} contacts were found and given to their offices.`)}</p>
  <p><${ElButton} onClick=${again}>${t("看进展", "See how it stands")}<//></p>
  ${trace.contacts.length > 0 && table(
    [t("时间", "When"), t("渠道", "Channel"), t("怎样接触", "How near"), t("把握", "Certainty"), t("由谁联系", "Who reaches them"), t("进展", "Stands")],
    rows(trace.contacts.map((each) => [moment(each.at), each.channel_title, nearName(each.how), `${each.confidence} %`, placeName(each.office), stateName(each.state)])),
  )}`;

const passed = (items) => html`
  <h2>${t("经过的卡口", "Gates passed")}</h2>
  ${!items.length && html`<${ElAlert} type="info" closable=${false} title=${t("这段时间在这些区域没有经过卡口的记录。", "No passage is on record there in that time.")} />`}
  ${items.length > 0 && table([t("时间", "When"), t("区域", "Area"), t("卡口", "Gate"), t("方向", "Way")], rows(items.map((each) => [moment(each.at), placeName(each.region), each.gate_name, wayName(each.direction)])))}`;
