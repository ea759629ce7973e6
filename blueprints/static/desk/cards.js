// Clocks and cards: how long there is, and what colour that has, always with a word.
import { html } from "../shared/html.js";
import { moment, t } from "../shared/words.js";

const DAY_MS = 24 * 3600 * 1000;

export const cardName = (card) => ({ yellow: t("黄牌：快到期", "Yellow: nearly due"), red: t("红牌：已超期", "Red: overdue") })[card] || t("在期限内", "In time");

const kind = { yellow: "warn", red: "bad" };

export const Card = ({ card }) => html`<span class=${`tag ${kind[card] || "good"}`}>${cardName(card)}</span>`;
Card.props = ["card"];

export function left(at) {
  const days = (Date.parse(at) - Date.now()) / DAY_MS;
  if (days < 0) return t(`已超 ${Math.ceil(-days)} 天`, `${Math.ceil(-days)} days late`);
  return days < 1 ? t(`剩 ${Math.ceil(days * 24)} 小时`, `${Math.ceil(days * 24)} h left`) : t(`剩 ${Math.floor(days)} 天`, `${Math.floor(days)} days left`);
}

export const Due = ({ at }) => (at ? html`<span>${moment(at)}<br /><strong>${left(at)}</strong></span>` : html`<span>–</span>`);
Due.props = ["at"];
