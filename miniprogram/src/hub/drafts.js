// What was typed and not yet sent, with the key it will be sent under: a page that is closed loses nothing.
import { newKey } from "./ask.js";
import { keep } from "./keep.js";

export function draftOf(service) {
  const kept = uni.getStorageSync(`draft:${service}`);
  return kept || { fields: {}, materials: {}, key: newKey(), at: "" };
}

/** `draft.at` tells when; it is empty where the phone could not keep it. */
export function keepDraft(service, draft) {
  draft.at = new Date().toISOString();
  if (!keep(`draft:${service}`, JSON.parse(JSON.stringify(draft)))) draft.at = "";
}

export function dropDraft(service) {
  uni.removeStorageSync(`draft:${service}`);
}
