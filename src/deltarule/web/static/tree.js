// The network as a tree of buttons, for keyboards and screen readers: layer, unit, weights, each with its numbers.

import { html, noChange } from "./vendor/lit-html.js";
import { frame, inputName, K, mode, outputName, say, settings, watch } from "./store.js";

export function tree() {
  const f = frame.value, s = settings.value;
  if (!f || !s || f.units.length !== s.sizes.length) return html``;
  if (f.is_playing) return noChange; // nobody listens to twenty a second
  const of = mode.value === "batch" ? f.batch : f.example;
  const dW = of.dW ?? f.dW, db = of.db ?? f.db;
  const layers = [];
  for (let k = 1; k <= K.value; k++) layers.push(layer(f, of, dW, db, k));
  const ds = of.ds ?? f.ds;
  return html`<ul aria-label="Layers">
    <li>Inputs<ul>${f.units[0].map((j, n) => html`<li>${inputName(j)} <span data-q=${`x[${j}]`}>${of.x[n]}</span>
      ${s.has_scale ? html`, scaled <span data-q=${`h[0,${j}]`}>${of.h[0][n]}</span> ${one(`s[${j}]`, "scale", f.s[n], ds[n], f.step_s[n])}` : ""}</li>`)}</ul></li>
    ${layers}</ul>`;
}

function layer(f, of, dW, db, k) {
  const last = k === K.value;
  return html`<li>Layer ${k}<ul>${f.units[k].map((i, n) => html`<li>
    ${last ? `output ${outputName(i)}` : `unit ${i}`}, a <span data-q=${`a[${k},${i}]`}>${say(`a[${k},${i}]`, of.a[k - 1][n])}</span>, derivative <span data-q=${`dL/da[${k},${i}]`}>${say(`dL/da[${k},${i}]`, of.da[k - 1][n] || "not computed")}</span>${of.shut.filter((each) => each[0] === k && each[1] === i).map((each) => `, ${each[2]}`)}
    <ul>${f.units[k - 1].map((j, m) => html`<li>${one(`w[${k},${i},${j}]`, `from ${k === 1 ? inputName(j) : `unit ${j}`}`, f.W[k - 1][n][m], dW[k - 1][n][m], f.step_W[k - 1][n][m])}</li>`)}
      <li>${one(`b[${k},${i}]`, "bias", f.b[k - 1][n], db[k - 1][n], f.step_b[k - 1][n])}</li></ul></li>`)}</ul></li>`;
}

function one(name, words, value, derivative, step) {
  return html`<button aria-pressed=${watch.value === name} @click=${() => (watch.value = name)}>${name}, ${words}: <span data-q=${name}>${value}</span>, derivative <span data-q=${`dL/d${name}`}>${say(`dL/d${name}`, derivative || "not computed")}</span>, step <span data-q=${`step ${name}`}>${say(`step ${name}`, step || "none")}</span></button>`;
}
