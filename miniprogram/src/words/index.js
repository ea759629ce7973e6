// All words of the pages in both languages; words.js is one line a word, names.js the names of fields and values.
import { settings } from "../hub/settings.js";
import { WORDS } from "./words.js";
import { NAMES, VALUES } from "./names.js";

const at = () => (settings.lang === "en" ? 1 : 0);

/** A word of the pages; {name} in it is filled in. */
export function t(key, values = {}) {
  return Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), WORDS[key][at()]);
}

/** The name of a field a department answered with. */
export function nameOf(key) {
  return NAMES[key] ? NAMES[key][at()] : key.replace(/_/g, " ");
}

/** The word for a coded value, or the value. */
export function wordOf(value) {
  const text = String(value);
  return VALUES[text] ? VALUES[text][at()] : text;
}

/** A field's value as a person reads it: money in yuan, yes and no, words for codes. */
export function shown(key, value) {
  if (value === null || value === "") return "—";
  if (key.endsWith("_fen")) return money(value);
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  return wordOf(value);
}

export function money(fen) {
  const yuan = (Math.abs(fen) / 100).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return settings.lang === "en" ? `¥${fen < 0 ? "-" : ""}${yuan}` : `${fen < 0 ? "-" : ""}${yuan} 元`;
}

/** 2026-11-26T12:40:53+08:00 as the county's clock shows it. */
export function when(text) {
  if (!text) return "";
  const local = new Date(new Date(text).getTime() + 8 * 3600 * 1000).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 16)}`;
}

export const day = (text) => when(text).slice(0, 10);
