// The page: every panel is drawn anew where something that it shows has changed.

import { effect } from "./vendor/signals-core.js";
import { html, render } from "./vendor/lit-html.js";
import { chain } from "./chain.js";
import { data } from "./data.js";
import { head } from "./head.js";
import { history } from "./history.js";
import { list, listenToKeys } from "./keys.js";
import { network } from "./network.js";
import { rail } from "./rail.js";
import { find, leaving } from "./root.js";
import { status } from "./status.js";
import { connection, group, panel, phase, phases, settings, theme, watch, parsed } from "./store.js";
import { stop as stopOfTour, tour } from "./tour.js";
import { tree } from "./tree.js";
import { why } from "./why.js";
import { listen, stop } from "./wire.js";

const inside = (id, tag = "div", className = "inside") => {
  const made = document.createElement(tag);
  made.className = className;
  find(id).append(made);
  return made;
};

const VIEWS = { network: "Network", chain: "Chain", why: "Why", data: "Data", history: "History" };
const views = () => html`${Object.entries(VIEWS).map(([id, words]) => html`<button aria-pressed=${panel.value === id} @click=${() => (panel.value = id)}>${id === "history" && stopOfTour.value ? "Tour" : words}</button>`)}`;

const corner = () => (stopOfTour.value ? tour() : history());
const PANELS = { head, rail, data, why, chain, history: corner, status, views };
for (const [id, draw] of Object.entries(PANELS)) {
  const root = ["head", "rail", "status", "views"].includes(id) ? find(id) : inside(id);
  effect(() => render(draw(), root));
}
const drawing = inside("network"), reading = inside("network", "nav", "hidden reading");
reading.setAttribute("aria-label", "Network as a tree");
effect(() => render(network(), drawing));
effect(() => render(tree(), reading));

const dialog = document.createElement("dialog");
dialog.id = "keys";
dialog.setAttribute("aria-label", "Keys");
find("page").append(dialog);
render(list(), dialog);
listenToKeys();

effect(() => {
  if (theme.value) find("page").dataset.theme = theme.value;
});
effect(() => {
  const sizes = settings.value?.sizes;
  if (!sizes) return;
  const at = parsed(watch.value);
  const isThere = at && at.k < sizes.length && at.i <= sizes[at.k] && (at.kind !== "w" || at.j <= sizes[at.k - 1]);
  if (!isThere) watch.value = "w[1,1,1]";
  if (phase.value !== null && phase.value >= phases.value.length) phase.value = null;
});
effect(() => {
  find("panels").dataset.panel = panel.value;
});
effect(() => {
  if (stopOfTour.value) panel.value = "history";
});
effect(() => {
  find("panels").classList.toggle("on-tour", stopOfTour.value > 0);
});
effect(() => {
  const isWide = settings.value?.sizes.some((n) => n > 12);
  listen(isWide ? { watch: watch.value, by: group.value } : {});
});
const whenSeen = () => {
  if (document.hidden) stop();
  else if (connection.value !== "ended") listen({ watch: watch.value, by: group.value });
};
document.addEventListener("visibilitychange", whenSeen, { signal: leaving.signal });
