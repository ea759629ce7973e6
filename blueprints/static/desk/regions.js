// How the county's regions are called, in the language of the page.
import { reactive, watch } from "../shared/html.js";
import { get, query, session } from "../shared/api.js";
import { language } from "../shared/words.js";

const names = reactive({});

async function learn(cursor = "") {
  const found = await get(`/api/v1/regions${query({ page_size: 100, cursor })}`).catch(() => ({ items: [] }));
  for (const each of found.items) names[each.code] = each.name;
  if (found.next_cursor) await learn(found.next_cursor);
}

watch([() => session.me?.staff_id, language], ([id]) => id && learn(), { immediate: true });

export const regionName = (code) => names[code] || code;
