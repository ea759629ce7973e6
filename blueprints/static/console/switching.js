// A switch: on or off, notice, maintenance, for how many; always with a reason, with the citizen's view before it counts.
import { html, reactive, watch } from "../shared/html.js";
import { ElButton, ElForm, ElFormItem, ElInput, ElInputNumber, ElOption, ElSelect, ElSwitch } from "/vendor/elements.js";
import { done, trouble } from "../shared/answers.js";
import { call, may, tried } from "../shared/api.js";
import { useList } from "../shared/lists.js";
import { placeName } from "../shared/naming.js";
import { table } from "../shared/table.js";
import { moment, t } from "../shared/words.js";
import { nameOfService, nameOfSystem } from "./names.js";
import { Preview } from "./preview.js";
import { limitName, switched } from "./switched.js";

const CHINA_MS = 8 * 3600 * 1000;
const local = (at) => (at ? new Date(Date.parse(at) + CHINA_MS).toISOString().slice(0, 16) : "");
const whole = (text) => (text ? `${text}:00+08:00` : "");
const same = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
const notice = (zh, en) => (zh.trim() ? { zh: zh.trim(), ...(en.trim() ? { en: en.trim() } : {}) } : null);

function read(item) {
  const { enabled, notice: said, maintenance, rollout, limits } = item;
  return {
    enabled, zh: said?.zh || "", en: said?.en || "", percent: rollout?.percent ?? 100, regions: [...(rollout?.regions || [])], announced: Boolean(maintenance),
    from: local(maintenance?.from), until: local(maintenance?.until), maintenanceZh: maintenance?.notice?.zh || "",
    maintenanceEn: maintenance?.notice?.en || "", limits: { ...limits }, reason: "",
  };
}

// The switch as the form has it, in the hub's own shape.
export const written = (form) => ({
  enabled: form.enabled,
  notice: notice(form.zh, form.en),
  maintenance: form.announced
    ? { from: whole(form.from), until: whole(form.until), ...(form.maintenanceZh ? { notice: notice(form.maintenanceZh, form.maintenanceEn) } : {}) }
    : null,
});

function difference(form, item) {
  const wanted = written(form);
  const patch = {};
  if (wanted.enabled !== item.enabled) patch.enabled = wanted.enabled;
  if (!same(wanted.notice, item.notice)) patch.notice = wanted.notice;
  if (form.announced ? !same(written(read(item)).maintenance, wanted.maintenance) : item.maintenance) patch.maintenance = wanted.maintenance;
  const before = read(item);
  if (form.percent !== before.percent || !same(form.regions, before.regions)) patch.rollout = { ...item.rollout, percent: form.percent, regions: form.regions };
  const limits = Object.entries(form.limits).filter(([name, value]) => value !== item.limits[name]);
  if (limits.length) patch.limits = Object.fromEntries(limits);
  return patch;
}

const field = (form, name, label, more = {}) => html`
  <${ElFormItem} label=${label}>
    <${ElInput} modelValue=${form[name]} onUpdate:modelValue=${(value) => (form[name] = value)} aria-label=${label} ...${more} />
  <//>`;

export const Switching = {
  props: { kind: String, item: Object },
  emits: ["changed"],
  setup(props, { emit }) {
    const form = reactive(read(props.item));
    const said = reactive({ problem: "", told: "", busy: false });
    const history = useList("/ops/v1/switches/history", () => ({ kind: props.kind, id: props.item.id, page_size: 10 }));
    history.begin();
    watch(() => props.item.override, (now, before) => same(now, before) || Object.assign(form, read(props.item), { reason: form.reason }));
    async function act(what, told) {
      said.busy = true;
      await tried(said, async () => {
        await what();
        said.told = told;
        form.reason = "";
        history.reload();
        emit("changed");
      });
      said.busy = false;
    }
    const { reason } = { reason: () => form.reason.trim() };
    const save = () => act(() => call("PATCH", `/ops/v1/${props.kind}s/${props.item.id}`, { ...difference(form, props.item), reason: reason() }),
      t("已生效：一秒内所有工作进程都会执行。", "In force on every worker within a second."));
    const back = (change) => act(() => call("POST", "/ops/v1/switches/rollback", { change_id: change.change_id, reason: reason() }),
      t("已回退到这次改动之前。", "Rolled back to what was before this change."));
    const writeBack = () => act(() => call("POST", "/ops/v1/switches/write-back", { kind: props.kind, id: props.item.id, reason: reason() }),
      t("已写回配置文件。", "Written into the file."));
    return () => html`
      <section aria-label=${t("开关", "Switch")}>
        <h2>${t("开关", "Switch")}</h2>
        ${trouble(said)}
        ${done(said.told)}
        ${!may("switch.write") && html`<p class="quiet">${t("您的角色只能查看，不能改动。", "Your role may look, not change.")}</p>`}
        ${may("switch.write") && html`
          <div class="two">
            <${ElForm} labelPosition="top" onSubmit=${(event) => event.preventDefault()}>${fields(form, props)}
              <div class="row">
                <${ElButton} type="primary" loading=${said.busy} disabled=${!form.reason.trim() || !Object.keys(difference(form, props.item)).length} onClick=${save}>${t("保存并生效", "Save")}<//>
                ${props.item.override && may("config.write") && html`<${ElButton} disabled=${!form.reason.trim()} onClick=${writeBack}>${t("写回配置文件", "Write into file")}<//>`}
              </div>
            <//>
            <${Preview} form=${form} item=${props.item} kind=${props.kind} />
          </div>`}
        ${changes(history, may("switch.write") && form.reason.trim() ? back : null)}
      </section>`;
  },
};

