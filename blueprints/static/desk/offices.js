// How the county's regions and departments are called, in the language of the page: an office is one of either.
import { reactive, watch } from "../shared/html.js";
import { get, query, session } from "../shared/api.js";
import { language } from "../shared/words.js";

const names = reactive({});

async function learn(path, key, cursor = "") {
  const found = await get(path + query({ page_size: 100, cursor })).catch(() => ({ items: [] }));
  for (const each of found.items) names[each[key]] = each.name;
  if (found.next_cursor) await learn(path, key, found.next_cursor);
}

watch([() => session.me?.staff_id, language], ([id]) => {
  if (!id) return;
  learn("/api/v1/regions", "code");
  learn("/api/v1/departments", "id");
}, { immediate: true });

export const officeName = (id) => names[id] || id;
