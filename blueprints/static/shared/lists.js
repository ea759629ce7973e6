// A list of the hub that grows page by page, and things that are asked for again every few seconds while they are shown.
import { onMounted, onUnmounted, reactive } from "./html.js";
import { get, query } from "./api.js";

export function useList(path, asked = () => ({})) {
  const list = reactive({ items: [], cursor: null, problem: "", busy: false, loaded: false });
  async function page(cursor) {
    list.busy = true;
    list.problem = "";
    try {
      const found = await get(path + query({ page_size: 50, ...asked(), cursor }));
      list.items = cursor ? [...list.items, ...found.items] : found.items;
      list.cursor = found.next_cursor;
    } catch (problem) {
      list.problem = problem.sentence || String(problem);
    }
    list.busy = false;
    list.loaded = true;
  }
  list.reload = () => page(undefined);
  list.more = () => page(list.cursor);
  return list;
}

export function useEvery(seconds, ask) {
  let timer = 0;
  let shown = true;
  async function round() {
    if (!document.hidden) await ask();
    if (shown) timer = setTimeout(round, seconds * 1000);
  }
  onMounted(round);
  onUnmounted(() => {
    shown = false;
    clearTimeout(timer);
  });
}
