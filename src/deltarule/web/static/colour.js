// How a number of text becomes ink: its share of the largest of its kind; and how bytes become a picture.

import { find } from "./root.js";

// The modulus at which ink is full: the largest, but no more than three times the root mean square.
export function scale(texts) {
  const sizes = texts.map((text) => Math.abs(Number(text))).filter((size) => size > 0 && size < Infinity);
  if (!sizes.length) return 1;
  const squares = sizes.reduce((sum, size) => sum + size * size, 0);
  return Math.min(Math.max(...sizes), 3 * Math.sqrt(squares / sizes.length));
}

// The share of ink, 0 to 1.
export function tint(text, most) {
  const size = Math.abs(Number(text));
  if (text === "" || !(size > 0)) return 0;
  return Math.min(size / most, 1);
}

// Classes of more than two, in the order of their numbers.
export const CLASSES = ["--minus", "--plus", "--gminus", "--gplus", "--bad", "--soft"];

export const bytes = (text) => Int8Array.from(atob(text), (each) => each.charCodeAt(0));

function colours(names) {
  const of = getComputedStyle(find("page"));
  return names.map((name) => {
    const hex = of.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
  });
}

// A map of bytes as the address of a picture: plus and minus over paper, or by class where classes are given.
export function picture(levels, side, classes = null) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  const [paper, ...inks] = colours(["--paper", ...CLASSES]);
  levels.forEach((level, n) => {
    const ink = inks[classes ? classes[n] % inks.length : level < 0 ? 0 : 1];
    const share = (0.75 * Math.abs(level)) / 127;
    for (let c = 0; c < 3; c++) image.data[4 * n + c] = paper[c] + (ink[c] - paper[c]) * share;
    image.data[4 * n + 3] = 255;
  });
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}
