// An act that needs its reason: a button, then one line to say why.
import { html, reactive } from "./html.js";
import { ElButton, ElInput } from "/vendor/elements.js";
import { t } from "./words.js";

export const Reasoned = {
  props: { label: String, type: String },
  emits: ["given"],
  setup(props, { emit }) {
    const form = reactive({ open: false, reason: "" });
    function give(event) {
      event.preventDefault();
      emit("given", form.reason.trim());
      Object.assign(form, { open: false, reason: "" });
    }
    return () => form.open
      ? html`<form class="row" onSubmit=${give}>
          <${ElInput} modelValue=${form.reason} onUpdate:modelValue=${(value) => (form.reason = value)} autofocus maxlength="500"
            placeholder=${t("理由（会记录）", "Reason (recorded)")} aria-label=${t("理由", "Reason")} class="why" />
          <${ElButton} type=${props.type || "primary"} nativeType="submit" disabled=${form.reason.trim().length < 2}>${props.label}<//>
          <${ElButton} onClick=${() => (form.open = false)}>${t("取消", "Cancel")}<//>
        </form>`
      : html`<${ElButton} type=${props.type || "default"} plain=${props.type === "danger"} onClick=${() => (form.open = true)}>${props.label}<//>`;
  },
};
