// The rows: as points of a plane with what the network says over it, the one that is looked at, and the suspects.

import { effect, signal } from "./vendor/signals-core.js";
import { html, svg } from "./vendor/lit-html.js";
import { asked, asking } from "./ask.js";
import { bytes, CLASSES, picture } from "./colour.js";
import { path } from "./path.js";
import { chart } from "./table.js";
import { act } from "./wire.js";
import { frame, inputName, outputName, settings, theme } from "./store.js";

const axes = signal(null); // inputs that were chosen; null for those with the most values
const view = signal("points");
let names = ""; // other inputs begin with their own axes
effect(() => {
  const now = settings.value?.inputs.join("\n");
  if (now !== names) axes.value = null;
  names = now;
});
const W = 224, H = 168;

const plane = () => {
  const n = settings.value.sizes[0];
  const [x, y] = (axes.value ?? settings.value.axes).map((j) => Math.min(j, n));
  return { x, y };
};
export const question = (about, rev) => (settings.value ? { about, ...plane(), rev } : null);
const pointsOf = asked((rev) => (view.value === "points" ? question("points", rev) : null));
const surfaceOf = asked((rev) => (view.value === "points" ? question("surface", rev) : null));
const suspectsOf = asked((rev) => (view.value === "suspects" ? { about: "suspects", rev } : null));

const look = (row) => act({ do: "example", row });

export function data() {
  const f = frame.value, s = settings.value;
  if (!f || !s || f.units.length !== s.sizes.length) return html`<h2>Data</h2>`;
  return html`<div class="bar"><h2>Row ${f.row} <small>of ${s.N}</small></h2>
      <div class="segments" role="group" aria-label="View of the data">
        ${["points", "row", "suspects"].map((each) => html`<button aria-pressed=${view.value === each} @click=${() => (view.value = each)}>${each}</button>`)}
      </div></div>
    <div class="scroll" tabindex="0" aria-label="Data, ${view.value}">${{ points, row, suspects }[view.value](f, s)}</div>`;
}

function points(f, s) {
  const { answer, error } = pointsOf.value, over = surfaceOf.value.answer;
  if (error) return html`<p class="FAIL">${error}</p>`;
  if (!answer) return asking;
  const [low, high] = [answer.low.map(Number), answer.high.map(Number)];
  const px = (value) => (W * (value - low[0])) / (high[0] - low[0] || 1);
  const py = (value) => H - (H * (value - low[1])) / (high[1] - low[1] || 1);
  const isSame = over && String(over.at) === String(answer.at) && String(over.low) === String(answer.low);
  const levels = answer.is_class ? null : bytes(answer.of);
  const drawing = html`<svg class="plane ${pointsOf.old.value ? "old" : ""}" viewBox="0 0 ${W} ${H}" role="img" aria-label=${`${answer.row.length} rows by ${answer.axes.join(" and ")}, over what the network says`}>
      ${isSame && over.levels ? svg`<image href=${drawn(over)} width=${W} height=${H} preserveAspectRatio="none"></image>` : ""}
      ${isSame && over.line ? svg`<path class="line loss" d=${path(over.line.map((text, n) => [px(Number(over.x[n])), py(Number(text))]))}></path>` : ""}
      ${answer.row.map((number, n) => (number === f.row ? "" : dot(answer, levels, n, px, py, false)))}
      ${answer.row.includes(f.row) ? dot(answer, levels, answer.row.indexOf(f.row), px, py, true) : ""}
    </svg>`;
  const of = answer.is_class ? [["class", (n) => outputName(answer.of[n] + 1)], ["says", (n) => outputName(answer.said[n] + 1)]] : [];
  const columns = [["row", (n) => answer.row[n]], [answer.axes[0], (n) => answer.x[n]], [answer.axes[1], (n) => answer.y[n]], ...of, ["loss", (n) => answer.loss[n]]];
  return html`${chart(drawing, `${answer.row.length} ${answer.row.length === 1 ? "row" : "rows"}`, columns.map(([name]) => name), answer.row.map((_, n) => columns.map(([, cell]) => cell(n))))}
    <div class="axes">${axis(0, answer, s)}${answer.at[1] ? axis(1, answer, s) : html`<span class="quiet">up: ${answer.axes[1]}</span>`}</div>
    ${answer.is_slice ? html`<p class="quiet">A slice through row ${f.row}: the other inputs are as it has them.</p>` : ""}
    <p>${answer.is_class ? html`Class ${outputName(answer.of[answer.row.indexOf(f.row)] + 1)}, the network says ${outputName(answer.said[answer.row.indexOf(f.row)] + 1)}; loss` : "Loss"} <b>${f.example.loss}</b>. Choose a point to look at its row.</p>`;
}

