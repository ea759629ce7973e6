// Issuing an electronic licence at the desk, as the result of a case.
import { html, reactive } from "../shared/html.js";
import { ElButton, ElForm, ElFormItem, ElInput, ElOption, ElSelect } from "/vendor/elements.js";
import { done, trouble } from "../shared/answers.js";
import { call, get, may, tried } from "../shared/api.js";
import { t } from "../shared/words.js";

const field = (form, name, label, more = {}) => html`
  <${ElFormItem} label=${label}><${ElInput} modelValue=${form[name]} onUpdate:modelValue=${(value) => (form[name] = value)} aria-label=${label} name=${name} ...${more} /><//>`;

export const Issue = {
  props: { case: Object },
  emits: ["issued"],
  setup(props, { emit }) {
    const form = reactive({ open: false, type: "", holder: "person", name: "", id_number: "", fields: {}, types: [], key: crypto.randomUUID(), problem: "", told: "", busy: false });
    async function submit(event) {
      event.preventDefault();
      Object.assign(form, { problem: "", told: "", busy: true });
      try {
        const fields = Object.fromEntries(Object.entries(form.fields).map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
        const [name, number] = company() ? ["org_name", "credit_code"] : ["name", "id_number"];
        const asked = { type: form.type, [name]: form.name.trim(), [number]: form.id_number.trim(), fields, reason: props.case.receipt_no };
        const held = await call("POST", "/api/v1/desk/credentials", asked, { "Idempotency-Key": form.key });
        form.told = `${t("已签发：", "Issued: ")}${chosen().title} ${held.licence_id}`;
        emit("issued", { ...held, title: chosen().title });
      } catch (problem) {
        form.problem = problem.sentence || String(problem);
        // With the same key where it may be issued already, or is being issued.
        if (problem.status > 0 && problem.status < 500 && ![409, 429].includes(problem.status)) form.key = crypto.randomUUID();
      }
      form.busy = false;
    }
    const chosen = () => form.types.find((each) => each.id === form.type) || { fields: {} };
    const company = () => chosen().companies && form.holder === "company";
    const hold = (holder) => {
      const { org_name, credit_code } = props.case.fields;
      Object.assign(form, { holder, ...(holder === "company" ? { name: org_name || "", id_number: credit_code || "" } : { name: "", id_number: "" }) });
    };
    const choose = (id) => {
      Object.assign(form, { type: id, fields: {} });
      hold("person");
    };
    const begin = () => tried(form, async () => {
      form.types = (await get("/api/v1/desk/credentials/types")).items;
      form.open = true;
      choose(form.types[0]?.id || "");
    });
    return () => may("credential.write") && html`
      <hr />
      ${done(form.told)}
      ${trouble(form)}
      ${!form.open && !form.told && html`<${ElButton} onClick=${begin}>${t("同时签发电子证照…", "Issue a licence with it…")}<//>`}
      ${form.open && !form.told && html`<${ElForm} labelPosition="top" onSubmit=${submit}>
        <${ElFormItem} label=${t("证照种类", "Kind of licence")} required>
          <${ElSelect} modelValue=${form.type} onUpdate:modelValue=${choose} aria-label=${t("证照种类", "Kind of licence")}>
            ${form.types.map((each) => html`<${ElOption} key=${each.id} value=${each.id} label=${each.title} />`)}<//>
        <//>
        ${chosen().companies && html`<${ElFormItem} label=${t("发给", "Issued to")} required>
          <${ElSelect} modelValue=${form.holder} onUpdate:modelValue=${hold} aria-label=${t("发给", "Issued to")}>
            <${ElOption} value="company" label=${t("单位", "A company")} /><${ElOption} value="person" label=${t("个人", "A person")} /><//>
        <//>`}
        <p class="quiet">${t("作为本件结果的证照须发给申请人：本人，或其代办的单位。", "As this case's result it goes to the applicant: the person, or the company that was acted for.")}</p>
        ${field(form, "name", company() ? t("单位名称", "Name of the company") : t("持证人姓名", "Holder's name"))}
        ${field(form, "id_number", company() ? t("统一社会信用代码", "Credit code") : t("持证人身份证号", "Holder's ID number"), { maxlength: 18, autocomplete: "off" })}
        ${Object.entries(chosen().fields).map(([name, label]) => html`<div key=${form.type + name}>${field(form.fields, name, label, { maxlength: 200 })}</div>`)}
        <${ElButton} type="primary" nativeType="submit" loading=${form.busy}>${t("签发", "Issue")}<//>
      <//>`}`;
  },
};
