// Orders by which sensitive data is looked at: one officer brings one, a second confirms it.
import { html, reactive } from "../shared/html.js";
import { ElButton, ElInput } from "/vendor/elements.js";
import { done, trouble, useAnswer } from "../shared/answers.js";
import { call, get, may, session, tried } from "../shared/api.js";
import { moment, t } from "../shared/words.js";

const PATH = "/api/v1/desk/orders";
const DAYS = 30;

export const Orders = {
  setup() {
    const form = reactive({ order_no: "", reason: "", key: crypto.randomUUID(), problem: "", told: "", busy: "" });
    const { seen, found, ask } = useAnswer(() => get(PATH), 30);
    async function act(id, path, body, headers, told) {
      form.busy = id;
      form.told = "";
      await tried(form, async () => {
        await call("POST", PATH + path, body, headers);
        Object.assign(form, { told, order_no: "", reason: "", key: crypto.randomUUID() });
        await ask();
      });
      form.busy = "";
    }
    const bring = () => {
      const ends_at = new Date(Date.now() + DAYS * 86400000).toISOString();
      return act("new", "", { order_no: form.order_no.trim(), reason: form.reason.trim(), ends_at }, { "Idempotency-Key": form.key }, t("已登记，等待另一名工作人员确认。", "Noted; a second officer has to confirm it."));
    };
    const confirm = (order) => act(order.id, `/${order.id}/confirmations`, undefined, {}, t("已确认，命令生效。", "Confirmed; the order is in force."));
    const box = (name, label, most) => html`<label>${label}<${ElInput} modelValue=${form[name]} onUpdate:modelValue=${(value) => (form[name] = value)} aria-label=${label} name=${name} maxlength=${most} /></label>`;
    return () => html`
      <h1>${t("查看命令", "Orders")}</h1>
      <p class="quiet">${t("流调、查找和敏感数据查询须凭命令；命令由另一名工作人员确认后生效，有效 30 天。", "Tracing, searches and sensitive data need an order; it is in force for 30 days once a second officer has confirmed it.")}</p>
      ${trouble(form, seen)}
      ${done(form.told)}
      ${may("order.write") && html`<section class="card orders">
        ${box("order_no", t("命令号", "Number of the order"), 60)}
        ${box("reason", t("事由（不写姓名）", "What it is about (no names)"), 200)}
        <p><${ElButton} type="primary" disabled=${!form.order_no.trim() || form.reason.trim().length < 4} loading=${form.busy === "new"} onClick=${bring}>${t("登记", "Note it")}<//></p>
      </section>`}
      ${found.value && !found.value.items.length && html`<p class="told">${t("还没有命令。", "No orders yet.")}</p>`}
      ${found.value?.items.map((order) => one(order, form, confirm))}`;
  },
};

function one(order, form, confirm) {
  const over = Date.parse(order.ends_at) <= Date.now();
  const state = over ? t("已到期", "Ended") : order.confirmed_at ? t("生效中", "In force") : t("待另一人确认", "Waits for a second officer");
  const mine = order.asked_by === session.me?.staff_id;
  return html`
    <article class="card leg orders" key=${order.id}>
      <div class="row apart"><strong>${order.order_no}</strong><span class=${`tag ${order.confirmed_at && !over ? "" : "warn"}`}>${state}</span></div>
      <p>${order.reason}</p>
      <p class="quiet">${t("到期", "Ends")} ${moment(order.ends_at)} · ${t(`已使用 ${order.looks} 次`, `used ${order.looks} times`)}</p>
      ${!over && !order.confirmed_at && !mine && may("order.confirm") && html`<${ElButton} type="primary" loading=${form.busy === order.id} onClick=${() => confirm(order)}>${t("确认命令", "Confirm the order")}<//>`}
    </article>`;
}
