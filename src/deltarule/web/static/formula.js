// MathML and sentences that come as text: parsed as XML, and made anew of what is on the list alone.

import { html } from "./vendor/lit-html.js";

const MATH = "http://www.w3.org/1998/Math/MathML";
const ELEMENTS = new Set("math mrow mi mn mo mtext mspace msub msup msubsup mover munder munderover mfrac msqrt".split(" "));
const ATTRIBUTES = new Set("accent stretchy mathvariant width form fence separator lspace rspace".split(" "));
const policy = window.trustedTypes?.createPolicy("formula", { createHTML: (text) => text });
const known = new Map();

// A formula as an element of its own.
export function math(inner) {
  if (!known.has(inner)) {
    if (known.size > 2000) known.clear();
    const text = `<math xmlns="${MATH}">${inner}</math>`;
    const tree = new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "application/xml");
    known.set(inner, copied(tree.documentElement) ?? document.createTextNode(inner));
  }
  return known.get(inner).cloneNode(true);
}

function copied(node) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE || !ELEMENTS.has(node.localName)) return null;
  const made = document.createElementNS(MATH, node.localName);
  for (const { name, value } of node.attributes) if (ATTRIBUTES.has(name)) made.setAttribute(name, value);
  for (const child of node.childNodes) {
    const kept = copied(child);
    if (kept) made.append(kept);
  }
  return made;
}

// A sentence of texts and formulas.
export const sentence = (runs) => runs.map((run) => ("mathml" in run ? math(run.mathml) : run.text));

// A matrix as a table with brackets; q names its cells: data-q is `${q}[i,j]`.
export function matrix(of, q = "") {
  return html`<table class="matrix" aria-label=${of.caption || "matrix"}>
    ${of.rows.map(
      (row, i) => html`<tr>
        ${row.map((cell, j) => html`<td class=${sign(cell)} data-q=${q ? `${q}[${i + 1},${j + 1}]` : ""}>${cell}</td>`)}
      </tr>`,
    )}
  </table>`;
}

const sign = (text) => (text.startsWith("-") ? "minus" : "");

// Blocks of an explanation, as they come from Python.
export function blocks(each) {
  return each.map((block) => {
    if (block.kind === "heading") return html`<h3>${sentence(block.text)}</h3>`;
    if (block.kind === "paragraph") return html`<p class=${block.verdict}>${sentence(block.text)}</p>`;
    if (block.kind === "table") return table(block);
    return html`<div class="equation">
      ${math(block.mathml)}${block.words ? html` <small>${block.words}</small>` : ""}
      ${block.matrices.map((of) => html`${of.caption ? html`<small>${of.caption}</small>` : ""}${matrix(of)}`)}
    </div>`;
  });
}

function table({ head, rows, right }) {
  const side = (n) => (right.includes(n) ? "number" : "");
  return html`<table class="facts">
    ${head.some((cell) => cell.length) ? html`<tr>${head.map((cell, n) => html`<th class=${side(n)}>${sentence(cell)}</th>`)}</tr>` : ""}
    ${rows.map((row) => html`<tr>${row.map((cell, n) => html`<td class=${side(n)}>${sentence(cell)}</td>`)}</tr>`)}
  </table>`;
}
