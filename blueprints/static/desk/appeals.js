// Appeals and clues: answered, passed on, or said to be the same as another.
import { html, nextTick, onUnmounted, reactive, shallowRef } from "../shared/html.js";
import { ElButton, ElInput, ElOption, ElSelect } from "/vendor/elements.js";
import { done, trouble } from "../shared/answers.js";
import { bytes, call, get, may, tried } from "../shared/api.js";
import { useEvery, useList } from "../shared/lists.js";
import { moment, t } from "../shared/words.js";
import { Card, Due } from "./cards.js";
import { appealEvent } from "./events.js";
import { officeName } from "../shared/naming.js";

const kindName = (kind) => ({ appeal: t("诉求", "Appeal"), clue: t("线索", "Clue") })[kind] || kind;

export const Appeals = {
  setup() {
    const seen = reactive({ problem: "", told: "", text: "", to: "", reason: "" });
    const one = shallowRef(null);
    const list = useList("/api/v1/desk/appeals", () => ({ state: "open" }));
    useEvery(30, list.reload);
    const shown = (what, told) =>
      tried(seen, async () => {
        one.value = await what();
        Object.assign(seen, { told, text: "", to: "", reason: "" });
        if (!told) nextTick(() => document.querySelector(".whole")?.focus()); // on a phone it is below the list
        if (told) list.reload();
      });
    const act = (name, body, told) => shown(() => call("POST", `/api/v1/desk/appeals/${one.value.number}/${name}`, body), told);
    return () => html`
      <h1>${t("诉求与线索", "Appeals and clues")}</h1>
      ${trouble(seen, list)}
      ${done(seen.told)}
      ${list.loaded && !list.items.length && html`<p class="told">${t("没有等着您的。", "Nothing waits for you.")}</p>`}
      <div class="two">
        <div>${list.items.map((each) => html`
          <article class=${`card leg ${one.value?.number === each.number ? "current" : ""}`} key=${each.number}>
            <div class="row apart"><strong>${kindName(each.kind)} <code>${each.number}</code></strong><${Card} card=${each.card} /></div>
            <p>${each.text}</p><p class="quiet">${each.address || officeName(each.region)} · <${Due} at=${each.due_at} /></p>
            <${ElButton} type="primary" plain onClick=${() => shown(() => get(`/api/v1/desk/appeals/${each.number}`), "")}>${t("打开", "Open")} ${each.number}<//>
          </article>`)}</div>
        ${one.value && whole(one.value, seen, act)}
      </div>`;
  },
};

const Photo = {
  props: { path: String },
  setup(props) {
    const seen = reactive({ url: "", problem: "" });
    tried(seen, async () => (seen.url = URL.createObjectURL(await bytes(props.path))));
    onUnmounted(() => seen.url && URL.revokeObjectURL(seen.url));
    return () => html`<div class="paper">${trouble(seen)}${seen.url && html`<img src=${seen.url} alt=${t("反映人拍的照片", "Photo of whoever reported it")} />`}</div>`;
  },
};

const box = (seen, name, label, more = {}) => html`<label>${label}<${ElInput} modelValue=${seen[name]} onUpdate:modelValue=${(value) => (seen[name] = value)} aria-label=${label} name=${name} ...${more} /></label>`;

function whole(one, seen, act) {
  const possible = (name) => one.possible.includes(name) && may("appeal.write");
  return html`
    <section class="card whole" tabindex="-1" key=${one.number}>
      <h2>${kindName(one.kind)} <code>${one.number}</code></h2>
      <p>${one.text}</p>
      <p class="quiet">${one.address || officeName(one.region)} · ${t("收到", "Received")} ${moment(one.received_at)}</p>
      ${one.photos.map((id) => html`<${Photo} key=${id} path=${`/api/v1/desk/appeals/${one.number}/photos/${id}`} />`)}
      ${possible("answer") && html`${box(seen, "text", t("答复", "Answer"), { type: "textarea", rows: 4 })}
        <${ElButton} type="primary" disabled=${seen.text.trim().length < 4} onClick=${() => act("answer", { text: seen.text.trim() }, t("已答复", "Answered"))}>${t("答复", "Answer")}<//>`}
      ${possible("forward") && html`<label>${t("转给", "Pass on to")}<${ElSelect} modelValue=${seen.to} onUpdate:modelValue=${(id) => (seen.to = id)} filterable aria-label=${t("转给", "Pass on to")} placeholder=${t("选择部门或乡镇，可输入名称查找", "Choose a department or a town; type to find it")}>
          ${officeName.all().filter(([id]) => id !== one.office).map(([id, name]) => html`<${ElOption} key=${id} value=${id} label=${name} />`)}<//></label>${box(seen, "reason", t("理由", "Reason"))}
        <${ElButton} disabled=${!seen.to || seen.reason.trim().length < 2} onClick=${() => act("forward", { to: seen.to, reason: seen.reason.trim() }, t("已转办", "Passed on"))}>${t("转办", "Pass on")}<//>`}
      ${possible("merge") && one.alike.map((each) => html`<div key=${each.number}><p>${t("可能与", "May be the same as")} <code>${each.number}</code> ${t("相同", "")} (${each.percent} %)</p>
        <p class="row"><${ElButton} onClick=${() => act("merge", { into: each.number, same: "yes" }, t("已合并", "Merged"))}>${t("合并", "Merge")} ${each.number}<//>
        <${ElButton} onClick=${() => act("merge", { into: each.number, same: "no" }, t("已记下：不是同一件", "Noted: not the same"))}>${t("不是同一件", "Not the same")}<//></p></div>`)}
      <ol>${one.timeline.map((each, index) => html`<li key=${index}>${appealEvent(each.act)} · ${moment(each.at)} ${each.note}</li>`)}</ol>
    </section>`;
}
