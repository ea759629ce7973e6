// How what the hub lists is called, in the language of the page; learned again by whoever signs in.
import { reactive, watch } from "./html.js";
import { get, may, query, session } from "./api.js";
import { inLanguage, language } from "./words.js";

// Each list is a path, what its entries are known by, and the permission it needs, if any; `called`: under what an entry has its name. Gives the name of an id, or the id where none is known; `.all()` has each.
export function useNames(lists, called = "name") {
  const names = reactive({});
  async function learn(path, key, cursor = "") {
    const found = await get(path + query({ page_size: 100, cursor })).catch(() => ({ items: [] }));
    for (const each of found.items) names[each[key]] = each[called];
    if (found.next_cursor) await learn(path, key, found.next_cursor);
  }
  watch([() => session.me?.staff_id, language], ([id]) => id && lists.forEach(([path, key, needs]) => (!needs || may(needs)) && learn(path, key)), { immediate: true });
  const name = (id) => inLanguage(names[id]) || id;
  name.all = () => Object.keys(names).map((id) => [id, name(id)]); // in the order in which they were learned
  return name;
}

/** The county, its towns and communities. */
export const placeName = useNames([["/api/v1/regions", "code"]]);

/** An office is a region or a department. */
export const officeName = useNames([["/api/v1/regions", "code"], ["/api/v1/departments", "id"]]);
