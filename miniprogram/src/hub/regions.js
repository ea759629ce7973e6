// The places a county serves, by name; what is sent is their code.
import { latest } from "./ask.js";

/** Whether this field of a form is such a place. */
export const isRegion = (schema) => ((schema || {}).pattern || "").startsWith("^[1-8][0-9]{5}(");

/** [code, name] of each: the towns, and the communities and villages instead of their town where those are known. */
export async function regions() {
  const served = await all();
  const names = Object.fromEntries(served.map((each) => [each.code, each.name]));
  const villages = served.filter((each) => each.level === "village");
  const towns = served.filter((each) => each.level === "town" && !villages.some((village) => village.parent === each.code));
  return [...towns, ...villages].map((each) => [each.code, each.level === "village" ? `${names[each.parent] || ""} ${each.name}` : each.name]);
}

async function all(cursor = "") {
  const { items, next_cursor: next } = (await latest(`/regions?page_size=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)).body;
  return next ? [...items, ...(await all(next))] : items;
}
