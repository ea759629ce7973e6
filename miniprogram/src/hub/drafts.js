// What was typed and not yet sent, with the key it will be sent under: a page that is closed loses nothing.
import { newKey } from "./ask.js";

export function draftOf(service) {
  const kept = uni.getStorageSync(`draft:${service}`);
  return kept || { fields: {}, materials: {}, key: newKey(), at: "" };
}

export function keepDraft(service, draft) {
  draft.at = new Date().toISOString();
  uni.setStorageSync(`draft:${service}`, JSON.parse(JSON.stringify(draft)));
}

export function dropDraft(service) {
  uni.removeStorageSync(`draft:${service}`);
}
