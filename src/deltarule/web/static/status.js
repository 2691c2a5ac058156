// One line that says what is seen, and what went wrong.

import { html } from "./vendor/lit-html.js";
import { predict, turn, WORDS } from "./predict.js";
import { begin, leave, stop } from "./tour.js";
import { connection, frame, K, mode, now, refusal, settings, sub, watch } from "./store.js";

export function status() {
  const f = frame.value;
  return html`<p class="said" role="status" aria-live="polite">${f?.is_playing ? "" : said(f)}</p>
    <button class="tour-on" aria-pressed=${stop.value > 0} @click=${() => (stop.value ? leave() : begin(1))}>Tour</button>
    <button class="predict" aria-pressed=${predict.value > 0} @click=${turn} title="hide products of the chain, and predict them">Predict: ${WORDS[predict.value]}</button>
    <label class="goto"><span>go to</span><input id="goto" aria-label="Go to a parameter by its name" .value=${watch.value} @change=${go} autocomplete="off" spellcheck="false"></label>
    ${f ? html`<span class="quiet theta" title="the beginning of the SHA-256 of all parameters: the same digits are the same bits">θ <span data-q="theta">${f.theta}</span></span>` : ""}
    <span class="connection ${connection.value}">${{ live: "live", lost: "connection lost; trying again", ended: "the program has ended", connecting: "connecting" }[connection.value]}</span>`;
}

function go(event) {
  watch.value = event.target.value.replaceAll(" ", "") || "w[1,1,1]";
}

// The units of a layer that let next to nothing through, of which one is named.
function shut(f, at) {
  const [first, ...others] = f[mode.value].shut.filter(([k]) => k === at);
  if (!first) return "";
  const [k, i, state, slope] = first;
  return html`Unit ${i}${others.length ? ` and ${others.length} more are` : " is"} ${state}, |g′| = <span data-q="|g'|[${k},${i}]">${slope}</span>.`;
}

function said(f) {
  if (refusal.value) return html`<span class="FAIL">${refusal.value.error}</span>`;
  if (f?.halted) return html`<span class="FAIL">${f.halted}</span>`;
  if (!f || !settings.value) return "";
  const { group, at } = now.value, last = K.value;
  const [below, n, above] = [at - 1, at, at + 1].map(sub);
  if (group === "forward") {
    if (at === "x") return "Forward: the inputs of the example.";
    if (at === "y") return `Forward, output: ŷ = ${settings.value.output}(a${sub(last)}).`;
    if (at === "L") return `Forward: the loss, ${settings.value.loss}. Nothing has changed but what is shown: 0 parameters moved.`;
    return `Forward, layer ${at}: a${n} = W${n} h${below} + b${n}${at < last ? `, h${n} = ${settings.value.activation[at - 1]}(a${n})` : ""}.`;
  }
  if (group === "backward") {
    if (at === "L") return "Backward, across the output: ∂L/∂ŷ.";
    if (at === last) return `Backward, layer ${at}: ∂L/∂a${n} = ∂L/∂ŷ · ∂ŷ/∂a${n}; then ∂L/∂W${n} = ∂L/∂a${n} h${below}ᵀ.`;
    return html`Backward, layer ${at}: ∂L/∂h${n} = W${above}ᵀ ∂L/∂a${above}, with the old W${above}; ∂L/∂a${n} = ∂L/∂h${n} ⊙ g′(a${n}). ${shut(f, at)}`;
  }
  return "Update: every parameter that learns takes its step, all at once. Next makes it.";
}
