// The copy of everything the hub keeps of a person. It goes to the person alone: nothing of it is kept on the phone.
import { get } from "./ask.js";
// #ifndef H5
import { Refusal } from "./ask.js";
import { t } from "../words/index.js";
// #endif

/** Whether the copy goes to the clipboard: a mini-program gives no file to the phone. */
// #ifdef H5
export const COPIES = false;
// #endif
// #ifndef H5
export const COPIES = true;
// #endif

/** What is registered, and page after page of what it says is had elsewhere, by its path. Throws Refusal. */
export async function everything() {
  const record = await get("/me/data");
  const parts = {};
  for (const { path } of record.elsewhere) parts[path] = await part(path);
  return { made_at: new Date().toISOString(), ...record, parts };
}

/** What the hub does not give (no health code was ever declared) says so; a hub that cannot be reached is no answer. */
async function part(path) {
  try {
    return await whole(path.replace(/^\/api\/v1/, ""));
  } catch (refusal) {
    if (refusal.unknown || refusal.status === 401) throw refusal;
    return { code: refusal.code, title: refusal.title };
  }
}

async function whole(path, cursor = "") {
  const { next_cursor: next, ...told } = await get(cursor ? `${path}?cursor=${encodeURIComponent(cursor)}` : path);
  return next ? { ...told, items: [...told.items, ...(await whole(path, next)).items] } : told;
}

/** A file in the browser's downloads; in WeChat the clipboard. */
export async function handOver(copy) {
  const text = JSON.stringify(copy, null, 1);
  // #ifdef H5
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = `my-data-${copy.made_at.slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000); // not before the browser has read it
  // #endif
  // #ifndef H5
  await new Promise((resolve, reject) => uni.setClipboardData({ data: text, success: resolve, fail: () => reject(new Refusal(0, { title: t("dataNotCopied") })) }));
  // #endif
}
