// What the page knows: the last settings and frame that came, and what this tab alone decides.

import { computed, signal } from "./vendor/signals-core.js";

export const settings = signal(null);
export const frame = signal(null);
export const connection = signal("connecting"); // or "live", "lost", "ended"
export const refusal = signal(null); // {error, field} of the last act that was refused

export const watch = signal("w[1,1,1]"); // the parameter that is looked at
export const phase = signal(null); // the place among the phases; null is where backward has ended
export const mode = signal("example"); // or "batch"
export const level = signal("numbers"); // or "indices", "matrices"
export const tab = signal("why"); // of the panel on the right
export const hovered = signal(""); // a parameter under the pointer
export const lit = signal([]); // edges and units, such as "h[1,2]", that something elsewhere speaks of
export const hasTables = signal(false); // whether charts are tables
export const panel = signal("network"); // the one that a narrow screen shows
const narrow = matchMedia("(max-width: 760px)");
export const isNarrow = signal(narrow.matches);
narrow.addEventListener("change", () => (isNarrow.value = narrow.matches));
export const theme = signal(localStorage.getItem("theme") ?? "");

export const asked = { tour: signal(new Set()), predict: signal(new Set()) }; // quantities that are to be found out
export const hidden = computed(() => new Set([...asked.tour.value, ...asked.predict.value]));

// What is shown of a quantity.
export const say = (q, text) => (hidden.value.has(q) ? "?" : text);

// What of a frame changes seldom, so that what shows it alone is not drawn twenty times a second.
export const row = computed(() => frame.value?.row);
export const frozen = computed(() => (frame.value?.frozen ?? []).join(" "));

export const K = computed(() => (settings.value ? settings.value.sizes.length - 1 : 0));

// The phases of one update: forward x, 1 .. K, y_hat, L; backward L, K .. 1; and the update.
export const phases = computed(() => {
  const layers = Array.from({ length: K.value }, (_, k) => k + 1);
  const forward = ["x", ...layers, "y", "L"].map((at) => ({ group: "forward", at }));
  const backward = ["L", ...layers.toReversed()].map((at) => ({ group: "backward", at }));
  return [...forward, ...backward, { group: "update", at: "update" }];
});
export const place = computed(() => phase.value ?? phases.value.length - 2);
export const now = computed(() => phases.value[place.value] ?? { group: "backward", at: 1 });
export const group = computed(() => now.value.group);

// Whether a quantity of layer k has been revealed: what is computed in a later phase of the group is not.
export function isRevealed(k) {
  const { group: of, at } = now.value;
  if (of === "update") return true;
  if (of === "forward") return at === "y" || at === "L" || (at === "x" ? k === 0 : k <= at);
  return at !== "L" && k >= at;
}

// Names of parameters: "w[2,1,3]" is {kind: "w", k: 2, i: 1, j: 3}.
export function parsed(name) {
  const found = /^([wbs])\[(\d+)(?:,(\d+))?(?:,(\d+))?\]$/.exec(name);
  if (!found) return null;
  const [kind, ...at] = [found[1], ...found.slice(2).map(Number)];
  return kind === "s" ? { kind, k: 0, i: at[0], j: 0 } : { kind, k: at[0], i: at[1], j: at[2] || 0 };
}

export const named = ({ kind, k, i, j }) => (kind === "w" ? `w[${k},${i},${j}]` : kind === "b" ? `b[${k},${i}]` : `s[${i}]`);

// A layer's number below the line, as in a₁.
export const sub = (k) => [...String(k)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("");

export const inputName = (j) => settings.value.inputs[j - 1];
export const outputName = (i) => settings.value.outputs[i - 1];
