// One line that says what is seen, and what went wrong.

import { html } from "./vendor/lit-html.js";
import { predict, turn, WORDS } from "./predict.js";
import { begin, leave, stop } from "./tour.js";
import { connection, frame, K, now, refusal, settings, watch } from "./store.js";

export function status() {
  const f = frame.value;
  return html`<p class="said" role="status" aria-live="polite">${f?.is_playing ? "" : said(f)}</p>
    <button class="tour-on" aria-pressed=${stop.value > 0} @click=${() => (stop.value ? leave() : begin(1))}>Tour</button>
    <button class="predict" aria-pressed=${predict.value > 0} @click=${turn} title="hide products of the chain, and predict them">Predict: ${WORDS[predict.value]}</button>
    <label class="goto"><span>go to</span><input id="goto" aria-label="Go to a parameter by its name" .value=${watch.value} @change=${go} autocomplete="off" spellcheck="false"></label>
    <span class="connection ${connection.value}">${{ live: "live", lost: "connection lost; trying again", ended: "the program has ended", connecting: "connecting" }[connection.value]}</span>`;
}

function go(event) {
  watch.value = event.target.value.replaceAll(" ", "") || "w[1,1,1]";
}

function said(f) {
  if (refusal.value) return html`<span class="FAIL">${refusal.value.error}</span>`;
  if (f?.halted) return html`<span class="FAIL">${f.halted}</span>`;
  if (!f || !settings.value) return "";
  const { group, at } = now.value, last = K.value;
  if (group === "forward") {
    if (at === "x") return "Forward: the inputs of the example.";
    if (at === "y") return `Forward, output: ŷ = ${settings.value.output}(a_${last}).`;
    if (at === "L") return `Forward: the loss, ${settings.value.loss}. Nothing has changed but what is shown: 0 parameters moved.`;
    return `Forward, layer ${at}: a_${at} = W_${at} h_${at - 1} + b_${at}${at < last ? `, h_${at} = ${settings.value.activation[at - 1]}(a_${at})` : ""}.`;
  }
  if (group === "backward") {
    if (at === "L") return "Backward, across the output: ∂L/∂ŷ.";
    if (at === last) return `Backward, layer ${at}: ∂L/∂a_${at} = ∂L/∂ŷ · ∂ŷ/∂a_${at}; then ∂L/∂W_${at} = ∂L/∂a_${at} h_${at - 1}ᵀ.`;
    return `Backward, layer ${at}: ∂L/∂h_${at} = W_${at + 1}ᵀ ∂L/∂a_${at + 1}, with the old W_${at + 1}; ∂L/∂a_${at} = ∂L/∂h_${at} ⊙ g′(a_${at}).`;
  }
  return "Update: every parameter that learns takes its step, all at once. Next makes it.";
}
