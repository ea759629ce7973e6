// A list of the hub that grows page by page, and things that are asked for again every few seconds while they are shown.
import { onMounted, onUnmounted, reactive } from "./html.js";
import { get, query } from "./api.js";

// begin(): its first page, of what is asked now; more(): the next one; reload(): anew, as far as it is shown.
export function useList(path, asked = () => ({})) {
  const list = reactive({ items: [], cursor: null, problem: "", loaded: false });
  let pages = 1;
  let newest = 0;

  async function onward(items, cursor, count) {
    const found = await get(path + query({ page_size: 50, ...asked(), cursor }));
    const all = [...items, ...found.items];
    return count > 1 && found.next_cursor ? onward(all, found.next_cursor, count - 1) : { items: all, cursor: found.next_cursor };
  }

  // An answer that was overtaken by another question is none.
  async function take(found) {
    const own = (newest += 1);
    const told = await found.catch((problem) => ({ problem: problem.sentence || String(problem) }));
    if (own === newest) Object.assign(list, { problem: "", loaded: true }, told);
  }

  list.reload = () => take(onward([], undefined, pages));
  list.begin = () => {
    pages = 1;
    return list.reload();
  };
  list.more = () => {
    pages += 1;
    return take(onward(list.items, list.cursor, 1));
  };
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
