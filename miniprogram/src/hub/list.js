// Lists of the hub: endless ones, of which the first page may be a kept copy and the rest is asked for; and whole ones.
import { ref } from "vue";
import { latest } from "./ask.js";

/** Everything of a list that is not long: page after page. `path` has its question mark. */
export async function every(path, cursor = "") {
  const { items, next_cursor: next } = (await latest(`${path}&page_size=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)).body;
  return next ? [...items, ...(await every(path, next))] : items;
}

/** `path()` and `options()`: each question, as of now (what was looked for, for whom). */
export function useList(path, options = () => ({})) {
  const items = ref([]);
  const whole = ref({}); // the newest answer, for what it says beside its items
  const cursor = ref("");
  const at = ref("");
  const refusal = ref(null);
  const loading = ref(false);
  let newest = 0; // an answer that was overtaken by another question is none

  async function page(onward) {
    const own = (newest += 1);
    loading.value = true;
    refusal.value = null;
    try {
      const found = await latest(onward ? `${path()}&cursor=${encodeURIComponent(onward)}` : path(), options());
      if (own !== newest) return;
      items.value = onward ? [...items.value, ...found.body.items] : found.body.items;
      whole.value = found.body;
      cursor.value = found.body.next_cursor || "";
      at.value = found.at;
    } catch (refused) {
      if (own !== newest) return;
      refusal.value = refused;
    }
    loading.value = false;
  }

  return { items, whole, cursor, at, refusal, loading, load: () => page(""), further: () => page(cursor.value) };
}
