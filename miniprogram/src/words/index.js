// All words of the pages in both languages; words.js is one line a word, names.js the names of fields and values.
import { settings } from "../hub/settings.js";
import { WORDS } from "./words.js";
import { NAMES, VALUES } from "./names.js";

const at = () => (settings.lang === "en" ? 1 : 0);

/** A word of the pages; {name} in it is filled in. */
export function t(key, values = {}) {
  return Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), WORDS[key][at()]);
}

/** Whether an English page shows a text there is in Chinese only. */
export const onlyChinese = (text) => settings.lang === "en" && /[\u4e00-\u9fff]/.test(text);

/** The name of a field a department answered with. */
export function nameOf(key) {
  return NAMES[key] ? NAMES[key][at()] : key.replace(/_/g, " ");
}

/** The word for a coded value, or the value; `otherwise` instead of a code nobody wrote a word for. */
export function wordOf(value, otherwise) {
  const text = String(value);
  return VALUES[text] ? VALUES[text][at()] : (otherwise ?? text);
}

/** A field's value as a person reads it: money in yuan, yes and no, words for codes. */
export function shown(key, value) {
  if (value === null || value === "") return "—";
  if (key.endsWith("_fen")) return money(value);
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  return dated(wordOf(value));
}

export function money(fen) {
  const yuan = (Math.abs(fen) / 100).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return settings.lang === "en" ? `¥${fen < 0 ? "-" : ""}${yuan}` : `${fen < 0 ? "-" : ""}${yuan} 元`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];
const DAY = /(^|[^\w-])(\d{4})-(0[1-9]|1[0-2])(?:-([0-3]\d))?(?![\w-])/g; // no look-behind: old phones have none
const HARD = "\u00a0"; // a date stays on one line

/** A text with its days and months (2026-11-26, 2026-11) as people write them. */
export function dated(text) {
  return text.replace(DAY, (_, before, year, month, date) => {
    if (settings.lang === "en") return before + [date && Number(date), MONTHS[month - 1], year].filter(Boolean).join(HARD);
    return `${before}${year}年${Number(month)}月${date ? `${Number(date)}日` : ""}`;
  });
}

function local(text) {
  return new Date(new Date(text).getTime() + 8 * 3600 * 1000).toISOString();
}

/** 2026-11-26T12:40:53+08:00 as the county's clock and calendar show it. */
export function when(text) {
  if (!text) return "";
  const at = local(text);
  return `${dated(at.slice(0, 10))}${settings.lang === "en" ? "," : ""}${HARD}${at.slice(11, 16)}`;
}

/** The same, or a day alone (2026-11-26), without its hour. */
export const day = (text) => (text ? dated((text.length > 10 ? local(text) : text).slice(0, 10)) : "");
