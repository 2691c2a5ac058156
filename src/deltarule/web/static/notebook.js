// The page in a notebook's cell: a tree of its own, so that neither's styles and keys reach the other.

import { leaving, settle } from "./root.js";
import { carry, comm, stop } from "./wire.js";
import { theme } from "./store.js";

// Put the page's sections and style into the element of a cell, and return what is to be done when it is gone.
export function show(model, el, page, style) {
  const host = el.appendChild(document.createElement("div"));
  host.dataset.lmSuppressShortcuts = true; // JupyterLab's; it would see keys before the page does
  const tree = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  tree.adoptedStyleSheets = [sheet];
  const { body } = new DOMParser().parseFromString(page, "text/html");
  const root = tree.appendChild(document.createElement("div"));
  root.id = "page";
  root.tabIndex = -1; // so that a click brings the keys here
  root.append(...body.children);
  settle(tree);
  carry(comm(model));
  theme.value ||= ofNotebook();
  return () => {
    leaving.abort();
    stop();
    host.remove();
  };
}

function ofNotebook() {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "false" ? "dark" : "light";
  if (vscodeThemeKind) return /light/.test(vscodeThemeKind) ? "light" : "dark";
  return "";
}