let last = { of: "", address: "" };
function drawn(over) {
  const key = `${over.levels}${over.classes ?? ""}${theme.value}`;
  if (last.of !== key) last = { of: key, address: picture(bytes(over.levels), 40, over.classes ? bytes(over.classes) : null) };
  return last.address;
}

function dot(answer, levels, n, px, py, isOn) {
  const name = levels ? (levels[n] < 0 ? "--minus" : "--plus") : CLASSES[answer.of[n] % CLASSES.length];
  const isWrong = answer.is_class && answer.of[n] !== answer.said[n];
  return svg`<circle cx=${px(Number(answer.x[n])).toFixed(1)} cy=${py(Number(answer.y[n])).toFixed(1)} r=${isOn ? 6 : 3.4} class="dot ${isOn ? "on" : ""} ${isWrong ? "wrong" : ""} ink${name}" data-row=${answer.row[n]} @click=${() => look(answer.row[n])}><title>row ${answer.row[n]}, loss ${answer.loss[n]}</title></circle>`;
}

function axis(which, answer, s) {
  const change = (event) => (axes.value = (axes.value ?? s.axes).map((each, n) => (n === which ? Number(event.target.value) : each)));
  const words = which ? "up" : "across";
  if (s.sizes[0] < 2) return html`<span class="quiet">${words}: ${answer.axes[which]}</span>`;
  return html`<label><span class="quiet">${words}</span> <select @change=${change}>${s.inputs.map((name, j) => html`<option value=${j + 1} ?selected=${j + 1 === answer.at[which]}>${name}</option>`)}</select></label>`;
}

function row(f, s) {
  const of = f.example, last = f.units.length - 1;
  return html`<table class="facts"><tr><th>input</th><th class="number">x</th></tr>
      ${f.units[0].map((j, n) => html`<tr><td class="text" title=${inputName(j)}>${inputName(j)}</td><td class="number"><input class="number" inputmode="decimal" aria-label=${`Value of ${inputName(j)}`} .value=${of.x[n]} @change=${(event) => act({ do: "input", j, value: Number(event.target.value) })}></td></tr>`)}
      ${f.units[0].length < s.sizes[0] ? html`<tr><td colspan="2" class="quiet">and ${s.sizes[0] - f.units[0].length} more</td></tr>` : ""}</table>
    <table class="facts"><tr><th>${s.output === "softmax" ? "class" : "output"}</th><th class="number">target</th><th class="number">ŷ</th></tr>
      ${f.units[last].map((i, n) => html`<tr><td class="text" title=${outputName(i)}>${outputName(i)}</td><td class="number">${of.p[n]}</td><td class="number">${of.y_hat[n]}</td></tr>`)}</table>
    <p>Loss of this row <b>${of.loss}</b>, of its batch <b>${f.batch.loss}</b>.</p>
    <h3>The next batch, ${f.batch_size} ${f.batch_size === 1 ? "row" : "rows"}</h3>
    ${f.is_followed ? "" : html`<p><button @click=${() => look(0)}>follow the batch</button></p>`}
    <div class="rows">${f.batch_rows.map((number) => html`<button aria-pressed=${number === f.row} @click=${() => look(number)}>${number}</button>`)}${f.batch_size > f.batch_rows.length ? html`<span class="quiet">…</span>` : ""}</div>`;
}

function suspects(f) {
  const { answer, error } = suspectsOf.value;
  if (error) return html`<p class="FAIL">${error}</p>`;
  if (!answer) return asking;
  return html`<p>The rows that the network finds hardest to believe: those with the largest gradients.</p>
    <table class="facts"><tr><th>row</th><th class="number">‖∂Lₙ/∂θ‖</th><th class="number">Lₙ</th></tr>
    ${answer.rows.map((each) => html`<tr class=${each.row === f.row ? "on" : ""}><td><button class="link" @click=${() => look(each.row)}>${each.row}</button></td><td class="number" data-q=${`norm ${each.row}`}>${each.norm}</td><td class="number">${each.loss}</td></tr>`)}</table>`;
}
