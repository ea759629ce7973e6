// Rooms that are there only where the hub answers for them (data sharing is in sharing.js): the ledger, flow.
import { html, nextTick, onMounted, onUnmounted, reactive, ref, watch } from "../shared/html.js";
import { ElButton, ElInput, ElOption, ElSelect } from "/vendor/elements.js";
import { bytes, get, may, session } from "../shared/api.js";
import { trouble, useAnswer } from "../shared/answers.js";
import { placeName } from "../shared/naming.js";
import { place } from "../shared/office.js";
import { moment, t } from "../shared/words.js";
import { check, checkpoint } from "./proof.js";

export const PATHS = {
  sharing: "/api/v1/data/statistics",
  ledger: "/api/v1/ledger/checkpoint",
  flow: "/api/v1/flow/communities/360423001?bucket=5m",
};

export const present = reactive({ sharing: false, ledger: false, flow: false });

const needs = { sharing: "grant.read", flow: "flow.read" };

// A hub without the room hides it; whoever asks is somebody else after each sign-in.
watch(() => session.me?.staff_id, (id) => {
  for (const name of Object.keys(PATHS)) {
    present[name] = false;
    if (id && (!needs[name] || may(needs[name]))) bytes(PATHS[name]).then(() => (present[name] = true), ({ status }) => (present[name] = ![0, 403, 404].includes(status)));
  }
}, { immediate: true });

export const LedgerRoom = {
  setup() {
    const { seen, found } = useAnswer(() => bytes(PATHS.ledger).then(async (told) => checkpoint(await told.text()), (refused) => {
      if (refused.code === "PROOF_PENDING") return { size: 0 };
      throw refused;
    }), 15);
    const form = reactive({ exchange: place()[1] || "", proof: null, told: null, problem: "" });
    async function prove(event) {
      event.preventDefault();
      Object.assign(form, { proof: null, told: null, problem: "" });
      try {
        form.proof = await get(`/api/v1/ledger/proofs/${encodeURIComponent(form.exchange.trim())}`);
        form.told = await check(form.proof, await get("/api/v1/ledger/keys"));
      } catch (refused) {
        form.problem = refused.sentence || String(refused);
      }
    }
    return () => html`
      <h1>${t("存证账本", "Ledger")}</h1>
      ${trouble(seen)}
      ${found.value?.size === 0 && html`<p class="told">${t("账本还没有签出第一个检查点，一分钟内会有；本页自动更新。", "The log has not signed its first checkpoint yet; it will within a minute, and this page follows.")}</p>`}
      ${found.value?.size > 0 && html`<dl class="facts">
        <dt>${t("账本", "Log")}</dt><dd><code>${found.value.origin}</code></dd>
        <dt>${t("条数", "Entries")}</dt><dd>${found.value.size}</dd>
        <dt>${t("树根", "Root")}</dt><dd><code>${found.value.root}</code></dd>
        <dt>${t("签名与见证", "Signed by")}</dt><dd>${found.value.signers.join("、")}</dd>
      </dl>`}
      <h2>${t("核验一次交换的存证", "Check the proof of one exchange")}</h2>
      <p class="quiet">${t("在您的浏览器里用公钥核验，不必相信本系统。", "Checked in your browser with public keys: you need not believe us.")}</p>
      ${!may("ledger.read") && html`<p>${t("证明只给审计人员和交换双方：请用他们的账号登录后在这里核验。", "A proof is for auditors and the two parties: sign in as one of them to check it here.")}</p>`}
      ${may("ledger.read") && html`<form class="bar" onSubmit=${prove}>
        <${ElInput} modelValue=${form.exchange} onUpdate:modelValue=${(value) => (form.exchange = value)} placeholder=${t("交换编号", "Exchange id")} aria-label=${t("交换编号", "Exchange id")} name="exchange" />
        <${ElButton} type="primary" nativeType="submit" disabled=${!form.exchange.trim()}>${t("取证明并核验", "Get and check")}<//>
      </form>`}
      ${trouble(form)}
      ${form.told && verdict(form.told)}
      ${form.proof && html`<pre class="files" tabindex="0">${JSON.stringify(form.proof, null, 2)}</pre>`}`;
  },
};

const holds = (right, yes, no) => html`<span class=${`tag ${right ? "good" : "bad"}`}>${right ? yes : no}</span>`;

const stepName = (step) => ({ DECIDED: t("决定给", "Decided"), DELIVERED: t("已交付", "Delivered"), FAILED: t("没有给成", "Failed") })[step] || step;

const verdict = ({ signed, leaves }) => html`
  <div class="card leg" role="status">
    <p>${t("账本签名", "Signature of the log")} ${holds(signed, t("✓ 正确", "✓ right"), t("✗ 不对", "✗ wrong"))}</p>
    ${leaves.map((each) => html`<p key=${each.number}>${stepName(each.step)} · ${each.number} ${holds(each.holds, t("✓ 在账本里", "✓ in the log"), t("✗ 不在账本里", "✗ not in the log"))}</p>`)}
  </div>`;

export const Flow = {
  setup() {
    const asked = reactive({ region: "360423001" });
    const { seen, found, ask } = useAnswer(() => get(`/api/v1/flow/communities/${encodeURIComponent(asked.region)}?bucket=5m`), 10);
    const box = ref(null);
    let chart = null;
    const buckets = () => found.value?.items || [];
    function draw() {
      const items = buckets();
      const bars = (name, color) => ({ name, type: "bar", data: items.map((each) => each[name] ?? null), itemStyle: { color } });
      chart?.resize(); // it may have been out of sight
      chart?.setOption({
        animation: false, grid: { left: 45, right: 10, top: 14, bottom: 28 }, yAxis: { type: "value" },
        xAxis: { type: "category", data: items.map((each) => moment(each.at).slice(-5)) },
        series: [bars("in", "#07623d"), bars("out", "#b45f06")],
      });
    }
    let gone = false;
    onMounted(async () => {
      const { init } = await import("/vendor/charts.js");
      if (gone) return;
      chart = init(box.value, null, { renderer: "svg" });
      draw();
    });
    onUnmounted(() => {
      gone = true;
      chart?.dispose();
    });
    watch(found, () => nextTick(draw));
    return () => html`
      <h1>${t("人员流动", "Flow")}</h1>
      <p class="quiet">${t("选一个乡镇或社区，看每 5 分钟进出卡口的人数。", "Choose a town or community: people through its gates, every 5 minutes.")}</p>
      <div class="bar">
        <${ElSelect} modelValue=${asked.region} onUpdate:modelValue=${(code) => ((asked.region = code), ask())} filterable aria-label=${t("看哪里", "Where")}>
          ${placeName.all().map(([code, name]) => html`<${ElOption} key=${code} value=${code} label=${name} />`)}<//>
      </div>
      ${trouble(seen)}
      <div ref=${box} class=${`chart ${buckets().length ? "" : "nothing"}`} role="img" aria-label=${t("每 5 分钟进出人数", "In and out per 5 minutes")}></div>
      ${buckets().length > 0 && html`<p class="row quiet"><span class="key">${t("进", "in")}</span><span class="key p95">${t("出", "out")}</span></p>`}
      ${found.value && !buckets().length && html`<p>${t("这个社区今天还没有人经过卡口。", "Nobody has passed a gate of this community today.")}</p>`}
      ${found.value && html`<p>${t("现在在内", "Inside now")} <strong>${found.value.present ?? "–"}</strong></p>`}
      <p class="quiet">${t("人数太少的时段不显示。", "Groups too small are hidden.")}</p>`;
  },
};
