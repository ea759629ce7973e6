// A column of a table: its name, and what stands in it of one row.
import { html } from "../shared/html.js";
import { ElTableColumn } from "/vendor/elements.js";

export const column = (label, cell, more = {}) => html`<${ElTableColumn} key=${label} label=${label} ...${more}>${{ default: ({ row }) => cell(row) }}<//>`;
