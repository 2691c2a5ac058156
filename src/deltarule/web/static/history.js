// The losses of the updates so far, and how large gradient and step are now, layer by layer.

import { html, svg } from "./vendor/lit-html.js";
import { asked } from "./ask.js";
import { path } from "./path.js";
import { chart } from "./table.js";
import { act } from "./wire.js";

const historyOf = asked((rev) => ({ about: "history", rev }));
const normsOf = asked((rev) => ({ about: "norms", rev }));
const W = 380, H = 74;

export function history() {
  const { answer } = historyOf.value;
  return html`<div class="bar"><h2>History</h2><span class="quiet">loss of <b class="ink-value">each batch</b>${answer?.held_t.length ? html`, <b class="ink-gradient">held out</b>` : ""}</span></div>
    ${answer?.t.length ? curves(answer) : html`<p class="quiet">The loss of every update is drawn here, as soon as there is one.</p>`}
    ${norms()}`;
}

function curves(answer) {
  const times = answer.t.map(Number), last = Math.max(times.at(-1), 1);
  const high = Math.max(0, ...[...answer.loss, ...answer.held].map(Number).filter(Number.isFinite));
  const px = (t) => 2 + (t / last) * (W - 4), py = (value) => H - 2 - (value / (high || 1)) * (H - 4);
  const drawn = (at, of) => path(of.map((text, n) => [px(Number(at[n])), py(Number(text))]));
  const go = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    act({ do: "go", t: Math.round(((event.clientX - box.left) / box.width) * last) });
  };
  const held = new Map(answer.held_t.map((t, n) => [t, answer.held[n]]));
  const drawing = html`<svg class="plot go" viewBox="0 0 ${W} ${H}" preserveAspectRatio="none" role="img" @click=${go} aria-label=${`Loss of ${times.at(-1)} updates, from ${answer.loss[0]} to ${answer.loss.at(-1)}`}>
      <title>choose a place to go back to it</title>
      ${svg`<path class="line loss" d=${drawn(answer.t, answer.loss)}></path>`}${answer.held_t.length ? svg`<path class="line tangent" d=${drawn(answer.held_t, answer.held)}></path>` : ""}
    </svg>`;
  return html`${chart(drawing, "Loss by update", ["update", "L", "held out"], answer.t.map((t, n) => [t, answer.loss[n], held.get(t) ?? ""]))}
    <small class="axis"><span>${answer.loss[0]} at first</span><span>now ${answer.loss.at(-1)}${answer.held.length ? `, held out ${answer.held.at(-1)}` : ""}</span></small>`;
}

function norms() {
  const { answer } = normsOf.value;
  if (!answer) return "";
  return html`<div class="scroll"><table class="facts norms ${normsOf.old.value ? "old" : ""}"><tr><th>layer</th>${answer.layers.map((each) => html`<th class="number">${each.layer}</th>`)}</tr>
    <tr><td>‖gradient‖</td>${answer.layers.map((each) => html`<td class="number" data-q=${`norm of gradient ${each.layer}`}>${each.gradient}</td>`)}</tr>
    <tr><td>‖step‖ / ‖θ‖</td>${answer.layers.map((each) => html`<td class="number" data-q=${`step ratio ${each.layer}`}>${each.ratio || "–"}</td>`)}</tr></table></div>`;
}
