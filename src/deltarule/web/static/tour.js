// The tour of twelve stops: what is seen, one question, one thing to do. What is right and what is done Python says.

import { computed, effect, signal } from "./vendor/signals-core.js";
import { html } from "./vendor/lit-html.js";
import { sentence } from "./formula.js";
import { asked as answers } from "./ask.js";
import { cross } from "./icons.js";
import { act, ask } from "./wire.js";
import { asked, frame, mode, now, phase, phases, watch } from "./store.js";

export const stop = signal(0); // from 1; 0 where the tour is off
const stops = signal([]);
const verdict = signal(null); // of the last answer
const finished = signal(new Set());
const progressOf = answers((rev) => (stop.value ? { about: "progress", stop: stop.value, watch: watch.value, group: now.value.group, at: String(now.value.at), rev } : null));

const current = computed(() => stops.value[stop.value - 1]);
const isAnswered = computed(() => verdict.value?.is_right || verdict.value?.is_told);

effect(() => {
  asked.tour.value = new Set(current.value && !isAnswered.value ? current.value.hides : []);
});

export async function begin(n) {
  if (!stops.value.length) {
    const said = await ask({ about: "stops" });
    if (said.refused) return;
    stops.value = said.stops;
  }
  const said = await act({ do: "stop", n });
  if (said.refused) return;
  stop.value = n;
  verdict.value = null;
  const of = stops.value[n - 1];
  mode.value = of.mode;
  watch.value = of.watch;
  const end = effect(() => {
    if (!frame.value || frame.value.rev < said.rev) return;
    const [group, at] = of.phase;
    phase.value = phases.value.findIndex((each) => each.group === group && String(each.at) === at);
    queueMicrotask(() => end());
  });
}

export function leave() {
  stop.value = 0;
  verdict.value = null;
}

async function answer(given) {
  const said = await ask({ about: "grade", stop: stop.value, given });
  verdict.value = said.refused ? { is_right: false, said: [{ text: said.error }] } : said;
  if (said.is_right) finished.value = new Set([...finished.value, stop.value]);
}

export function tour() {
  const of = current.value;
  if (!of) return html``;
  const n = stop.value, last = stops.value.length;
  const { answer: progress } = progressOf.value;
  const isDone = progress?.stop === n && progress.is_done;
  return html`<div class="bar"><h2 title=${`stop ${n} of ${last}`}>${n}. ${of.title}</h2>
      <span class="segments" role="group" aria-label="Tour"><button @click=${() => begin(n - 1)} ?disabled=${n === 1} aria-label="Stop back">←</button><button class="next-stop" @click=${() => (n < last ? begin(n + 1) : leave())}>${n < last ? "next →" : "finish"}</button></span>
      <button class="plain" @click=${leave} aria-label="Leave the tour" title="leave the tour (Esc)">${cross()}</button></div>
    <div class="scroll tour" tabindex="0" aria-label=${`Stop ${n}: ${of.title}`}>
      <p>${sentence(of.text)}</p>
      <form @submit=${submit}><label class="question"><b>Predict.</b> ${sentence(of.question)}</label>
        <span class="reply">${of.choices.length
          ? of.choices.map((choice) => html`<button type="button" class="choice" @click=${() => answer(choice)}>${choice}</button>`)
          : html`<input name="given" class="number" inputmode="decimal" autocomplete="off" aria-label="Your answer"><button>check</button>`}
          <button type="button" class="link" @click=${() => answer("")}>tell me</button></span>
        <output class="verdict-of ${verdict.value?.is_right ? "PASS" : verdict.value ? "FAIL" : ""}">${verdict.value ? sentence(verdict.value.said) : ""}</output></form>
      <p class=${isDone ? "PASS" : ""}><b>${isDone ? "Done." : "Do."}</b> ${sentence(of.to_do)}</p>
    </div>`;
}

function submit(event) {
  event.preventDefault();
  const { value } = event.target.elements.given;
  if (value.trim()) answer(value);
}
