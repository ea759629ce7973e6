// For whom somebody acts: their own mandates that are in force. The other side's name is masked, as the hub tells it.
import { latest } from "./ask.js";

/** Mandates I hold that are in force; none where the hub has none or cannot be asked. */
export async function held() {
  const found = await latest("/me/mandates").catch(() => ({ body: { items: [] } }));
  return found.body.items.filter((each) => each.side === "holder" && each.state === "in_force");
}

/** Whether a mandate names a kind of licence. */
export function coversLicences(mandate) {
  return mandate.scope.some((word) => word.startsWith("licence:"));
}

/** Whether a mandate covers all of these services (each with `id` and `themes`). */
export function covers(mandate, services) {
  return services.every(({ id, themes = [] }) => mandate.scope.includes(`service:${id}`) || themes.some((theme) => mandate.scope.includes(`theme:${theme}`)));
}
