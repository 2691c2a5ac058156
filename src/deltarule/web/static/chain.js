// The chain strip: the factors of the selected derivative with their shapes, part by part, and the products so far.

import { html } from "./vendor/lit-html.js";
import { math, matrix, sentence } from "./formula.js";
import { asked, isOld } from "./ask.js";
import { level, mode, watch } from "./store.js";

export const chainOf = asked((rev) => ({ about: "chain", of: watch.value, on: mode.value, rev }));

export function chain() {
  const { answer, error } = chainOf.value;
  if (error) return html`<h2>Chain</h2><p class="FAIL">${error}</p>`;
  if (!answer) return html`<h2>Chain</h2><p class="quiet">Asking.</p>`;
  const [, product, ...rest] = answer.sections.chain;
  return html`<div class="bar"><h2>Chain</h2><span class="product">${math(product.mathml)}</span>
      <div class="segments" role="group" aria-label="How formulas are written">
        ${["numbers", "indices", "matrices"].map((each) => html`<button aria-pressed=${level.value === each} @click=${() => (level.value = each)}>${each}</button>`)}
      </div></div>
    <div class="strip ${isOld(answer) ? "old" : ""} ${level.value}" tabindex="0" aria-label="Factors of the chain">${parts(rest)}</div>`;
}

function parts(blocks) {
  const found = [];
  for (const block of blocks) {
    if (block.kind === "heading") found.push({ title: block.text, blocks: [] });
    else if (found.length) found.at(-1).blocks.push(block);
    else found.push({ title: [{ text: "of the batch" }], blocks: [block] });
  }
  return found.map((part) => html`<section class="part"><h3>${sentence(part.title)}</h3><div class="factors">${part.blocks.map(factor)}</div></section>`);
}

function factor(block) {
  if (block.kind !== "equation") return html`<p class="note">${block.text ? sentence(block.text) : ""}</p>`;
  const isProduct = block.words !== "";
  return html`<figure class=${isProduct ? "so-far" : "factor"}>
    <figcaption>${math(block.mathml)}${block.shape ? html`<small>${block.shape.join(" × ")}</small>` : ""}</figcaption>
    ${block.matrices.map((of) => html`${of.caption ? html`<small>${of.caption}</small>` : ""}${matrix(of)}`)}
    ${isProduct ? html`<small>${block.words}</small>` : ""}
  </figure>`;
}
