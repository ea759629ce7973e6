// One table for every list. On a phone each row is a card whose cells say what they are: nobody reads sideways.
import { html } from "./html.js";

// heads: what the columns are called, "" where that needs no name. rows: [{ key, cells, ...more }], what is more stands on the row.
// kind: its classes. "headed": the first cell is the name of its row; "figures": numbers; "dense": on a phone two beside each other.
export const table = (heads, rows, kind = "") => html`
  <div class="scroll" tabindex="0"><table class=${`table ${kind}`}>
    <thead><tr>${heads.map((head, at) => (head ? html`<th key=${at} scope="col">${head}</th>` : html`<td key=${at}></td>`))}</tr></thead>
    <tbody>${rows.map(({ key, cells, ...more }) => html`<tr key=${key} ...${more}>${cells.map((cell, at) =>
      kind.startsWith("headed") && at === 0 ? html`<th key=${at} scope="row">${cell}</th>` : html`<td key=${at} data-head=${heads[at]}><div>${cell}</div></td>`)}</tr>`)}</tbody>
  </table></div>`;
