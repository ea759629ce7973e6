// Issuing an electronic licence at the desk, as the result of a case.
import { html, reactive } from "../shared/html.js";
import { ElButton, ElForm, ElFormItem, ElInput } from "/vendor/elements.js";
import { done, trouble } from "../shared/answers.js";
import { call, may } from "../shared/api.js";
import { t } from "../shared/words.js";

const field = (form, name, label, more = {}) => html`
  <${ElFormItem} label=${label}><${ElInput} modelValue=${form[name]} onUpdate:modelValue=${(value) => (form[name] = value)} aria-label=${label} name=${name} ...${more} /><//>`;

export const Issue = {
  props: { case: Object },
  emits: ["issued"],
  setup(props, { emit }) {
    const form = reactive({ open: false, type: "", name: "", id_number: "", fields: "", key: crypto.randomUUID(), problem: "", told: "", busy: false });
    async function submit(event) {
      event.preventDefault();
      Object.assign(form, { problem: "", told: "", busy: true });
      try {
        const pairs = form.fields.split("\n").map((line) => line.split(/[:：]/)).filter((pair) => pair.length > 1);
        const fields = Object.fromEntries(pairs.map(([name, ...value]) => [name.trim(), value.join(":").trim()]));
        const asked = { type: form.type.trim(), name: form.name.trim(), id_number: form.id_number.trim(), fields, reason: props.case.receipt_no };
        const held = await call("POST", "/api/v1/desk/credentials", asked, { "Idempotency-Key": form.key });
        form.told = `${t("已签发：", "Issued: ")}${held.licence_id}`;
        emit("issued", held);
      } catch (problem) {
        form.problem = problem.sentence || String(problem);
        // With the same key where it may be issued already, or is being issued.
        if (problem.status > 0 && problem.status < 500 && ![409, 429].includes(problem.status)) form.key = crypto.randomUUID();
      }
      form.busy = false;
    }
    return () => may("credential.write") && html`
      <hr />
      ${done(form.told)}
      ${trouble(form)}
      ${!form.open && !form.told && html`<${ElButton} onClick=${() => (form.open = true)}>${t("同时签发电子证照…", "Issue a licence with it…")}<//>`}
      ${form.open && !form.told && html`<${ElForm} labelPosition="top" onSubmit=${submit}>
        ${field(form, "type", t("证照种类（如 senior-citizen-card）", "Kind (as senior-citizen-card)"))}
        ${field(form, "name", t("持证人姓名", "Holder's name"))}
        ${field(form, "id_number", t("持证人身份证号", "Holder's ID number"), { maxlength: 18, autocomplete: "off" })}
        ${field(form, "fields", t("证照内容，每行“名称：值”", "Its fields, one “name: value” per line"), { type: "textarea", rows: 3 })}
        <${ElButton} type="primary" nativeType="submit" loading=${form.busy}>${t("签发", "Issue")}<//>
      <//>`}`;
  },
};
