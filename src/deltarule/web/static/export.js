// What can be kept: files of the session as it is, and a lesson, which is the command that opens the page like this.

import { effect, signal } from "./vendor/signals-core.js";
import { html } from "./vendor/lit-html.js";
import { asked } from "./ask.js";
import { tree } from "./root.js";
import { drawn, save } from "./save.js";
import { mode, now, phase, phases, settings, watch } from "./store.js";

const FILES = [
  ["chain.tex", "chain of the parameter, LaTeX"],
  ["chain.html", "chain of the parameter, HTML"],
  ["model.deltarule", "network alone, a model file"],
  ["script.py", "what was done, a Python script"],
];
const START = ["start.npz", "what the script begins with"];

const isOpen = signal(false);
const copied = signal("");
const nameOf = ({ group: of, at }) => (of === "update" ? "u" : `${of[0]}${at}`);
const isOwn = () => settings.value.controls.some((each) => each.name === "data" && each.value === "own");
const lesson = asked(() => (isOpen.value && !isOwn() ? { about: "lesson", of: watch.value, phase: nameOf(now.value) } : null));

// Where a lesson said where to open, open there, once.
let isOpened = false;
effect(() => {
  if (!settings.value || isOpened) return;
  isOpened = true;
  const [of, at] = settings.value.opening;
  if (!of) return;
  watch.value = of;
  phase.value = phases.value.findIndex((each) => nameOf(each) === at);
});

export function menu() {
  const query = new URLSearchParams({ of: watch.value, on: mode.value });
  const { answer } = lesson.value;
  const error = isOwn() ? "A lesson is a text, which your own data do not fit into; share the script." : lesson.value.error;
  return html`<details class="more" @toggle=${(event) => (isOpen.value = event.target.open)}><summary>export</summary><div class="sheet">
    <button class="link" @click=${() => save(drawn(), "network.svg")}>network as it is drawn now, SVG</button>
    ${tree !== document ? html`<span class="quiet">Other files are given by the page in a browser: explore(..., port=8420).</span>` : [...FILES, ...(settings.value.needs_start ? [START] : [])].map(([name, words]) => html`<a href="export/${name}?${query.toString()}" download=${name}>${words}</a>`)}
    ${error ? html`<span class="quiet">${error}</span>` : html`<input aria-label="Lesson: the command that opens the page like this" readonly .value=${answer?.command ?? ""}>
    <button ?disabled=${!answer} @click=${() => copy(answer.command)}>${answer && copied.value === answer.command ? "copied" : "copy the lesson"}</button>`}
  </div></details>`;
}

async function copy(command) {
  try {
    await navigator.clipboard.writeText(command);
    copied.value = command;
  } catch {
    tree.querySelector("#head .sheet input[readonly]").select(); // the browser allows no more
  }
}
