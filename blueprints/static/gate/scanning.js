// One code after the other: asked of the hub, decided by the pack where there is no link, handed in later.
import { html, nextTick, onMounted, onUnmounted, reactive } from "../shared/html.js";
import { call, leave, session } from "../shared/api.js";
import { hour, t } from "../shared/words.js";
import { Camera } from "./camera.js";
import { keep, kept } from "./kept.js";
import { decide } from "./offline.js";
import { Result, sound, wakeSound } from "./result.js";
import { renewPack } from "./shift.js";

const PACK_EVERY_MS = 5 * 60_000;
const HAND_IN_EVERY_MS = 15_000;
const AT_ONCE = 200;

const state = reactive({ told: null, way: "camera", busy: false, linked: navigator.onLine, said: "", code: "", name: "", tail: "" });

const noLink = (problem) => problem.status === 0 || problem.status >= 500;

function show(told) {
  state.told = told;
  sound(told.result);
  nextTick(() => document.querySelector(".result")?.focus());
}

const answered = (verdict) => ({ ...verdict, name: verdict.name_masked, number: verdict.id_masked });

async function ask(path, body, without) {
  if (state.busy) return;
  state.busy = true;
  try {
    const verdict = await call("POST", path, body);
    state.linked = true;
    show(answered(verdict));
  } catch (problem) {
    if (noLink(problem)) {
      state.linked = false;
      await without();
    } else {
      show({ result: "cannot_decide", sentence: unsaid(problem, path) });
    }
  }
  state.busy = false;
}

const unsaid = ({ code, message }, path) =>
  path.endsWith("lookups") && code === "NOT_FOUND" ? t("没有找到此人。请核对姓名和身份证号后 6 位；仍找不到的，请其先申报。", "Nobody was found. Check the name and the last 6 of the number; whoever is not found has to declare first.") : message;

function scan(text) {
  const shown = { code: text.trim(), gate_id: kept.shift.gate, direction: kept.shift.direction, scanned_at: new Date().toISOString() };
  state.code = "";
  return ask("/api/v1/gate/scans", shown, async () => {
    keep("queue", [...kept.queue, shown]);
    show({ ...(await decide(shown.code, kept.pack, kept.keys)), offline: true });
  });
}

function lookUp(event) {
  event.preventDefault();
  const asked = { name: state.name.trim(), id_tail: state.tail.trim() };
  Object.assign(state, { name: "", tail: "" });
  return ask("/api/v1/gate/lookups", asked, async () => show({ result: "cannot_decide", sentence: t("没有网络时查不了姓名。", "Names cannot be looked up without a net."), offline: true, asOf: kept.pack?.issued_at }));
}

let handing = false;

async function handIn() {
  if (handing) return; // two at once would cut what was never sent off the queue
  handing = true;
  await handInAll().finally(() => (handing = false));
}

async function handInAll() {
  while (kept.queue.length && session.me) {
    const part = kept.queue.slice(0, AT_ONCE);
    try {
      const { items } = await call("POST", "/api/v1/gate/scans/batch", { scans: part });
      keep("queue", kept.queue.slice(part.length));
      const good = items.filter((each) => ["recorded", "known"].includes(each.state)).length;
      state.said = t(`已上交 ${part.length} 条，其中 ${good} 条有效。`, `${part.length} handed in, ${good} of them count.`);
      state.linked = true;
    } catch (problem) {
      state.linked = !noLink(problem);
      if (state.linked) state.said = problem.sentence || String(problem);
      return;
    }
  }
}

async function renew() {
  try {
    await renewPack();
    state.linked = true;
  } catch (problem) {
    if (noLink(problem)) state.linked = false;
  }
}

// A pack that ended meanwhile is renewed at once, not at its next time.
function linkedAgain() {
  handIn();
  renew();
}

const packEnded = () => !kept.pack || Date.parse(kept.pack.valid_until) < Date.now();

