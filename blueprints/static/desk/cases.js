// The inbox of cases, the most urgent first; one of them on one screen.
import { html, reactive } from "../shared/html.js";
import { ElButton, ElOption, ElSelect } from "/vendor/elements.js";
import { trouble } from "../shared/answers.js";
import { useEvery, useList } from "../shared/lists.js";
import { table } from "../shared/table.js";
import { moment, t } from "../shared/words.js";
import { go, place } from "../shared/office.js";
import { Card, Due } from "./cards.js";
import { Case } from "./case.js";

const views = () => [
  ["all", t("全部在办", "All that are open")],
  ["mine", t("我经办的", "Mine")],
  ["received", t("待受理", "Received")],
  ["examined", t("审查中", "Examined")],
  ["accepted", t("办理中", "Accepted")],
  ["correction", t("待补正", "To be corrected")],
  ["paused", t("特别程序", "Special procedure")],
  ["approved", t("已准予", "Approved")],
  ["refused", t("已不予", "Refused")],
];

const asked = (view) => (["all", "mine"].includes(view) ? { show: view } : { status: view });

const Inbox = {
  setup() {
    const seen = reactive({ view: "all" });
    const list = useList("/api/v1/desk/cases", () => asked(seen.view));
    useEvery(20, list.reload);
    const choose = (view) => {
      seen.view = view;
      list.begin();
    };
    return () => html`
      <h1>${t("办件", "Cases")}</h1>
      <div class="bar">
        <${ElSelect} modelValue=${seen.view} onUpdate:modelValue=${choose} aria-label=${t("看哪些办件", "Which cases")}>
          ${views().map(([value, label]) => html`<${ElOption} key=${value} value=${value} label=${label} />`)}
        <//>
        <${ElButton} onClick=${list.reload}>${t("刷新", "Refresh")}<//>
      </div>
      ${trouble(list)}
      ${list.loaded && !list.items.length && !list.problem && html`<p class="told">${t("没有等着您的办件。", "No case waits for you.")}</p>`}
      ${list.items.length > 0 && table(
        [t("期限", "Clock"), t("承诺办结", "Promised"), t("事项", "Service"), t("步骤", "Step"), t("提交", "Submitted"), t("打开", "Open")],
        list.items.map((each) => ({ key: each.receipt_no, cells: [
          html`<${Card} card=${each.card} />`, html`<${Due} at=${each.promised_at} />`, html`${each.title}<br /><code class="quiet">${each.receipt_no}</code>`,
          html`${each.status_title}${each.mine && html` <span class="tag">${t("我的", "mine")}</span>`}`, moment(each.submitted_at),
          html`<${ElButton} type="primary" aria-label=${`${t("打开", "Open")} ${each.receipt_no}`} onClick=${() => go("cases", each.receipt_no)}>${t("打开", "Open")}<//>`,
        ] })),
        "inbox",
      )}
      ${list.cursor && html`<p><${ElButton} onClick=${list.more}>${t("更多", "More")}<//></p>`}`;
  },
};

export const Cases = {
  setup() {
    return () => (place()[0] === "cases" && place()[1] ? html`<${Case} key=${place()[1]} number=${place()[1]} />` : html`<${Inbox} />`);
  },
};
