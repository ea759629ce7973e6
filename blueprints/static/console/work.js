// Jobs, what departments brought, budgets.
import { html, reactive } from "../shared/html.js";
import { ElButton, ElOption, ElSelect } from "/vendor/elements.js";
import { trouble, useAnswer } from "../shared/answers.js";
import { call, get, may, tried } from "../shared/api.js";
import { useList } from "../shared/lists.js";
import { table } from "../shared/table.js";
import { moment, t } from "../shared/words.js";
import { Reasoned } from "../shared/reasoned.js";
import { taskName } from "./acts.js";
import { jobName, nameOfSystem, outcome, systemName } from "./names.js";

const kind = { failed: "bad", running: "good", waiting: "warn", quarantined: "bad", done: "good" };

const chooser = (list, seen, name, options, all) => html`
  <${ElSelect} modelValue=${seen[name]} onUpdate:modelValue=${(value) => ((seen[name] = value), list.begin())} aria-label=${all} placeholder=${all}>
    <${ElOption} value="" label=${all} />
    ${options.map(([value, label]) => html`<${ElOption} key=${value} value=${value} label=${label} />`)}
  <//>`;

const ends = (list) => html`
  ${trouble(list)}
  ${list.loaded && !list.items.length && !list.problem && html`<p class="quiet">${t("没有。", "None.")}</p>`}
  ${list.cursor && html`<p><${ElButton} onClick=${list.more}>${t("更多", "More")}<//></p>`}`;

const changed = (said, list, what) =>
  tried(said, async () => {
    await what();
    await list.reload();
  });

const argumentsOf = (ids) => Object.entries(ids).map(([name, value]) => `${name}=${value ?? "•••"}`).join(" ") || "–";

export const Jobs = {
  setup() {
    const seen = reactive({ status: "", problem: "" });
    const list = useList("/ops/v1/jobs", () => ({ status: seen.status }));
    list.begin();
    const act = (job, name, reason) => changed(seen, list, () => call("POST", `/ops/v1/jobs/${job.id}/${name}`, { reason }));
    return () => html`
      <h1>${t("后台任务", "Jobs")}</h1>
      <p class="quiet">${t("任务里只有编号，没有个人数据；做完的会清除。", "A job holds ids only, no personal value; done ones are gone.")}</p>
      ${trouble(seen)}
      <div class="bar">
        ${chooser(list, seen, "status", ["waiting", "running", "failed", "cancelled"].map((each) => [each, jobName(each)]), t("全部状态", "Every state"))}
        <${ElButton} onClick=${list.reload}>${t("刷新", "Refresh")}<//>
      </div>
      ${list.items.length > 0 && table(
        [t("编号", "Id"), t("任务", "Task"), t("参数", "Arguments"), t("状态", "State"), t("次数", "Tries"), t("交付时间", "Given"), t("操作", "Act")],
        list.items.map((job) => ({ key: job.id, cells: [
          job.id, taskName(job.task), html`<code>${argumentsOf(job.ids)}</code>`, html`<span class=${`tag ${kind[job.status] || ""}`}>${jobName(job.status)}</span>`,
          job.attempts, moment(job.given_at || job.scheduled_at),
          may("job.write") && ["waiting", "running", "failed"].includes(job.status) ? html`<div class="row">
            ${job.status === "failed" && html`<${Reasoned} label=${t("重试", "Retry")} onGiven=${(reason) => act(job, "retry", reason)} />`}
            <${Reasoned} label=${t("取消任务", "Cancel job")} type="danger" onGiven=${(reason) => act(job, "cancel", reason)} />
          </div>` : "–",
        ] })),
      )}
      ${ends(list)}`;
  },
};

const resultName = (result) => ({ waiting: t("等待处理", "Waiting"), done: t("已处理", "Done"), quarantined: t("隔离", "Quarantined") })[result] || result;

export const Inbound = {
  setup() {
    const seen = reactive({ result: "", problem: "" });
    const list = useList("/ops/v1/inbound", () => ({ result: seen.result }));
    list.begin();
    const retry = (each, reason) => changed(seen, list, () => call("POST", `/ops/v1/inbound/${each.id}/retry`, { reason }));
    return () => html`
      <h1>${t("部门来件", "Callbacks")}</h1>
      <p class="quiet">${t("部门和微信主动送来的：先存、再处理；这里不显示内容。", "What departments and WeChat brought: stored first, then processed; its content is not shown.")}</p>
      ${trouble(seen)}
      <div class="bar">
        ${chooser(list, seen, "result", ["waiting", "done", "quarantined"].map((each) => [each, resultName(each)]), t("全部状态", "Every state"))}
        <${ElButton} onClick=${list.reload}>${t("刷新", "Refresh")}<//>
      </div>
      ${list.items.length > 0 && table(
        [t("收到", "Received"), t("来源", "Source"), t("签名", "Signature"), t("结果", "Result"), t("次数", "Times"), t("记录 / 坏行", "Records / bad"), t("操作", "Act")],
        list.items.map((each) => ({ key: each.id, cells: [
          moment(each.received_at), html`${nameOfSystem(each.source)}<br /><code class="quiet">${each.message_id}</code>`,
          html`<span class=${`tag ${each.verified ? "good" : "warn"}`}>${each.verified ? t("已验证", "Verified") : t("未签名", "Not signed")}</span>`,
          html`<span class=${`tag ${kind[each.result] || ""}`}>${resultName(each.result)}</span>${each.code && html`<br />${outcome(each.code)}`}`,
          each.times, `${each.records} / ${each.bad_rows}`,
          each.result === "quarantined" && may("job.write") ? html`<${Reasoned} label=${t("重试", "Retry")} onGiven=${(reason) => retry(each, reason)} />` : "–",
        ] })),
      )}
      ${ends(list)}`;
  },
};

export const Quotas = {
  setup() {
    const { seen, found } = useAnswer(() => get("/ops/v1/quotas"), 5);
    return () => html`
      <h1>${t("配额", "Quotas")}</h1>
      ${trouble(seen)}
      ${found.value && html`<div class="two">${quota(t("系统", "Systems"), found.value.systems, t("每分钟", "Per minute"))}${quota(t("服务", "Services"), found.value.services, t("每人每分钟", "Per person and minute"))}</div>`}`;
  },
};

const quota = (title, items, per) => {
  const tokens = items.some((each) => each.token_until);
  const lefts = items.some((each) => each.left !== undefined); // of one person nobody else sees what is left
  return html`<section><h2>${title}</h2>
    ${!items.length && html`<p class="quiet">${t("没有设上限的。", "None has a limit.")}</p>`}
    ${items.length > 0 && table(
      [t("名称", "Name"), per, ...(lefts ? [t("剩余", "Left")] : []), ...(tokens ? [t("令牌有效到", "Token until")] : [])],
      items.map((each) => ({ key: each.id, cells: [
        systemName(each), each.per_minute || t("不限", "no limit"),
        ...(lefts ? [html`${each.left ?? "–"} ${each.left !== null && each.per_minute > 0 && html`<progress max=${each.per_minute} value=${each.left} aria-label=${systemName(each)}></progress>`}`] : []),
        ...(tokens ? [moment(each.token_until)] : []),
      ] })),
      "headed dense",
    )}
  </section>`;
};
