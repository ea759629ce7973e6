// One case on one screen: what was said and handed in on the left, clock and acts on the right, its story below.
import { html, reactive, shallowRef } from "../shared/html.js";
import { ElButton } from "/vendor/elements.js";
import { done, trouble } from "../shared/answers.js";
import { call, get, tried } from "../shared/api.js";
import { moment, t } from "../shared/words.js";
import { go } from "../shared/office.js";
import { Acts } from "./acts.js";
import { Card, left } from "./cards.js";
import { Mark } from "./marks.js";
import { Papers } from "./papers.js";
import { officeName } from "../shared/naming.js";
import { Story } from "./story.js";

export const Case = {
  props: { number: String },
  setup(props) {
    const found = shallowRef(null);
    const service = shallowRef({ fields: {}, papers: {} });
    const seen = reactive({ problem: "", told: "", marks: {}, correcting: false });
    const path = `/api/v1/desk/cases/${encodeURIComponent(props.number)}`;
    async function look() {
      seen.problem = "";
      try {
        found.value = await get(path);
        service.value = await described(found.value.service);
      } catch (problem) {
        seen.problem = problem.sentence || String(problem);
      }
    }
    const act = (name, body, told) =>
      tried(seen, async () => {
        found.value = await call("POST", `${path}/${name}`, body);
        Object.assign(seen, { told, marks: {}, correcting: false });
      });
    look();
    return () => html`
      <p><${ElButton} link type="primary" onClick=${() => go("cases")}>← ${t("回到办件列表", "Back to the list")}<//></p>
      ${!found.value && seen.problem && html`${trouble(seen)}<p><${ElButton} type="primary" onClick=${look}>${t("再试一次", "Try again")}<//></p>`}
      ${found.value && html`
        <div class="row apart"><h1>${found.value.title}</h1><span class="tag">${found.value.status_title}</span></div>
        <p class="quiet"><code>${found.value.receipt_no}</code> · ${found.value.handled_by} · ${t("提交于", "submitted")} ${moment(found.value.submitted_at)}</p>
        <div class="case">
          <div>
            <${Said} case=${found.value} service=${service.value} seen=${seen} />
            <${Papers} case=${found.value} names=${service.value.papers} seen=${seen} />
            <${Result} result=${found.value.result} />
          </div>
          <div class="beside-case">
            <${Clock} case=${found.value} />
            ${done(seen.told)}
            ${trouble(seen)}
            <${Acts} case=${found.value} service=${service.value} seen=${seen} act=${act} />
          </div>
        </div>
        <${Story} case=${found.value} />`}`;
  },
};

async function described(id) {
  const guide = await get(`/api/v1/services/${encodeURIComponent(id)}`).catch(() => ({}));
  const asked = guide.form?.properties || {};
  const papers = guide.materials || guide.guide?.materials || [];
  return {
    fields: Object.fromEntries(Object.entries(asked).map(([name, field]) => [name, field.title || name])),
    papers: Object.fromEntries(papers.filter((each) => each.type).map((each) => [each.type, each.name])),
  };
}

const shown = (value) => (value && typeof value === "object" ? JSON.stringify(value) : String(value));

const Said = ({ case: one, service, seen }) => html`
  <section class="card">
    <h2>${t("申请内容", "What was said")}</h2>
    <p class="quiet">${t("只显示本步骤需要的内容。", "Only what this step needs is shown.")}</p>
    <dl class="facts">
      ${Object.entries(one.fields).map(([name, value]) => html`
        <dt key=${name}>${service.fields[name] || name}</dt>
        <dd>${name.startsWith("region") ? officeName(value) : shown(value)} <${Mark} path=${`fields.${name}`} title=${service.fields[name] || name} seen=${seen} /></dd>`)}
    </dl>
  </section>`;
Said.props = ["case", "service", "seen"];

const Clock = ({ case: { clock } }) => html`
  <section class="card clock">
    <div class="row apart"><h2>${t("期限", "Clock")}</h2><${Card} card=${clock.card} /></div>
    <dl class="facts">
      <dt>${t("承诺办结", "Promised")}</dt><dd>${moment(clock.promised_at)} ${clock.promised_at && clock.state === "runs" && html`<strong>${left(clock.promised_at)}</strong>`}</dd>
      <dt>${t("法定期限", "By law")}</dt><dd>${moment(clock.legal_at)}</dd>
      <dt>${t("计时", "Counting")}</dt><dd>${{ runs: t("进行中", "Running"), waits: t("已停", "Stopped"), ended: t("已结束", "Ended") }[clock.state]}</dd>
      ${clock.make_up_at && html`<dt>${t("容缺补齐", "Papers due")}</dt><dd>${moment(clock.make_up_at)}</dd>`}
      ${clock.raised_to && html`<dt>${t("已上报", "Raised to")}</dt><dd>${clock.raised_to}</dd>`}
    </dl>
    ${clock.paused.map((each) => html`<p key=${each.started_at} class="quiet">${each.title}：${moment(each.started_at)} – ${moment(each.ended_at || each.until)}，${each.reason}</p>`)}
  </section>`;
Clock.props = ["case"];

const Result = ({ result }) => result && html`
  <section class="card"><h2>${t("结果文书", "Result document")}</h2>
    <dl class="facts">${Object.entries(result.document || result).map(([name, value]) => html`<dt key=${name}>${resultName(name)}</dt><dd class="text">${resultValue(name, value)}</dd>`)}</dl>
  </section>`;
Result.props = ["result"];

function resultValue(name, value) {
  if (name === "approved") return value ? t("是", "Yes") : t("否", "No");
  return name.endsWith("_at") ? moment(value) : shown(value);
}

const resultName = (name) =>
  ({
    name: t("文书名称", "Document"), number: t("文号", "Number"), text: t("正文", "Text"), credential_id: t("电子证照", "Licence"), reason: t("理由", "Reason"),
    basis: t("依据", "Basis"), appeal: t("救济途径", "Appeal route"), approved: t("准予", "Approved"), decided_at: t("决定时间", "Decided"),
  })[name] || name;
