// A chart, or what it draws as a table, by a choice that holds for all of them.

import { html } from "./vendor/lit-html.js";
import { hasTables } from "./store.js";

export function chart(drawing, caption, head, rows) {
  if (!hasTables.value) return drawing;
  return html`<div class="as-table" tabindex="0" role="group" aria-label=${caption}><table class="facts"><caption>${caption}</caption>
    <tr>${head.map((each) => html`<th class="number">${each}</th>`)}</tr>
    ${rows.map((row) => html`<tr>${row.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`)}</table></div>`;
}