export const Scanning = {
  setup() {
    const timers = [];
    const now = reactive({ at: Date.now() });
    function tick() {
      now.at = Date.now();
      if (kept.shift?.ends && Date.parse(kept.shift.ends) < now.at) leave(true);
    }
    onMounted(() => {
      timers.push(setInterval(renew, PACK_EVERY_MS), setInterval(handIn, HAND_IN_EVERY_MS), setInterval(tick, 5000));
      addEventListener("online", linkedAgain);
      handIn();
      if (packEnded()) renew();
      navigator.wakeLock?.request("screen").catch(() => null);
    });
    onUnmounted(() => {
      timers.forEach(clearInterval);
      removeEventListener("online", linkedAgain);
    });
    return () => html`
      <main id="main" class="gate" data-now=${now.at} onClick=${wakeSound}>
        ${bar()}
        ${packEnded() && html`<p class="problem loud" role="alert">${t("离线包已过期：没有网络就不能判断。请连网。", "The offline pack has ended: nothing can be decided without a net. Connect.")}</p>`}
        ${state.told ? html`<${Result} told=${state.told} onNext=${() => (state.told = null)} />` : asking()}
        <footer>
          ${state.said && html`<p role="status">${state.said}</p>`}
          ${kept.queue.length > 0 && html`<p class="row apart"><span>${t(`${kept.queue.length} 条待上交`, `${kept.queue.length} to be handed in`)}</span>
            <button class="plain" onClick=${handIn}>${t("现在上交", "Hand in now")}</button></p>`}
        </footer>
      </main>`;
  },
};

function bar() {
  const { shift, pack } = kept;
  const turn = () => keep("shift", { ...shift, direction: shift.direction === "in" ? "out" : "in" });
  return html`
    <div class="status">
      <span class=${`tag ${state.linked ? "good" : "warn"}`}>${state.linked ? t("● 在线", "● Online") : t("▲ 离线", "▲ Offline")}</span>
      <span class="grow">${shift.name || shift.gate}${shift.ends && html`<span class="quiet"> · ${t("到", "until")} ${hour(shift.ends)}</span>`}
        <br /><span class="quiet">${t("离线包有效到", "Pack until")} ${hour(pack?.valid_until)}</span></span>
      <button class="plain direction" onClick=${turn} aria-label=${t("切换进出", "Change direction")}>${shift.direction === "in" ? t("进 ↓", "In ↓") : t("出 ↑", "Out ↑")}</button>
    </div>`;
}

const way = (id, name) => html`<button class=${state.way === id ? "main" : "plain"} aria-pressed=${state.way === id ? "true" : "false"} onClick=${() => (state.way = id)}>${name}</button>`;
const typed = (name) => (event) => (state[name] = event.target.value);

function asking() {
  const submit = (event) => {
    event.preventDefault();
    if (state.code.trim()) scan(state.code);
  };
  return html`
    <h1 class="unseen">${t("卡口核验", "Gate")}</h1>
    <div class="ways" role="group" aria-label=${t("核验方式", "How to check")}>${way("camera", t("扫码", "Scan"))}${way("type", t("输入", "Type"))}${way("name", t("没带手机", "No phone"))}</div>
    ${state.way === "camera" && html`<${Camera} onRead=${scan} />`}
    ${state.way === "type" && html`<form class="card" onSubmit=${submit}>
      <label>${t("健康码内容", "What the code holds")}<textarea name="code" maxlength="1200" autocomplete="off" autocapitalize="off" spellcheck="false" value=${state.code} onInput=${typed("code")}></textarea></label>
      <button class="main" disabled=${state.busy}>${t("核验", "Check")}</button></form>`}
    ${state.way === "name" && html`<form class="card" onSubmit=${lookUp}>
      <label>${t("姓名", "Name")}<input name="name" required maxlength="60" autocomplete="off" value=${state.name} onInput=${typed("name")} /></label>
      <label>${t("身份证号后 6 位", "Last 6 of the ID number")}<input name="tail" required minlength="6" maxlength="18" autocomplete="off" value=${state.tail} onInput=${typed("tail")} /></label>
      <button class="main" disabled=${state.busy}>${t("查询", "Look up")}</button></form>`}`;
}
