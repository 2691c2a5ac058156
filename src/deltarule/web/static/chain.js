// The chain strip: the factors of the selected derivative with their shapes, part by part, and the products so far.

import { html } from "./vendor/lit-html.js";
import { math, matrix, sentence } from "./formula.js";
import { asked, isOld } from "./ask.js";
import { blank, isHidden } from "./predict.js";
import { hidden, level, mode, watch } from "./store.js";

export const chainOf = asked((rev) => ({ about: "chain", of: watch.value, on: mode.value, rev }));

export function chain() {
  const { answer, error } = chainOf.value;
  if (error) return html`<h2>Chain</h2><p class="FAIL">${error}</p>`;
  if (!answer) return html`<h2>Chain</h2><p class="quiet">Asking.</p>`;
  const [, product, ...rest] = answer.sections.chain;
  return html`<div class="bar"><h2>Chain</h2><span class="product" tabindex="0" role="group" aria-label="The chain as a product">${math(product.mathml)}</span>
      ${answer.note ? html`<span class="quiet">${answer.note}</span>` : ""}
      <div class="segments" role="group" aria-label="How formulas are written">
        ${["numbers", "indices", "matrices"].map((each) => html`<button aria-pressed=${level.value === each} @click=${() => (level.value = each)}>${each}</button>`)}
      </div></div>
    <div class="strip ${isOld(answer) ? "old" : ""} ${level.value}" tabindex="0" aria-label="Factors of the chain">${parts(rest, answer.of)}</div>`;
}

function parts(blocks, of) {
  const found = [];
  const products = blocks.filter((block) => block.words);
  let step = 1;
  for (const block of products) block.step = step += 1;
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
  const isSecret = isProduct && block.step === count && hidden.value.has(`dL/d${of}`);
  return html`<figure class=${isProduct ? "so-far" : "factor"}>
    <figcaption>${math(level.value === "numbers" && block.matrices.length ? block.matrices[0].name : block.mathml)}${block.shape ? html`<small>${block.shape.join(" × ")}</small>` : ""}</figcaption>
    ${block.matrices.map((each) => html`${each.caption ? html`<small>${each.caption}</small>` : ""}${isSecret ? "?" : isBlank ? blanks(each, of, block.step, count) : matrix(each)}`)}
    ${isProduct ? html`<small>${block.words}</small>` : ""}
  </figure>`;
}

// A row of inputs in place of a product; the last one is the derivative.
const blanks = (matrix, of, step, count) =>
  html`<span class="blanks">${matrix.rows[0].map((text, n) => (text === "..." ? "…" : blank(text, of, step === count ? 0 : step, n + 1, "")))}</span>`;
