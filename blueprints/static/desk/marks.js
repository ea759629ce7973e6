// Beside what may be wrong in a case: what the applicant has to put right.
import { html } from "../shared/html.js";
import { t } from "../shared/words.js";

export const Mark = ({ path, title, seen }) => seen.correcting && html`
  <input class="mark" aria-label=${t(`${title}：要补正什么`, `${title}: what to correct`)} placeholder=${t("要补正什么（没有就留空）", "What to correct (or leave empty)")}
    maxlength="200" value=${seen.marks[path] || ""} onInput=${(event) => (seen.marks[path] = event.target.value)} />`;
Mark.props = ["path", "title", "seen"];
