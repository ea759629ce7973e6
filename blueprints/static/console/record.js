// The record of acts, and the configuration in force against its files.
import { html, reactive, shallowRef } from "../shared/html.js";
import { ElButton, ElInput } from "/vendor/elements.js";
import { trouble } from "../shared/answers.js";
import { get } from "../shared/api.js";
import { useList } from "../shared/lists.js";
import { table } from "../shared/table.js";
import { moment, t } from "../shared/words.js";
import { actName } from "./acts.js";
import { nameOfService, nameOfSystem } from "./names.js";
import { fieldName, fieldValue } from "./switched.js";

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
      ${list.loaded && !list.items.length && !list.problem && html`<p class="quiet">${t("没有找到。", "Nothing found.")}</p>`}
      ${list.items.length > 0 && table(
        [t("时间", "Time"), t("谁", "Who"), t("做什么", "Act"), t("对象", "Target"), t("结果", "Outcome"), t("理由", "Reason")],
        list.items.map((each) => ({ key: each.id, cells: cells(each, () => ((seen.actor = each.actor), list.begin())) })),
      )}
      ${list.cursor && html`<p><${ElButton} onClick=${list.more}>${t("更多", "More")}<//></p>`}`;
  },
};

const cells = (each, only) => [
  moment(each.acted_at),
  html`<${ElButton} link type="primary" title=${t("只看此人", "Only this account")} onClick=${only}>${each.actor_name || each.actor.slice(0, 12)}<//><br /><span class="quiet">${each.roles.filter((role) => role !== each.actor_name).join(", ")}</span>`,
  actName(each.act), html`<code>${each.target || "–"}</code>`,
  html`<span class=${`tag ${each.outcome === "OK" ? "good" : "bad"}`}>${each.outcome === "OK" ? t("成功", "Good") : each.outcome}</span>`, each.reason || "–",
];

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
        <div class="row apart"><strong>${each.kind === "system" ? nameOfSystem(each.id) : nameOfService(each.id)} <code class="quiet">${each.id}</code></strong><code class="quiet">${each.place}</code></div>
        ${table([t("字段", "Field"), t("文件", "File"), t("现在生效", "In force")], each.fields.map(({ field, config, override }) => ({
          key: field, cells: [html`${fieldName(field)}<br /><code class="quiet">${field}</code>`, html`<del>${fieldValue(field, config)}</del>`, html`<ins>${fieldValue(field, override)}</ins>`],
        })))}
      </section>`)}`;
}
