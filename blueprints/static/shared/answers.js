// An answer of the hub, asked for again while it is shown; and how a page says that something went wrong or well.
import { html, reactive, shallowRef } from "./html.js";
import { ElAlert } from "/vendor/elements.js";
import { useEvery } from "./lists.js";

export function useAnswer(asked, seconds) {
  const seen = reactive({ problem: "" });
  const found = shallowRef(null);
  async function ask() {
    try {
      found.value = await asked();
      seen.problem = "";
    } catch (problem) {
      seen.problem = problem.sentence || String(problem);
    }
  }
  useEvery(seconds, ask);
  return { seen, found, ask };
}

const alert = (type, text) => text && html`<${ElAlert} type=${type} closable=${false} title=${text} />`;

// Each may have a `problem`; the first that has one is shown.
export const trouble = (...each) => alert("error", each.map(({ problem }) => problem).find(Boolean));
export const done = (text) => alert("success", text);
