// Keys, and the list of them.

import { html } from "./vendor/lit-html.js";
import { act } from "./wire.js";
import { find, tree } from "./root.js";
import { backwards, forth, playOrPause, step } from "./rail.js";
import { turn as turnPredict } from "./predict.js";
import { begin, leave, stop } from "./tour.js";
import { hasMaps } from "./network.js";
import { frame, level, mode, named, parsed, phase, phases, settings, tab, watch } from "./store.js";

const LEVELS = ["numbers", "indices", "matrices"];
const jump = (to) => (phase.value = phases.value.findLastIndex((each) => each.group === to));

export const KEYS = {
  " ": ["Space", "play, pause", playOrPause],
  ArrowRight: ["→", "next phase; over the update, make it", forth],
  ArrowLeft: ["←", "phase back", backwards],
  "Shift+ArrowRight": ["Shift →", "next update", () => step()],
  "Shift+ArrowLeft": ["Shift ←", "take the last update back", () => act({ do: "back" })],
  e: ["E", "epoch", () => step("epoch")],
  Home: ["Home", "begin anew from the same weights", () => act({ do: "restart" })],
  f: ["F", "forward", () => jump("forward")],
  b: ["B", "backward", () => jump("backward")],
  u: ["U", "update", () => jump("update")],
  a: ["A", "one example or all of the batch", () => (mode.value = mode.value === "batch" ? "example" : "batch")],
  m: ["M", "maps of the hidden units", () => (hasMaps.value = !hasMaps.value)],
  w: ["W", "next weight into the unit", () => turn(1)],
  l: ["L", "freeze or free the selected array", lock],
  t: ["T", "tour; the next stop", () => begin(stop.value % 12 + 1)],
  o: ["O", "predict: hide more of the chain", turnPredict],
  n: ["N", "numbers, indices, matrices", () => (level.value = LEVELS[(LEVELS.indexOf(level.value) + 1) % 3])],
  c: ["C", "check", () => (tab.value = "check")],
  y: ["Y", "why", () => (tab.value = "why")],
  p: ["P", "pulls", () => (tab.value = "pulls")],
  k: ["K", "mistakes", () => (tab.value = "mistakes")],
  s: ["S", "source", () => (tab.value = "source")],
  "/": ["/", "go to a parameter by its name", () => find("goto")?.focus()],
  Escape: ["Esc", "leave the tour, or the field", leave],
  "?": ["?", "this list", () => find("keys").showModal()],
};

// The next parameter into the same unit: its weights in turn, and its bias.
function turn(by) {
  const at = parsed(watch.value);
  if (!at || at.kind === "s") return;
  const inputs = frame.value.units[at.k - 1];
  const places = [...inputs, 0];
  const next = places[(places.indexOf(at.kind === "b" ? 0 : at.j) + by + places.length) % places.length];
  watch.value = named({ kind: next ? "w" : "b", k: at.k, i: at.i, j: next });
}

function lock() {
  const at = parsed(watch.value);
  if (!at || at.kind === "s") return;
  const name = `${at.kind === "w" ? "W" : "b"}[${at.k}]`;
  act({ do: "freeze", name, is_frozen: !frame.value.frozen.includes(name) });
}

export const isOff = { value: localStorage.getItem("keys") === "off" };

export function listenToKeys() {
  tree.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea, dialog");
    if (isOff.value || isTyping || event.ctrlKey || event.metaKey || event.altKey || !settings.value) return;
    if (event.key === " " && event.target.closest?.("button, summary")) return;
    const key = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const found = KEYS[key];
    if (!found) return;
    event.preventDefault();
    found[2]();
  });
}

export function list() {
  const toggle = (event) => {
    isOff.value = !event.target.checked;
    localStorage.setItem("keys", isOff.value ? "off" : "on");
  };
  return html`<form method="dialog"><h2>Keys</h2>
    <table class="facts">${Object.values(KEYS).map(([key, words]) => html`<tr><td><kbd>${key}</kbd></td><td>${words}</td></tr>`)}</table>
    <label><input type="checkbox" ?checked=${!isOff.value} @change=${toggle}> keys are on</label>
    <button>Close</button></form>`;
}
