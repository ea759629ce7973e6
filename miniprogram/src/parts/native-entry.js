// One field in the browser: the browser's own control, so that its label, keyboard and calendar are the familiar ones.
import { defineComponent, h } from "vue";
import { t } from "../words/index.js";

export default defineComponent({
  props: { modelValue: { type: String, default: "" }, kind: { type: String, default: "text" }, label: String, wrong: Boolean, long: Boolean, most: Number, mode: String, options: { type: Array, default: () => [] } },
  emits: ["update:modelValue", "enter"],
  setup(props, { emit }) {
    const chooser = () =>
      h(
        "select",
        { class: ["entry", props.wrong ? "entry-wrong" : ""], value: props.modelValue, "aria-label": props.label, "aria-invalid": props.wrong ? "true" : undefined, onChange: (event) => emit("update:modelValue", event.target.value) },
        [["", t("choose")], ...props.options].map(([value, name]) => h("option", { key: value, value }, name)),
      );
    return () =>
      props.kind === "select" ? chooser() : h(props.long ? "textarea" : "input", {
        class: ["entry", props.wrong ? "entry-wrong" : ""],
        type: props.long ? undefined : props.kind,
        value: props.modelValue,
        "aria-label": props.label,
        "aria-invalid": props.wrong ? "true" : undefined,
        maxlength: props.most,
        inputmode: props.mode,
        autocomplete: "off",
        onInput: (event) => emit("update:modelValue", event.target.value),
        onKeydown: (event) => event.key === "Enter" && !props.long && emit("enter"),
      });
  },
});
