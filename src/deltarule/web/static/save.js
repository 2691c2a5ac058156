// The drawing of the network as it is seen, as an SVG file that stands alone: what the style sheet says is written into it.

import { find } from "./root.js";

const WRITTEN = "fill stroke stroke-width stroke-dasharray stroke-linejoin paint-order opacity font-size font-style".split(" ");
const UNCLEAN = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu; // what XML has no place for

export function drawn() {
  const seen = find("network").querySelector("svg.net"), made = seen.cloneNode(true);
  const all = (of) => [of, ...of.querySelectorAll("*")];
  const styles = new Map(all(seen).map((each) => [each, getComputedStyle(each)]));
  const originals = [...styles.keys()];
  all(made).forEach((each, n) => {
    const style = styles.get(originals[n]), above = styles.get(originals[n].parentElement);
    for (const name of WRITTEN) {
      const value = style.getPropertyValue(name);
      const isInherited = name === "opacity" ? value === "1" : above?.getPropertyValue(name) === value;
      if (isInherited) each.removeAttribute(name);
      else each.setAttribute(name, value);
    }
    for (const name of ["class", "aria-label", "role"]) each.removeAttribute(name);
  });
  for (const each of made.querySelectorAll("path[stroke='rgba(0, 0, 0, 0)']")) each.remove(); // room for the pointer
  const paper = document.createElementNS(made.namespaceURI, "rect");
  const { width, height } = made.viewBox.baseVal;
  for (const [name, value] of Object.entries({ width, height, fill: getComputedStyle(find("network")).backgroundColor })) paper.setAttribute(name, value);
  made.prepend(paper);
  made.setAttribute("font-family", "system-ui, DejaVu Sans, sans-serif");
  return new XMLSerializer().serializeToString(made).replace(/<!--[^]*?-->/g, "").replace(UNCLEAN, "\ufffd");
}

export function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
