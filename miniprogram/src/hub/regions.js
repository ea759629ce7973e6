// The places a county serves, by name; what is sent is their code.
import { every } from "./list.js";

/** Whether this field of a form is such a place. */
export const isRegion = (schema) => ((schema || {}).pattern || "").startsWith("^[1-8][0-9]{5}(");

/** [code, name] of each: the towns, and the communities and villages instead of their town where those are known. */
export async function regions() {
  const served = await every("/regions?");
  const names = Object.fromEntries(served.map((each) => [each.code, each.name]));
  const villages = served.filter((each) => each.level === "village");
  const towns = served.filter((each) => each.level === "town" && !villages.some((village) => village.parent === each.code));
  return [...towns, ...villages].map((each) => [each.code, each.level === "village" ? `${names[each.parent] || ""} ${each.name}` : each.name]);
}
