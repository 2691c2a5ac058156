// The chain strip: the factors of the selected derivative with their shapes, part by part, and the products so far.

import { html } from "./vendor/lit-html.js";
import { math, matrix, sentence } from "./formula.js";
import { asked, asking } from "./ask.js";
import { effect } from "./vendor/signals-core.js";
import { blank, isFound, isHidden } from "./predict.js";
import { asked as toFind, hidden, K, level, lit, mode, parsed, say, settings, watch } from "./store.js";

export const chainOf = asked((rev) => ({ about: "chain", of: watch.value, on: mode.value, rev }));

export function chain() {
  const { answer, error } = chainOf.value;
  if (error) return html`<h2>Chain</h2><p class="FAIL">${error}</p>`;
  if (!answer) return html`<h2>Chain</h2>${asking}`;
  const [, product, ...rest] = answer.sections.chain;
  return html`<div class="bar"><h2>Chain</h2><span class="product" tabindex="0" role="group" aria-label="The chain as a product">${math(product.mathml)}</span>
      ${answer.note ? html`<span class="quiet">${answer.note}</span>` : ""}
      <div class="segments" role="group" aria-label="How formulas are written">
        ${["numbers", "indices", "matrices"].map((each) => html`<button aria-pressed=${level.value === each} @click=${() => (level.value = each)}>${each}</button>`)}
      </div></div>
    <div class="strip ${chainOf.old.value ? "old" : ""} ${level.value}" tabindex="0" aria-label="Factors of the chain">${parts(rest, answer.of)}</div>`;
}

// What is to be predicted is hidden wherever it stands: the products that are blank, until they are found.
effect(() => {
  const { answer } = chainOf.value, names = [];
  const products = answer && settings.value ? numbered(answer.sections.chain) : [];
  for (const { step, matrices: [{ symbol, rows }] } of products) {
    if (rows.length > 1 || !isHidden(step, products.length + 1)) continue;
    const layer = /^dL\/d([ah])_(\d+)$/.exec(symbol);
    if (!layer) {
      if (!isFound(answer.of, 0, 1)) names.push(...[`dL/d${answer.of}`, `step ${answer.of}`, `new ${answer.of}`]);
      continue;
    }
    const [, of, k] = layer;
    for (let i = 1; i <= settings.value.sizes[k]; i++) if (!isFound(answer.of, step, i)) names.push(`dL/d${of}[${k},${i}]`);
  }
  if (names.join() !== [...toFind.predict.peek()].join()) toFind.predict.value = new Set(names);
});

// The products of a chain, each with its step, from 2 on.
function numbered(blocks) {
  const products = blocks.filter((block) => block.words);
  products.forEach((block, n) => (block.step = n + 2));
  return products;
}

function parts(blocks, of) {
  const found = [];
  const products = numbered(blocks);
  for (const block of blocks) {
    if (block.kind === "heading") found.push({ title: block.text, blocks: [] });
    else if (found.length) found.at(-1).blocks.push(block);
    else found.push({ title: [{ text: "of the batch" }], blocks: [block] });
  }
  const shown = level.value === "numbers" ? found.filter((part) => part.blocks.some((block) => block.kind === "equation")) : found;
  return shown.map((part) => html`<section class="part"><h3>${sentence(part.title)}</h3><div class="factors">${part.blocks.map((block) => factor(block, of, products.length + 1))}</div></section>`);
}

function factor(block, of, count) {
  if (block.kind !== "equation") return html`<p class="note">${block.text ? sentence(block.text) : ""}</p>`;
  const isProduct = block.words !== "";
  const isBlank = isProduct && isHidden(block.step, count) && block.matrices[0].rows.length === 1;
  const k = parsed(of)?.k, isBreak = isProduct && block.matrices[0].symbol === `dL/dh_${k}`;
  const isSecret = isProduct && block.step === count && toFind.tour.value.has(`dL/d${of}`);
  return html`<figure class=${isProduct ? `so-far ${isBreak ? "break-here" : ""}` : "factor"}>
    <figcaption>${math(level.value === "numbers" && block.matrices.length ? block.matrices[0].name : block.mathml)}${block.shape ? html`<small>${block.shape.join(" × ")}</small>` : ""}</figcaption>
    ${block.matrices.map((each) => html`${each.caption ? html`<small>${each.caption}</small>` : ""}${isSecret ? "?" : isBlank ? blanks(each, of, block.step, count) : html`<div @pointerover=${(event) => light(event, each)} @pointerleave=${() => (lit.value = [])}>${matrix(masked(each))}</div>`}`)}
    ${isProduct ? html`<small>${isBreak ? `shared by all of layer ${k} and below` : block.words}</small>` : ""}
  </figure>`;
}

// A matrix without the numbers that are to be found out.
function masked(each) {
  if (hidden.value.has(each.symbol)) return { ...each, rows: each.rows.map((row) => row.map(() => "?")) };
  const found = /^dL\/d(?:([ah])_(\d+)|y_hat)$/.exec(each.symbol);
  if (!found || each.rows.length > 1 || each.is_elided) return each;
  const q = (j) => (found[1] ? `dL/d${found[1]}[${found[2]},${j}]` : `dL/dy_hat[${j}]`);
  return { ...each, rows: [each.rows[0].map((text, n) => say(q(n + 1), text))] };
}

// Light what a cell is about: the unit of its row and that of its column, and the weight where it is one.
function light(event, { symbol, is_elided }) {
  const cell = event.target.closest("td"), found = /^d(\w+)\/d(\w+)$/.exec(symbol);
  if (!cell || !found || is_elided) return;
  const [above, below] = [layerOf(found[1]), layerOf(found[2])];
  const i = cell.parentElement.rowIndex + 1, j = cell.cellIndex + 1;
  const units = [...(above ? [`h[${above},${i}]`] : []), ...(below === null ? [] : [`h[${below},${j}]`])];
  lit.value = above && below === above - 1 ? [...units, `w[${above},${i},${j}]`] : units;
}

// The layer of a quantity such as a_2, h_1, y_hat; null of a loss or a parameter.
function layerOf(symbol) {
  if (symbol === "y_hat") return K.value;
  const found = /^[ah]_(\d+)$/.exec(symbol);
  return found ? Number(found[1]) : null;
}

// A row of inputs in place of a product; the last one is the derivative.
const blanks = (matrix, of, step, count) =>
  html`<span class="blanks">${matrix.rows[0].map((text, n) => (text === "..." ? "…" : blank(text, of, step === count ? 0 : step, n + 1, "")))}</span>`;