function fields(form, { item }) {
  const enabledName = form.enabled ? t("开放", "Open") : t("停用", "Closed");
  return html`
    <${ElFormItem} label=${t("是否开放", "Open to citizens")}>
      <${ElSwitch} modelValue=${form.enabled} onUpdate:modelValue=${(value) => (form.enabled = value)} aria-label=${t("是否开放", "Open to citizens")} />
      <span class="beside">${enabledName}</span>
    <//>
    ${field(form, "zh", t("公告（群众看到的话）", "Notice in Chinese"), { type: "textarea", rows: 2, maxlength: 500 })}
    ${field(form, "en", t("公告英文", "Notice in English"), { type: "textarea", rows: 2, maxlength: 500 })}
    <${ElFormItem} label=${t("预告维护", "Announce maintenance")}>
      <${ElSwitch} modelValue=${form.announced} onUpdate:modelValue=${(value) => (form.announced = value)} aria-label=${t("预告维护", "Announce maintenance")} />
    <//>
    ${form.announced && html`
      ${field(form, "from", t("维护开始（北京时间）", "From (China time)"), { type: "datetime-local" })}
      ${field(form, "until", t("维护结束（北京时间）", "Until (China time)"), { type: "datetime-local" })}
      ${field(form, "maintenanceZh", t("维护公告", "Maintenance notice in Chinese"))}
      ${field(form, "maintenanceEn", t("维护公告英文", "Maintenance notice in English"))}`}
    <${ElFormItem} label=${t("放给百分之几的人", "Open to how many percent")}>
      <${ElInputNumber} modelValue=${form.percent} onUpdate:modelValue=${(value) => (form.percent = value)} min=${0} max=${100} step=${5} aria-label=${t("百分比", "Percent")} />
    <//>
    ${form.percent < 100 && html`<${ElFormItem} label=${t("以及这些地方的所有人（可不选）", "And to everybody of these places (optional)")}>
      <${ElSelect} modelValue=${form.regions} onUpdate:modelValue=${(codes) => (form.regions = codes)} multiple filterable aria-label=${t("地方", "Places")}>
        ${placeName.all().map(([code, name]) => html`<${ElOption} key=${code} value=${code} label=${name} />`)}<//>
    <//>`}
    ${item.limits && limits(form)}
    ${field(form, "reason", t("理由（必填，会记录）", "Reason (required, recorded)"), { maxlength: 500, name: "reason" })}`;
}

const limits = (form) => Object.keys(form.limits).map((name) => html`
  <${ElFormItem} key=${name} label=${limitName(name)}>
    <${ElInputNumber} modelValue=${form.limits[name]} onUpdate:modelValue=${(value) => (form.limits[name] = value)} min=${0} aria-label=${limitName(name)} />
  <//>`);

const actName = (act) => ({ change: t("改动", "Change"), rollback: t("回退", "Rollback"), write_back: t("写回文件", "Write-back") })[act] || act;

function changes(history, back) {
  return html`
    <h2>${t("历史", "History")}</h2>
    ${may("switch.write") && !back && history.items.length > 0 && html`<p class="quiet">${t("要回退某次改动，请先写理由。", "To go back on a change, give a reason first.")}</p>`}
    ${trouble(history)}
    ${history.loaded && !history.items.length && html`<p class="quiet">${t("没有改动过，以配置文件为准。", "Never changed: the file counts.")}</p>`}
    ${history.items.length > 0 && table(
      [t("时间", "Time"), t("对象", "What"), t("改为", "Changed to"), t("理由", "Reason"), t("谁", "Who"), t("回退", "Back")],
      history.items.map((each) => ({
        key: each.change_id,
        cells: [
          moment(each.changed_at), html`${each.kind === "system" ? nameOfSystem(each.id) : nameOfService(each.id)}<br /><code class="quiet">${each.id}</code>`,
          html`${each.act !== "change" && html`<strong>${actName(each.act)}</strong>`}${switched(each.after)}`, each.reason, each.actor_name || each.actor.slice(0, 8),
          back ? html`<${ElButton} link type="primary" aria-label=${`${t("回到此前", "Undo")} ${each.change_id}`} onClick=${() => back(each)}>${t("回到此前", "Undo")}<//>` : "–",
        ],
      })),
    )}
    ${history.cursor && html`<${ElButton} onClick=${history.more}>${t("更多", "More")}<//>`}`;
}

// The history of everything.
export const Changes = {
  setup() {
    const history = useList("/ops/v1/switches/history");
    const form = reactive({ reason: "", problem: "" });
    history.begin();
    const back = (change) =>
      tried(form, async () => {
        await call("POST", "/ops/v1/switches/rollback", { change_id: change.change_id, reason: form.reason.trim() });
        form.reason = "";
        history.reload();
      });
    return () => html`
      <h1>${t("开关历史", "Switch history")}</h1>
      ${trouble(form)}
      ${may("switch.write") && html`<div class="bar"><${ElInput} modelValue=${form.reason} onUpdate:modelValue=${(value) => (form.reason = value)}
        placeholder=${t("回退的理由", "Reason for going back")} aria-label=${t("回退的理由", "Reason for going back")} /></div>`}
      ${changes(history, may("switch.write") && form.reason.trim() ? back : null)}`;
  },
};
