// An endless list of the hub: its first page may be a kept copy, the rest is asked for.
import { ref } from "vue";
import { latest } from "./ask.js";

/** `path()` and `options()`: each question, as of now (what was looked for, for whom). */
export function useList(path, options = () => ({})) {
  const items = ref([]);
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
      cursor.value = found.body.next_cursor || "";
      at.value = found.at;
    } catch (refused) {
      if (own !== newest) return;
      refusal.value = refused;
    }
    loading.value = false;
  }

  return { items, cursor, at, refusal, loading, load: () => page(""), further: () => page(cursor.value) };
}
