// The community's phone: one task after the other, large buttons, no table.
import { html, reactive } from "../shared/html.js";
import { call, may, tried } from "../shared/api.js";
import { useEvery, useList } from "../shared/lists.js";
import { moment, t } from "../shared/words.js";
import { Card } from "./cards.js";
import { officeName } from "../shared/naming.js";

const toldName = (name) =>
  ({
    address: t("地址", "Address"), place: t("地点", "Place"), org_name: t("单位", "Business"), phone: t("电话", "Phone"), name: t("姓名", "Name"),
    reopens_on: t("拟复工日期", "Reopens on"), headcount: t("人数", "People"), credit_code: t("信用代码", "Credit code"), region: t("社区（村）", "Community"),
  })[name] || name;

const stateName = (state) => ({ open: t("待办", "Open"), queried: t("已提问，等答复", "Asked back"), done: t("已办", "Done"), withdrawn: t("已撤回", "Withdrawn") })[state] || state;

export const Tasks = {
  setup() {
    const seen = reactive({ state: "open", open: "", note: "", problem: "", told: "", busy: "" });
    const list = useList("/api/v1/desk/tasks", () => ({ state: seen.state }));
    useEvery(30, list.reload);
    async function act(task, name, body, told) {
      seen.busy = task.id;
      await tried(seen, async () => {
        await call("POST", `/api/v1/desk/tasks/${task.id}/${name}`, body);
        Object.assign(seen, { told, open: "", note: "" });
        await list.reload();
      });
      seen.busy = "";
    }
    const show = (state) => {
      seen.state = state;
      list.begin();
    };
    const tab = (state, name) => html`<button class=${seen.state === state ? "main" : "plain"} aria-pressed=${seen.state === state ? "true" : "false"} onClick=${() => show(state)}>${name}</button>`;
    return () => html`
      <div class="narrow">
        <h1>${t("任务", "Tasks")}</h1>
        <div class="row" role="group">${tab("open", t("待办", "Open"))} ${tab("all", t("全部", "All"))}</div>
        ${seen.told && html`<p class="told" role="status">${seen.told}</p>`}
        ${(seen.problem || list.problem) && html`<p class="problem" role="alert">${seen.problem || list.problem}</p>`}
        ${list.loaded && !list.items.length && html`<p class="told">${t("没有待办的任务。", "No task waits for you.")}</p>`}
        ${list.items.map((task) => one(task, seen, act))}
        ${list.cursor && html`<button class="plain" onClick=${list.more}>${t("更多", "More")}</button>`}
      </div>`;
  },
};

function one(task, seen, act) {
  const possible = (name) => task.possible.includes(name) && may("task.write");
  return html`
    <article class="card task" key=${task.id}>
      <div class="row apart"><${Card} card=${task.card} /><span class="tag">${stateName(task.state)}</span></div>
      <h2>${task.title}</h2>
      <dl class="facts">
        ${Object.entries(task.told).map(([name, value]) => html`<dt key=${name}>${toldName(name)}</dt><dd>${name === "phone" ? html`<a href=${`tel:${value}`}>${value}</a>` : name === "region" ? officeName(value) : value}</dd>`)}
        <dt>${t("最迟", "Due")}</dt><dd>${moment(task.red_at)}</dd>
        ${task.raised_to && html`<dt>${t("已督办到", "Raised to")}</dt><dd>${officeName(task.raised_to)}</dd>`}
      </dl>
      ${seen.open === task.id && html`
        <label>${t("说明或问题", "Note or question")}<textarea name="note" maxlength="500" value=${seen.note} onInput=${(event) => (seen.note = event.target.value)}></textarea></label>`}
      <div class="answers">
        ${possible("acknowledge") && !task.acknowledged_at && html`<button class="plain" disabled=${seen.busy === task.id} onClick=${() => act(task, "acknowledge", undefined, t("已签收", "Acknowledged"))}>${t("我来处理", "I am at it")}</button>`}
        ${possible("confirm") && Object.entries(task.answers).map(([id, name]) => html`
          <button key=${id} class="main" disabled=${seen.busy === task.id} onClick=${() => act(task, "confirm", { answer: id, note: seen.open === task.id ? seen.note.trim() : "" }, `${name} ✓`)}>${name}</button>`)}
        ${possible("query") && seen.open === task.id && html`<button class="plain" disabled=${!seen.note.trim()} onClick=${() => act(task, "query", { note: seen.note.trim() }, t("问题已发回", "Asked back"))}>${t("把问题发回", "Ask back")}</button>`}
        ${task.possible.includes("reply") && may("task.reply") && seen.open === task.id && html`<button class="main" disabled=${!seen.note.trim()} onClick=${() => act(task, "reply", { note: seen.note.trim() }, t("已答复", "Answered"))}>${t("答复社区", "Answer")}</button>`}
        ${seen.open !== task.id && task.possible.length > 0 && html`<button class="plain" onClick=${() => Object.assign(seen, { open: task.id, note: "" })}>${t("写说明或提问…", "Add a note or ask…")}</button>`}
      </div>
    </article>`;
}
