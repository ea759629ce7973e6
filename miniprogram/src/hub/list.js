// An endless list of the hub: its first page may be a kept copy, the rest is asked for.
import { ref } from "vue";
import { latest } from "./ask.js";

/** `options()`: the options of each question, as of now (for whom). */
export function useList(path, options = () => ({})) {
  const items = ref([]);
  const cursor = ref("");
  const at = ref("");
  const refusal = ref(null);
  const loading = ref(false);

  async function page(onward) {
    loading.value = true;
    refusal.value = null;
    try {
      const found = await latest(onward ? `${path}&cursor=${encodeURIComponent(onward)}` : path, options());
      items.value = onward ? [...items.value, ...found.body.items] : found.body.items;
      cursor.value = found.body.next_cursor || "";
      at.value = found.at;
    } catch (refused) {
      refusal.value = refused;
    }
    loading.value = false;
  }

  return { items, cursor, at, refusal, loading, load: () => page(""), further: () => page(cursor.value) };
}
