// Health declarations that a person has to look at; there only where the hub has a health code.
import { html, reactive, shallowRef, watch } from "../shared/html.js";
import { ElButton, ElInput, ElOption, ElSelect } from "/vendor/elements.js";
import { done, trouble } from "../shared/answers.js";
import { call, get, may, session, tried } from "../shared/api.js";
import { useEvery, useList } from "../shared/lists.js";
import { language, t } from "../shared/words.js";
import { Due } from "./cards.js";

const PATH = "/api/v1/desk/health-code/reviews";

export const present = reactive({ reviews: false });

watch(() => session.me?.staff_id, () => {
  present.reviews = false;
  if (may("health.read")) get(`${PATH}?page_size=1`).then(() => (present.reviews = true), () => null);
}, { immediate: true });

// What was asked, and how its reasons and rules are called, in the language of the page.
const asked = shallowRef({ forms: {}, reasons: {}, rules: [] });
watch([() => present.reviews, language], async ([there]) => {
  if (there) asked.value = await get("/api/v1/health-code/questions").catch(() => asked.value);
}, { immediate: true });

const told = (value) =>
  ({
    true: t("是", "Yes"), false: t("否", "No"), none: t("无", "None"), fever: t("发热", "Fever"), cough: t("咳嗽", "Cough"),
    breathless: t("呼吸困难", "Short of breath"), other: t("其他", "Other"), train: t("火车", "Train"), coach: t("长途客车", "Coach"),
    flight: t("飞机", "Aeroplane"), car: t("汽车", "Car"), ship: t("轮船", "Ship"), on_foot: t("步行", "On foot"),
  })[value] || String(value);

const answers = (all) => Object.entries(all).map(([kind, said]) => html`
  <dl class="facts" key=${kind}>${Object.entries(said).map(([name, value]) => html`
    <dt>${asked.value.forms[kind]?.properties[name]?.title || name}</dt><dd>${told(value)}</dd>`)}</dl>`);
const reasonName = (id) => asked.value.reasons[id] || id;

const gradeName = (grade) => ({ "00": t("绿", "Green"), "01": t("黄", "Yellow"), 10: t("红", "Red") })[grade] || grade || "–";
const kindName = (kind) => ({ appeal: t("申诉", "Appeal"), declaration: t("申报", "Declaration") })[kind] || kind;

export const Reviews = {
  setup() {
    const seen = reactive({ problem: "", told: "", open: "", grade: "00", reason_code: "", rule: "", case_id: "", note: "" });
    const list = useList(PATH);
    useEvery(30, list.reload);
    const decide = (review) =>
      tried(seen, async () => {
        const typed = ["reason_code", "rule", "case_id", "note"].map((name) => [name, seen[name].trim()]);
        const wanted = { reviews: [review.id], grade: seen.grade, ...Object.fromEntries(typed) };
        await call("POST", PATH, Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== "")));
        Object.assign(seen, { told: t("已决定，本人会收到通知。", "Decided; the person is told."), open: "", reason_code: "", rule: "", case_id: "", note: "" });
        await list.reload();
      });
    const box = (name, label) => html`<label>${label}<${ElInput} modelValue=${seen[name]} onUpdate:modelValue=${(value) => (seen[name] = value)} aria-label=${label} name=${name} /></label>`;
    const choice = (name, label, options, empty) => html`<label>${label}
        <${ElSelect} modelValue=${seen[name]} onUpdate:modelValue=${(value) => (seen[name] = value)} aria-label=${label} placeholder=${empty} clearable valueOnClear="">
          ${options.map(([value, text]) => html`<${ElOption} key=${value} value=${value} label=${text} />`)}
        <//></label>`;
    const reasons = () => Object.entries(asked.value.reasons);
    const rules = () => asked.value.rules.map(({ id, text }) => [id, text]);
    const form = (review) => html`
      <label>${t("定为", "Decide")}
        <${ElSelect} modelValue=${seen.grade} onUpdate:modelValue=${(value) => (seen.grade = value)} aria-label=${t("定为", "Decide")}>
          ${["00", "01", "10"].map((each) => html`<${ElOption} key=${each} value=${each} label=${`${gradeName(each)}（${each}）`} />`)}
        <//></label>
      ${choice("reason_code", t("理由", "Reason"), reasons(), t("请选择", "Choose one"))}${choice("rule", t("依据的公布规则", "Published rule"), rules(), t("请选择，或写病例编号", "Choose one, or give a case id"))}${box("case_id", t("或：病例编号", "Or: case id"))}${box("note", t("给本人的话", "A word to the person"))}
      <p class="row"><${ElButton} type="primary" disabled=${!seen.reason_code} onClick=${() => decide(review)}>${t("决定", "Decide")}<//><${ElButton} onClick=${() => (seen.open = "")}>${t("取消", "Cancel")}<//></p>`;
    return () => html`
      <h1>${t("健康申报复核", "Health reviews")}</h1>
      <p class="quiet">${t("申诉须在 24 小时内答复；改动须有理由和依据。", "Appeals are answered within 24 hours; a change needs a reason and what it rests on.")}</p>
      ${trouble(seen, list)}
      ${done(seen.told)}
      ${list.loaded && !list.items.length && html`<p class="told">${t("没有等着复核的。", "Nothing waits for review.")}</p>`}
      ${list.items.map((review) => html`
        <article class="card leg" key=${review.id}>
          <div class="row apart"><strong>${kindName(review.kind)} · ${review.name_masked} <span class="quiet">${review.id_masked}</span></strong>
            <span class=${`tag ${review.late ? "bad" : "warn"}`}><${Due} at=${review.due_at} /></span></div>
          <p>${t("现在", "Now")} ${gradeName(review.grade)} · ${reasonName(review.reason_code)}</p>
          ${review.text && html`<p>${review.text}</p>`}
          ${may("health.write") && answers(review.answers)}
          ${seen.open === review.id ? form(review) : html`<${ElButton} type="primary" onClick=${() => (seen.open = review.id)}>${t("复核", "Review")}<//>`}
        </article>`)}`;
  },
};
