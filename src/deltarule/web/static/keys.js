// Keys, and the list of them.

import { html } from "./vendor/lit-html.js";
import { act } from "./wire.js";
import { find, tree } from "./root.js";
import { backwards, forth, playOrPause, step } from "./rail.js";
import { turn as turnPredict } from "./predict.js";
import { begin, leave, stop } from "./tour.js";
import { hasMaps } from "./network.js";
import { frame, hasTables, K, level, mode, named, parsed, phase, phases, settings, tab, watch } from "./store.js";

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
  arrows: ["↑ ↓ ← →", "within the drawing: to the unit beside", null],
  l: ["L", "freeze or free the selected array", lock],
  t: ["T", "tour; the next stop", () => begin(stop.value % 12 + 1)],
  o: ["O", "predict: hide more of the chain", turnPredict],
  n: ["N", "numbers, indices, matrices", () => (level.value = LEVELS[(LEVELS.indexOf(level.value) + 1) % 3])],
  c: ["C", "check", () => (tab.value = "check")],
  d: ["D", "charts as tables", () => (hasTables.value = !hasTables.value)],
  y: ["Y", "why", () => (tab.value = "why")],
  p: ["P", "pulls", () => (tab.value = "pulls")],
  k: ["K", "mistakes", () => (tab.value = "mistakes")],
  s: ["S", "source", () => (tab.value = "source")],
  "/": ["/", "go to a parameter by its name", () => find("goto")?.focus()],
  Escape: ["Esc", "close the sheet; leave the tour", () => closeSheets() || leave()],
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

// Go from the selected unit to one beside it: dk layers on, or n places down.
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
function walk([dk, dn]) {
  const at = parsed(watch.value), { units } = frame.value;
  if (!at) return;
  const k = Math.min(Math.max(at.k + dk, 1), K.value);
  const n = Math.max(units[at.k].indexOf(at.i), 0) + dn;
  const i = units[k][Math.min(Math.max(n, 0), units[k].length - 1)];
  watch.value = named({ kind: "w", k, i, j: units[k - 1][0] });
}

function lock() {
  const at = parsed(watch.value);
  if (!at || at.kind === "s") return;
  const name = `${at.kind === "w" ? "W" : "b"}[${at.k}]`;
  act({ do: "freeze", name, is_frozen: !frame.value.frozen.includes(name) });
}

// Close sheets that are open, but the one with what is kept; whether there was one.
function closeSheets(kept = null) {
  const open = [...tree.querySelectorAll("details.more[open]")].filter((each) => !each.contains(kept));
  open.forEach((each) => (each.open = false));
  return open.length > 0;
}

export const isOff = { value: localStorage.getItem("keys") === "off" };

export function listenToKeys() {
  tree.addEventListener("pointerdown", (event) => closeSheets(event.target));
  tree.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest?.("details.more")) return closeSheets();
    const isTyping = event.target.closest?.("input, select, textarea, dialog");
    if (isOff.value || isTyping || event.ctrlKey || event.metaKey || event.altKey || !settings.value) return;
    if (event.key === " " && event.target.closest?.("button, summary")) return;
    const way = ARROWS[event.key];
    if (way && !event.shiftKey && event.target.closest?.(".drawing")) {
      event.preventDefault();
      return walk(way);
    }
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
    <dl class="keys">${Object.values(KEYS).map(([key, words]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`)}</dl>
    <label><input type="checkbox" ?checked=${!isOff.value} @change=${toggle}> keys are on</label>
    <button>Close</button></form>`;
}
