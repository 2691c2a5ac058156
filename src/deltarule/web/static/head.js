// What is trained, and how: the controls that Python declares, and the verdict on the gradient.

import { html } from "./vendor/lit-html.js";
import { menu } from "./export.js";
import { half } from "./icons.js";
import { find } from "./root.js";
import { act } from "./wire.js";
import { isNarrow, panel, refusal, settings, tab, theme } from "./store.js";
import { checkOf } from "./why.js";

const FIRST = ["data", "hidden", "activation", "optimiser", "learning_rate", "batch_size"];
const SHORT = { hidden: "hidden", learning_rate: "rate α", batch_size: "batch", data: "data", activation: "", optimiser: "" };

export function head() {
  const s = settings.value;
  if (!s) return html`<b class="brand">deltarule</b>`;
  const by = new Map(s.controls.map((control) => [control.name, control]));
  const first = isNarrow.value ? [] : FIRST;
  const rest = s.controls.filter((control) => !first.includes(control.name));
  return html`<b class="brand">deltarule</b>
    <div class="controls">${first.map((name) => control(by.get(name), SHORT[name], s))}
      <details class="more"><summary>${isNarrow.value ? "settings" : "more"}</summary><div class="sheet">${rest.map((each) => control(each, each.words, s))}</div></details></div>
    ${menu()}
    ${badge()}
    <button class="plain" aria-label="Light or dark" title="light or dark" @click=${turn}>${half()}</button>
    <button class="plain" aria-label="Keys" title="keys (?)" @click=${() => find("keys").showModal()}>?</button>`;
}

function control(of, words, s) {
  const change = (event) => set(of, event.target.value);
  const error = refusal.value?.field === of.name ? refusal.value.error : "";
  const input =
    of.kind === "choice"
      ? html`<select name=${of.name} aria-label=${of.words} @change=${change}>${of.choices.map((each) => html`<option value=${each} ?selected=${each === of.value}>${s.words[each] ?? each.replaceAll("_", " ")}</option>`)}</select>`
      : html`<input name=${of.name} aria-label=${of.words} class=${of.name === "hidden" ? "" : "number"} title=${`${of.words}: ${of.allowed}`} aria-invalid=${error !== ""} .value=${of.value} @change=${change} autocomplete="off">`;
  return html`<label class="control">${words ? html`<span>${words}</span>` : ""}${input}${error ? html`<em role="alert">${error}</em>` : ""}</label>`;
}

function set(of, typed) {
  if (of.kind === "choice") return act({ do: "set", option: of.name, value: typed });
  const value = of.name === "hidden" ? typed.split(/[^\d.]+/).filter(Boolean).map(Number) : typed.trim() === "" ? null : Number(typed);
  return act({ do: "set", option: of.name, value: Number.isNaN(value) ? typed : value });
}

function badge() {
  const { answer } = checkOf.value;
  if (!answer) return html`<button class="badge">…</button>`;
  return html`<button class="badge ${answer.verdict}" title="the gradient, proven against numerical ones; open the proof" @click=${openProof}>${answer.verdict}${isNarrow.value ? "" : ` ${answer.error}`}</button>`;
}

function openProof() {
  tab.value = "check";
  panel.value = "why";
}

function turn() {
  const isDark = theme.value ? theme.value === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  theme.value = isDark ? "light" : "dark";
  localStorage.setItem("theme", theme.value);
}
