// The record of acts, and the configuration in force against its files.
import { html, reactive, shallowRef } from "../shared/html.js";
import { ElButton, ElInput } from "/vendor/elements.js";
import { trouble } from "../shared/answers.js";
import { get } from "../shared/api.js";
import { useList } from "../shared/lists.js";
import { moment, t } from "../shared/words.js";

const box = (seen, name, label) => html`
  <${ElInput} modelValue=${seen[name]} onUpdate:modelValue=${(value) => (seen[name] = value)} placeholder=${label} aria-label=${label} clearable />`;

export const Audit = {
  setup() {
    const seen = reactive({ actor: "", target: "" });
    const list = useList("/ops/v1/audit", () => ({ actor: seen.actor.trim(), target: seen.target.trim() }));
    list.begin();
    const search = (event) => {
      event.preventDefault();
      list.begin();
    };
    return () => html`
      <h1>${t("操作记录", "Record of acts")}</h1>
      <p class="quiet">${t("被拒绝的操作也在这里；查看本页同样会被记录。", "Refused acts are here too; looking at this page is recorded as well.")}</p>
      <form class="bar" onSubmit=${search}>
        ${box(seen, "actor", t("账号编号", "Account"))} ${box(seen, "target", t("对象，如 service:…", "Target, as service:…"))}
        <${ElButton} type="primary" nativeType="submit">${t("查找", "Find")}<//>
      </form>
      ${trouble(list)}
      <div class="scroll" tabindex="0"><table class="table">
        <thead><tr><th>${t("时间", "Time")}</th><th>${t("谁", "Who")}</th><th>${t("做什么", "Act")}</th><th>${t("对象", "Target")}</th><th>${t("结果", "Outcome")}</th><th>${t("理由", "Reason")}</th></tr></thead>
        <tbody>${list.items.map((each) => html`<tr key=${each.id}>
          <td>${moment(each.acted_at)}</td><td><${ElButton} link type="primary" title=${t("只看此人", "Only this account")} onClick=${() => ((seen.actor = each.actor), list.begin())}>${each.actor_name || each.actor.slice(0, 12)}<//><br /><span class="quiet">${each.roles.filter((role) => role !== each.actor_name).join(", ")}</span></td>
          <td><code>${each.act}</code></td><td><code>${each.target || "–"}</code></td>
          <td><span class=${`tag ${each.outcome === "OK" ? "good" : "bad"}`}>${each.outcome}</span></td><td>${each.reason || "–"}</td></tr>`)}</tbody>
      </table></div>
      ${list.cursor && html`<p><${ElButton} onClick=${list.more}>${t("更多", "More")}<//></p>`}`;
  },
};

export const Config = {
  setup() {
    const found = shallowRef(null);
    const files = shallowRef(null);
    const seen = reactive({ problem: "" });
    async function ask(into, path) {
      try {
        into.value = await get(path);
        seen.problem = "";
      } catch (problem) {
        seen.problem = problem.sentence || String(problem);
      }
    }
    ask(found, "/ops/v1/config");
    return () => html`
      <h1>${t("配置差异", "Configuration")}</h1>
      ${trouble(seen)}
      ${found.value && shown(found.value)}
      <p><${ElButton} onClick=${() => ask(files, "/ops/v1/config/export")}>${t("导出：写入覆盖后的文件", "Export: the files with overrides written in")}<//></p>
      ${files.value?.files.length === 0 && html`<p class="quiet">${t("没有覆盖，文件就是现状。", "No override: the files are what counts.")}</p>`}
      ${files.value?.files.map((each) => html`<h2 key=${each.file}><code>${each.file}</code></h2><pre class="files" tabindex="0">${each.text}</pre>`)}`;
  },
};

const value = (any) => (typeof any === "string" ? any : JSON.stringify(any));

function shown(config) {
  const broken = Object.entries(config.not_started);
  return html`
    <dl class="facts">
      <dt>${t("版本", "Version")}</dt><dd><code>${config.version}</code></dd>
      <dt>${t("载入时间", "Loaded")}</dt><dd>${moment(config.loaded_at)}</dd>
    </dl>
    ${config.problem && html`<p class="problem">${t("磁盘上的文件有错，仍用上一份好的：", "The file on the disk is wrong, the last good one counts: ")}<code>${config.problem}</code></p>`}
    ${broken.map(([id, why]) => html`<p class="problem" key=${id}>${t("没有启动：", "Not started: ")}<code>${id}</code> <code>${why}</code></p>`)}
    <h2>${t("覆盖与文件的不同", "Overrides against files")}</h2>
    ${!config.differences.length && html`<p class="quiet">${t("没有不同。", "No difference.")}</p>`}
    ${config.differences.map((each) => html`
      <section class="card leg" key=${each.kind + each.id}>
        <div class="row apart"><strong>${each.kind === "system" ? t("系统", "System") : t("服务", "Service")} <code>${each.id}</code></strong><code class="quiet">${each.place}</code></div>
        <table class="table"><thead><tr><th>${t("字段", "Field")}</th><th>${t("文件", "File")}</th><th>${t("现在生效", "In force")}</th></tr></thead>
          <tbody>${each.fields.map((field) => html`<tr key=${field.field}><td><code>${field.field}</code></td><td><del><code>${value(field.config)}</code></del></td><td><ins><code>${value(field.override)}</code></ins></td></tr>`)}</tbody></table>
      </section>`)}`;
}
