// Both languages beside each other: t("停用", "Disable"). The choice is kept on this device.
import { ref } from "/vendor/vue.js";

const KEY = "language";
const asked = localStorage.getItem(KEY) || (navigator.language.startsWith("zh") ? "zh" : "en");

export const language = ref(asked === "en" ? "en" : "zh");

export const t = (zh, en) => (language.value === "zh" ? zh : en);

export const inLanguage = (text) => (text && typeof text === "object" ? text[language.value] || text.zh || "" : text || "");

export function speak(chosen) {
  language.value = chosen;
  localStorage.setItem(KEY, chosen);
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
}

speak(language.value);

const MINUTES = { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false };

export const moment = (at) => (at ? new Date(at).toLocaleString(t("zh-CN", "en-GB"), { year: "numeric", ...MINUTES }) : "–");
export const clock = (at) => (at ? new Date(at).toLocaleTimeString(t("zh-CN", "en-GB"), { hour12: false }) : "–");
export const hour = (at) => (at ? new Date(at).toLocaleTimeString(t("zh-CN", "en-GB"), { hour: "2-digit", minute: "2-digit", hour12: false }) : "–");
export const day = (at) => (at ? new Date(at).toLocaleDateString(t("zh-CN", "en-GB")) : "–");
