// The answer, as large as the phone: a word, a shape, a colour and a sound, so that none of them is needed alone.
import { html } from "../shared/html.js";
import { hour, inLanguage, t } from "../shared/words.js";

const word = (result) => ({ pass: t("通行", "Pass"), stop: t("拦下", "Stop") })[result] || t("无法判断", "Cannot decide");

const reason = (why) =>
  ({
    PACK_MISSING: t("没有离线包，请连网后再扫。", "There is no offline pack. Scan again with a net."),
    PACK_INVALID: t("离线包不可信，请连网更新。", "The offline pack cannot be trusted. Renew it with a net."),
    PACK_EXPIRED: t("离线包已过期，不再判断。请连网更新。", "The offline pack has ended and decides nothing. Renew it with a net."),
    NEEDS_LINK: t("没有网络时请出示“离线码”。已记下，连网后上交。", "Without a net ask for the offline code. It is noted and handed in later."),
    QR_INVALID: t("不是本地的健康码。", "This is no code of ours."),
    QR_EXPIRED: t("码已过期，可能是截图，请刷新后再出示。", "The code has expired, perhaps a screenshot. Ask for a fresh one."),
    REPORT_EXPIRED: t("申报已过期，请重新申报。", "The declaration has expired. Ask for a new one."),
    REVOKED: t("此人的状态刚有变化，请连网后再扫。", "This person's state has just changed. Scan again with a net."),
    NO_GRADE: t("规则里没有这个等级。", "The rules do not know this grade."),
  })[why] || "";

const shapes = {
  pass: html`<svg viewBox="0 0 100 100" aria-hidden="true"><circle cx="50" cy="50" r="46" /><path d="M28 52l16 16 30-34" /></svg>`,
  stop: html`<svg viewBox="0 0 100 100" aria-hidden="true"><path class="body" d="M31 4h38l27 27v38L69 96H31L4 69V31z" /><path d="M32 32l36 36M68 32L32 68" /></svg>`,
  cannot_decide: html`<svg viewBox="0 0 100 100" aria-hidden="true"><path class="body" d="M50 6L97 92H3z" /><path d="M50 36v28M50 76v4" /></svg>`,
};

export const Result = {
  props: { told: Object },
  emits: ["next"],
  setup(props, { emit }) {
    return () => {
      const { told } = props;
      return html`
        <section class=${`result ${told.result}`} role="alert" tabindex="-1">
          ${shapes[told.result] || shapes.cannot_decide}
          <h2>${word(told.result)}</h2>
          ${told.gradeName && html`<p class="grade">${inLanguage(told.gradeName)}</p>`}
          ${told.name && html`<p class="masked">${told.name}<br />${told.number}</p>`}
          <p>${told.sentence || reason(told.why) || inLanguage(told.advice)}</p>
          ${told.offline && html`<p class="offline">${t("离线判断，规则截至 ", "Decided offline, rules as of ")}${hour(told.asOf)}</p>`}
          <button class="main" onClick=${() => emit("next")}>${t("下一个", "Next")}</button>
        </section>`;
    };
  },
};

let audio = null;

// Sounds are allowed only after somebody has touched the page.
export function wakeSound() {
  audio ??= new AudioContext();
  audio.resume();
}

const TONES = { pass: [[880, 0], [1320, 0.12]], stop: [[220, 0], [220, 0.25], [220, 0.5]], cannot_decide: [[440, 0], [330, 0.2]] };

export function sound(result) {
  navigator.vibrate?.(result === "pass" ? 80 : [200, 100, 200]);
  if (!audio) return;
  for (const [pitch, after] of TONES[result] || TONES.cannot_decide) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.value = 0.25;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + after);
    tone.stop(audio.currentTime + after + (result === "pass" ? 0.1 : 0.18));
  }
}
