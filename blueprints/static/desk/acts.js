// What may be done with a case now: the hub says what is possible, each act has its own short form.
import { html, reactive } from "../shared/html.js";
import { ElButton, ElForm, ElFormItem, ElInput, ElInputNumber, ElOption, ElSelect } from "/vendor/elements.js";
import { get } from "../shared/api.js";
import { t } from "../shared/words.js";
import { Issue } from "./issue.js";

export const actName = (act) =>
  ({
    "pick-up": t("接办", "Take the case"), accept: t("受理", "Accept"), "request-correction": t("一次性告知补正", "Request correction"),
    "accept-on-promise": t("容缺受理", "Accept on promise"), pause: t("进入特别程序", "Pause"), resume: t("恢复计时", "Resume"), approve: t("准予", "Approve"),
    refuse: t("不予", "Refuse"), undo: t("撤回决定（须他人）", "Undo (second person)"), reassign: t("转他人办理", "Reassign"), messages: t("给申请人留言", "Write to the applicant"),
  })[act] || act;

const AT_ONCE = ["pick-up", "accept"];
const FORMS = ["request-correction", "accept-on-promise", "pause", "resume", "approve", "refuse", "undo", "reassign", "messages"];
const DANGER = ["refuse", "undo"];

const line = (form, name, label, more = {}) => html`
  <${ElFormItem} label=${label} required=${more.required !== false}>
    <${ElInput} modelValue=${form[name]} onUpdate:modelValue=${(value) => (form[name] = value)} aria-label=${label} name=${name} maxlength="1000" ...${more} />
  <//>`;
const lines = (form, name, label) => line(form, name, label, { type: "textarea", rows: 3 });
const days = (form, most) => html`
  <${ElFormItem} label=${t("几天", "Days")} required>
    <${ElInputNumber} modelValue=${form.days} onUpdate:modelValue=${(value) => (form.days = value)} min=${1} max=${most} aria-label=${t("几天", "Days")} />
  <//>`;

