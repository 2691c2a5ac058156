// Small drawings for buttons; what a button does stands in its label.

import { svg, html } from "./vendor/lit-html.js";

const icon = (inner) => html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${inner}</svg>`;

export const restart = () => icon(svg`<path d="M3 3v10M13 3 5 8l8 5z"></path>`);
export const back = () => icon(svg`<path d="M11 3 4 8l7 5z"></path>`);
export const play = () => icon(svg`<path d="M4 3l9 5-9 5z"></path>`);
export const pause = () => icon(svg`<path d="M5 3v10M11 3v10" class="bars"></path>`);
export const cross = () => icon(svg`<path d="M4 4l8 8M12 4l-8 8" class="ring"></path>`);
export const half = () => icon(svg`<path d="M8 2a6 6 0 0 1 0 12z"></path><circle cx="8" cy="8" r="6" class="ring"></circle>`);
export const padlock = (isShut) => icon(svg`<rect x="3" y="7" width="10" height="7" rx="1.5"></rect><path class="ring" d=${isShut ? "M5 7V5a3 3 0 0 1 6 0v2" : "M5 7V4a3 3 0 0 1 6-0.6"}></path>`);
