// The papers of a case, opened here: a picture is shown, a PDF is handed to the reader of this computer.
import { html, onUnmounted, reactive } from "../shared/html.js";
import { ElButton } from "/vendor/elements.js";
import { bytes } from "../shared/api.js";
import { t } from "../shared/words.js";
import { Mark } from "./marks.js";

export const Papers = {
  props: { case: Object, names: Object, seen: Object },
  setup(props) {
    const open = reactive({});
    onUnmounted(() => Object.values(open).forEach((each) => each.url && URL.revokeObjectURL(each.url)));
    async function show(paper) {
      const id = paper.file_id;
      open[id] = { busy: true };
      try {
        const body = await bytes(`/api/v1/desk/cases/${encodeURIComponent(props.case.receipt_no)}/papers/${encodeURIComponent(id)}`);
        open[id] = { url: URL.createObjectURL(body), picture: body.type.startsWith("image/") };
      } catch (problem) {
        open[id] = { problem: problem.sentence || String(problem) };
      }
    }
    const named = (paper) => props.names[paper.type] || paper.type;
    return () => html`
      <section class="card">
        <h2>${t("材料", "Papers")}</h2>
        ${!props.case.materials.length && html`<p class="quiet">${t("没有，或本步骤不显示。", "None, or not shown in this step.")}</p>`}
        ${props.case.materials.map((paper) => html`
          <div class="paper" key=${paper.type + paper.file_id}>
            <div class="row apart"><strong>${named(paper)}</strong>
              ${paper.file_id && !open[paper.file_id]?.url && html`<${ElButton} onClick=${() => show(paper)} loading=${open[paper.file_id]?.busy}>${t("打开", "Open")} ${named(paper)}<//>`}
              ${paper.credential_id && html`<span class="tag good">${t("电子证照", "Licence")} <code>${paper.credential_id.slice(0, 10)}</code></span>`}
            </div>
            ${opened(open[paper.file_id], named(paper))}
            <${Mark} path=${`materials.${paper.type}`} title=${named(paper)} seen=${props.seen} />
          </div>`)}
        ${props.case.promised.map((type) => html`<p key=${type}>${props.names[type] || type} <span class="tag warn">${t("承诺后补", "Promised for later")}</span></p>`)}
      </section>`;
  },
};

function opened(each, name) {
  if (!each || each.busy) return null;
  if (each.problem) return html`<p class="problem">${each.problem}</p>`;
  return each.picture ? html`<img src=${each.url} alt=${name} />` : html`<p><a href=${each.url} download=${`${name}.pdf`}>${t("保存 PDF", "Save the PDF")}</a></p>`;
}
