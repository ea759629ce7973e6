// Rows that may be about somebody: both sides beside each other, masked; whoever keeps the row, or the platform, decides.
import { html, reactive } from "../shared/html.js";
import { ElButton, ElOption, ElSelect } from "/vendor/elements.js";
import { done, trouble } from "../shared/answers.js";
import { call, get, tried } from "../shared/api.js";
import { useList } from "../shared/lists.js";
import { Reasoned } from "../shared/reasoned.js";
import { table } from "../shared/table.js";
import { day, moment, t } from "../shared/words.js";
import { departmentName, nameOfSystem } from "./names.js";

const PATH = "/api/v1/data/matches";

const stateName = (state) => ({ open: t("待判断", "To decide"), same: t("同一人", "The same"), other: t("不是同一人", "Somebody else") })[state] || state;
const stateKind = (state) => ({ open: "warn", same: "good" })[state] || "";

const fitName = (fit) =>
  ({
    same: t("相符", "Fits"), old: t("旧 15 位号相符", "Old number of 15 digits fits"), asked: t("按号码查得", "Found by the number"),
    century: t("15 位号，世纪不明", "15 digits, century unknown"), unreadable: t("读不出", "Unreadable"), variant: t("写法不同", "Spelled another way"),
    pinyin: t("拼音相符", "The same in Latin letters"), none: t("未载明", "Not told"), other: t("不符", "Differs"),
  })[fit] || fit;
const fitKind = (fit) => ({ same: "good", old: "good", asked: "good", other: "bad" })[fit] || "warn";

// The birth date of whom was asked for stands in the number.
const born = (number) => (/^[0-9]{17}[0-9X]$/.test(number) ? number.slice(6, 14) : "");

const sides = (match) => [
  { name: t("号码", "Number"), sought: match.sought.number, told: match.told.number, fit: match.number },
  { name: t("姓名 / 名称", "Name"), sought: match.sought.name, told: match.told.name, fit: match.name },
  { name: t("出生日期", "Birth date"), sought: born(match.sought.number), told: match.told.born, fit: match.born },
  { name: t("记录编号", "Number of the record"), sought: "", told: match.told.record },
];

const compared = (match) => table(
  ["", t("要查的人", "Whom was asked for"), t("这条记录", "What the row says"), t("比对", "Compared")],
  sides(match).map((side) => ({
    key: side.name,
    cells: [
      side.name, html`<span class="mono">${side.sought || "–"}</span>`, html`<span class="mono">${side.told || "–"}</span>`,
      side.fit ? html`<span class=${`tag ${fitKind(side.fit)}`}>${fitName(side.fit)}</span>` : "–",
    ],
  })),
  "headed",
);

export const Matches = {
  setup() {
    const seen = reactive({ state: "open", problem: "", told: false, whole: {} });
    const list = useList(PATH, () => ({ state: seen.state }));
    list.begin();
    const look = (match) => tried(seen, async () => (seen.whole[match.id] = await get(`${PATH}/${match.id}`)));
    const decide = (match, outcome, reason) =>
      tried(seen, async () => {
        await call("POST", `${PATH}/${match.id}/decisions`, { outcome, reason });
        delete seen.whole[match.id];
        seen.told = true;
        await list.reload();
      });
    const acts = (match) =>
      match.state === "open"
        ? html`<div class="bar">
            ${!seen.whole[match.id] && html`<${ElButton} onClick=${() => look(match)}>${t("查看全部（留存查阅记录）", "Show all (the look is recorded)")}<//>`}
            <${Reasoned} label=${t("是同一人", "The same")} type="primary" onGiven=${(reason) => decide(match, "same", reason)} />
            <${Reasoned} label=${t("不是同一人", "Somebody else")} onGiven=${(reason) => decide(match, "other", reason)} />
          </div>`
        : html`<${Reasoned} label=${t("判断有误，重来", "Decided wrongly: again")} onGiven=${(reason) => decide(match, "again", reason)} />`;
    const card = (match) => html`
      <section key=${match.id} class="card leg" aria-label=${match.id}>
        <div class="row apart"><strong>${departmentName(match.owner)} <code>${match.resource}</code></strong><span class=${`tag ${stateKind(match.state)}`}>${stateName(match.state)}</span></div>
        <p class="quiet">${t("查询方", "Asked by")} ${departmentName(match.consumer)} · ${nameOfSystem(match.system)} · ${moment(match.found_at)}
          ${match.lapses_at && html` · ${t("逾期作废", "Lapses")} ${day(match.lapses_at)}`}${match.decided_at && html` · ${t("判断于", "Decided")} ${moment(match.decided_at)}`}</p>
        ${match.sought && compared(seen.whole[match.id] || match)}
        ${match.decides ? acts(match) : match.state === "open" && html`<p class="quiet">${t("由保管记录的部门判断。", "The department that keeps the row decides.")}</p>`}
      </section>`;
    return () => html`
      <h1>${t("存疑记录", "Rows in doubt")}</h1>
      <p class="quiet">${t("规则无法断定是否为同一人的记录，未判断前不交付。号码、姓名已遮盖；查看全部的，当事人能在自己的查询记录里看到。", "Rows of which no rule can tell whose they are; they are not given until somebody decides. Numbers and names are masked; who shows all of one is seen in that citizen's own access log.")}</p>
      <div class="bar">
        <${ElSelect} modelValue=${seen.state} onUpdate:modelValue=${(value) => ((seen.state = value), list.begin())} aria-label=${t("状态", "State")}>
          ${["open", "same", "other"].map((each) => html`<${ElOption} key=${each} value=${each} label=${stateName(each)} />`)}
          <${ElOption} value="" label=${t("全部状态", "Every state")} />
        <//>
        <${ElButton} onClick=${list.reload}>${t("刷新", "Refresh")}<//>
      </div>
      ${trouble(seen, list)}
      ${done(seen.told && t("已记录，从下一次查询起按此办理。", "Recorded, and used from the next question on."))}
      ${list.items.map(card)}
      ${list.loaded && !list.items.length && !list.problem && html`<p class="quiet">${t("没有。", "None.")}</p>`}
      ${list.cursor && html`<p><${ElButton} onClick=${list.more}>${t("更多", "More")}<//></p>`}`;
  },
};
