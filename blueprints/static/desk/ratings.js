// Bad ratings: verified, fixed, called back.
import { html, reactive } from "../shared/html.js";
import { trouble } from "../shared/answers.js";
import { call, may, tried } from "../shared/api.js";
import { useList } from "../shared/lists.js";
import { moment, t } from "../shared/words.js";
import { Reasoned } from "../shared/reasoned.js";

const NEXT = { open: "verified", verified: "fixed", fixed: "called_back" };
const stepName = (step) => ({ verified: t("已核实", "Verified"), fixed: t("已整改", "Fixed"), called_back: t("已回访", "Called back"), open: t("待核实", "Open") })[step] || step;

export const Ratings = {
  setup() {
    const list = useList("/api/v1/desk/ratings");
    const seen = reactive({ problem: "" });
    list.begin();
    const step = (each, note) =>
      tried(seen, async () => {
        await call("POST", `/api/v1/desk/cases/${each.receipt_no}/rating-steps`, { step: NEXT[each.state], note });
        await list.reload();
      });
    return () => html`
      <h1>${t("差评整改", "Bad ratings")}</h1>
      ${trouble(seen, list)}
      ${list.loaded && !list.items.length && html`<p class="told">${t("没有待整改的差评。", "No bad rating waits.")}</p>`}
      ${list.items.map((each) => html`
        <article class="card leg" key=${each.receipt_no}>
          <div class="row apart"><strong>${"★".repeat(each.score)}<span class="quiet">${"☆".repeat(5 - each.score)}</span> <code>${each.receipt_no}</code></strong>
            <span class=${`tag ${each.late ? "bad" : "warn"}`}>${stepName(each.state)}</span></div>
          <p class="row">${each.tags.map((tag) => html`<span class="tag" key=${tag}>${tag}</span>`)}<span>${each.text}</span></p><p class="quiet">${moment(each.rated_at)} · ${t("最迟整改", "Due")} ${moment(each.due_at)}</p>
          ${NEXT[each.state] && may("case.write") && html`<${Reasoned} label=${stepName(NEXT[each.state])} onGiven=${(note) => step(each, note)} />`}
        </article>`)}`;
  },
};