export const Acts = {
  props: { case: Object, service: Object, seen: Object, act: Function },
  setup(props) {
    const form = reactive({});
    const seen = reactive({ open: "", busy: false, procedures: [], colleagues: [] });
    async function choose(name) {
      for (const key of Object.keys(form)) delete form[key];
      seen.open = name;
      props.seen.correcting = name === "request-correction";
      Object.assign(form, { days: name === "request-correction" ? 15 : 5, again_because: "" });
      if (name === "reassign") {
        seen.colleagues = (await get(`/api/v1/desk/cases/${props.case.receipt_no}/colleagues`).catch(() => ({ items: [] }))).items;
      }
      if (name === "pause") {
        seen.procedures = (await get(`/api/v1/desk/cases/${props.case.receipt_no}/procedures`).catch(() => ({ items: [] }))).items;
        Object.assign(form, { procedure: seen.procedures[0]?.id, days: seen.procedures[0]?.days || 1 });
      }
    }
    async function send(name) {
      seen.busy = true;
      const done = await props.act(name, body(name, form, props), `${actName(name)} ✓`);
      seen.busy = false;
      if (done) seen.open = "";
    }
    const close = () => {
      seen.open = "";
      props.seen.correcting = false;
    };
    return () => {
      const possible = [...props.case.possible, ...(props.case.possible.length ? ["messages"] : [])];
      const known = possible.filter((name) => AT_ONCE.includes(name) || FORMS.includes(name));
      if (!known.length) return html`<section class="card acts"><h2>${t("办理", "What to do")}</h2><p class="quiet">${idle(props.case)}</p></section>`;
      if (seen.open) return asked(seen, form, props, send, close);
      return html`<section class="card acts"><h2>${t("办理", "What to do")}</h2>
        ${known.map((name, index) => html`<${ElButton} key=${name} type=${DANGER.includes(name) ? "danger" : index ? "default" : "primary"} plain=${DANGER.includes(name)}
          loading=${seen.busy} onClick=${() => (AT_ONCE.includes(name) ? send(name) : choose(name))}>${actName(name)}<//>`)}
      </section>`;
    };
  },
};

const idle = ({ status }) => (status === "correction" ? t("等申请人补正，补正后会回到列表。", "Waits for the applicant; it comes back to the list then.") : t("现在没有可做的。", "Nothing to do now."));

// With nothing to fill in, or nobody to give it to, there is nothing to send.
const empty = (name, seen, { case: one }) => (name === "reassign" && !seen.colleagues.length) || (name === "accept-on-promise" && !one.promised.length);

function body(name, form, { seen, case: one }) {
  if (AT_ONCE.includes(name)) return undefined;
  if (name === "request-correction") {
    const items = Object.entries(seen.marks).filter(([, message]) => message.trim()).map(([path, message]) => ({ path, message: message.trim() }));
    return { items, days: form.days, again_because: form.again_because };
  }
  if (name === "accept-on-promise") return { missing: one.promised, days: form.days };
  if (name === "pause") return { procedure: form.procedure, days: form.days, reason: form.reason };
  if (name === "resume") return { outcome: form.outcome };
  if (name === "approve") {
    const given = form.credential_id ? { credential_id: form.credential_id } : {};
    return { document: { name: form.name, number: form.number, ...(form.text ? { text: form.text } : {}), ...given } };
  }
  if (name === "refuse") return { reason: form.reason, basis: form.basis, appeal: form.appeal };
  if (name === "reassign") return { to: form.to, reason: form.reason };
  return name === "messages" ? { text: form.text } : { reason: form.reason };
}

function asked(seen, form, props, send, close) {
  const name = seen.open;
  const submit = (event) => {
    event.preventDefault();
    send(name);
  };
  return html`
    <section class="card acts"><h2>${actName(name)}</h2>
      <${ElForm} labelPosition="top" onSubmit=${submit}>
        ${fields(name, seen, form, props)}
        <div class="row">${!empty(name, seen, props) && html`<${ElButton} type=${DANGER.includes(name) ? "danger" : "primary"} nativeType="submit" loading=${seen.busy}>${actName(name)}<//>`}
          <${ElButton} onClick=${close}>${t("取消", "Cancel")}<//></div>
      <//>
      ${name === "approve" && html`<${Issue} case=${props.case} onIssued=${(held) => Object.assign(form, { credential_id: held.id, name: form.name || held.title, number: form.number || held.licence_id })} />`}
    </section>`;
}

function fields(name, seen, form, props) {
  if (name === "request-correction") {
    const marked = Object.values(props.seen.marks).filter((each) => each.trim()).length;
    return html`<p class="told">${t("在左边每一项旁写明要补正什么，一次告知清楚。", "Write beside each item on the left what is wrong; say everything at once.")}</p>
      <p>${t(`已标 ${marked} 项`, `${marked} marked`)}</p>${days(form, 60)}${props.case.correction && line(form, "again_because", t("再次告知的原因", "Why again"))}`;
  }
  if (name === "accept-on-promise" && !props.case.promised.length) return html`<p class="told">${t("申请人没有承诺后补的材料，请直接受理，或一次性告知补正。", "The applicant has promised no paper for later: accept, or request a correction.")}</p>`;
  if (name === "accept-on-promise") return html`<p>${t("承诺后补：", "Promised: ")}${props.case.promised.map((type) => props.service.papers[type] || type).join("、")}</p>${days(form, 60)}`;
  if (name === "pause") {
    const choose = (id) => Object.assign(form, { procedure: id, days: seen.procedures.find((each) => each.id === id).days });
    return html`<${ElFormItem} label=${t("哪种特别程序", "Which procedure")} required>
        <${ElSelect} modelValue=${form.procedure} onUpdate:modelValue=${choose} aria-label=${t("哪种特别程序", "Which procedure")}>
          ${seen.procedures.map((each) => html`<${ElOption} key=${each.id} value=${each.id} label=${`${each.title}（≤ ${each.days}）`} />`)}
        <//>
      <//>
      <p class="quiet">${seen.procedures.find((each) => each.id === form.procedure)?.basis}</p>
      ${days(form, seen.procedures.find((each) => each.id === form.procedure)?.days || 365)}${lines(form, "reason", t("理由", "Reason"))}`;
  }
  if (name === "resume") return lines(form, "outcome", t("特别程序的结果", "Its outcome"));
  if (name === "approve") {
    return html`${line(form, "name", t("结果文书名称", "Name of the result document"))}${line(form, "number", t("文号", "Number"))}
      ${form.credential_id ? html`<p class="told">${t("附电子证照 ", "With licence ")}<code>${form.credential_id}</code></p>` : lines(form, "text", t("正文", "Text"))}`;
  }
  if (name === "refuse") return html`${lines(form, "reason", t("不予的理由", "Reason"))}${lines(form, "basis", t("法律依据", "Legal basis"))}${lines(form, "appeal", t("救济途径", "Appeal route"))}`;
  if (name === "reassign") {
    if (!seen.colleagues.length) return html`<p class="told">${t("本部门没有其他可接办的人。", "Nobody else handles this department's cases.")}</p>`;
    return html`<${ElFormItem} label=${t("转给谁", "To whom")} required>
        <${ElSelect} modelValue=${form.to} onUpdate:modelValue=${(id) => (form.to = id)} aria-label=${t("转给谁", "To whom")} placeholder=${t("请选择", "Choose one")}>
          ${seen.colleagues.map((each) => html`<${ElOption} key=${each.staff_id} value=${each.staff_id} label=${each.username} />`)}
        <//>
      <//>${lines(form, "reason", t("理由", "Reason"))}`;
  }
  return name === "messages" ? lines(form, "text", t("留言", "Message")) : lines(form, "reason", t("理由", "Reason"));
}
