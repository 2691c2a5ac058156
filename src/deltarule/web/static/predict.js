// Predict: derivatives and products of the chain are hidden, one, then two, then all; what is typed Python grades.

import { signal } from "./vendor/signals-core.js";
import { html } from "./vendor/lit-html.js";
import { sentence } from "./formula.js";
import { ask } from "./wire.js";
import { mode } from "./store.js";

export const predict = signal(0); // how many products are hidden: 0 none, 1 the derivative, 2 one more, 3 all
const verdicts = signal(new Map());

export const turn = () => {
  predict.value = (predict.value + 1) % 4;
  verdicts.value = new Map();
};

export const WORDS = ["off", "the derivative", "two products", "all products"];

// Whether the product after factor `step` of `count` is hidden.
export const isHidden = (step, count) => predict.value === 3 || (predict.value > 0 && step > count - predict.value);

export const isFound = (of, step, place) => Boolean(verdicts.value.get(key(of, step, place))?.is_right);

const key = (of, step, place) => `${of} ${mode.value} ${step} ${place}`;

// An input in place of a number; right ones show the number again.
export function blank(text, of, step, place, q) {
  const said = verdicts.value.get(key(of, step, place));
  if (said?.is_right) return html`<span class="PASS" data-q=${q}>${text}</span>`;
  const grade = async (event) => {
    const given = event.target.value.trim();
    if (!given) return;
    const answer = await ask({ about: "guess", of, on: mode.value, given, step, place });
    verdicts.value = new Map(verdicts.value).set(key(of, step, place), answer.refused ? { is_right: false, said: [{ text: answer.error }] } : answer);
  };
  return html`<input class="blank ${said ? "wrong" : ""}" inputmode="decimal" autocomplete="off" placeholder="?" aria-label=${`Your prediction, ${step ? `product ${step}, entry ${place}` : of}`} @change=${grade}>${said ? html`<small class="FAIL" role="status">${sentence(said.said)}</small>` : ""}`;
}
