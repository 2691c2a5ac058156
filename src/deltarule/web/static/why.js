// Why the selected parameter moves: the derivative, its views and proof, who pulls, and the lines that computed it.

import { effect, signal } from "./vendor/signals-core.js";
import { html, svg } from "./vendor/lit-html.js";
import { blocks, sentence } from "./formula.js";
import { asked, asking } from "./ask.js";
import { chainOf } from "./chain.js";
import { padlock } from "./icons.js";
import { path } from "./path.js";
import { act, ask } from "./wire.js";
import { blank, predict } from "./predict.js";
import { chart } from "./table.js";
import { frozen, group, hidden, lit, mode, now, row, say, settings, tab, watch } from "./store.js";

const on = () => mode.value;
const nudgeOf = asked((rev) => (tab.value === "why" ? { about: "nudge", of: watch.value, on: on(), rev } : null));
const grouping = signal(0); // the column by which pulls are added up, from 1; 0 is none
effect(() => {
  if (grouping.value > (settings.value?.groupings.length ?? 0)) grouping.value = 0;
});
const pullsOf = asked((rev) => (tab.value === "pulls" ? { about: "pulls", of: watch.value, by: grouping.value, rev } : null));
const curveOf = asked((rev) => (tab.value === "check" ? { about: "curve", of: watch.value, on: on(), rev } : null));
export const checkOf = asked((rev) => ({ about: "check", rev }), 500);
const mistakesOf = asked((rev) => (tab.value === "mistakes" ? { about: "mistakes", of: watch.value, on: on(), rev } : null));
const broken = signal(null);
const sourceOf = asked((rev) => (tab.value === "source" ? { about: "source", phase: phaseOf(), rev } : null));

function phaseOf() {
  if (group.value === "update") return "update";
  const { at } = now.value;
  return at === "y" || at === "L" ? "output" : group.value;
}

const TABS = { why: "Why?", pulls: "Pulls", check: "Check", mistakes: "Mistakes", source: "Source" };

export function why() {
  const { answer, error } = chainOf.value;
  return html`<div class="bar"><h2 class="parameter">${watch.value}</h2><span class="where">${answer && answer.of === watch.value ? answer.where : ""}</span></div>
    <div class="tabs" role="tablist">
      ${Object.entries(TABS).map(([name, words]) => html`<button role="tab" id="tab-${name}" aria-controls="answer" aria-selected=${tab.value === name} @click=${() => (tab.value = name)}>${words}</button>`)}
    </div>
    <div id="answer" class="answer" role="tabpanel" tabindex="0" aria-labelledby="tab-${tab.value}">
      ${error ? html`<p class="FAIL">${error}</p>` : answer ? { why: reasons, pulls, check, mistakes, source }[tab.value](answer) : asking}
    </div>`;
}

function reasons(answer) {
  return html`<div class=${chainOf.old.value ? "old" : ""}>
    <dl class="facts-of">
      <div><dt>∂L/∂${answer.of}</dt><dd class="big">${predict.value ? blank(answer.derivative, answer.of, 0, 1, `dL/d${answer.of}`) : html`<span data-q=${`dL/d${answer.of}`}>${say(`dL/d${answer.of}`, answer.derivative)}</span>`}</dd><dd class="verdict ${answer.verdict}" title="relative error against the complex step">${answer.verdict} ${answer.error}</dd></div>
      <div><dt>value</dt><dd><input id="weight" class="number" inputmode="decimal" aria-label=${`Value of ${answer.of}`} .value=${answer.w} @change=${(event) => act({ do: "weight", name: answer.of, value: Number(event.target.value) })}></dd>
        <dd>${padlockOf(answer.of)}</dd></div>
      <div><dt>step</dt><dd data-q=${`step ${answer.of}`}>${say(`step ${answer.of}`, answer.step)}</dd><dd>to <span data-q=${`new ${answer.of}`}>${say(`new ${answer.of}`, answer.new_w)}</span></dd></div>
      <div><dt>ΔL</dt><dd>said <span data-q="predicted">${answer.predicted}</span></dd><dd>is <span data-q="actual">${answer.actual}</span></dd></div>
    </dl>
    <p class="quiet how">The derivative is that of the ${mode.value}; ${answer.learns}.</p>
    ${nudge()}
    ${isSecret(answer.of) ? html`<p class="quiet">Views, proof and update are shown once the derivative is predicted.</p>` : explained(answer)}
  </div>`;
}

const isSecret = (name) => hidden.value.has(`dL/d${name}`);

function explained(answer) {
  const { about, views, proof, update, sizes } = answer.sections;
  return html`${blocks(sizes.slice(0, 2))}
    ${blocks(views)}
    ${paths(answer)}
    <details><summary>Every factor's size</summary>${blocks(sizes.slice(2))}</details>
    <details><summary>The proof</summary>${blocks(proof)}</details>
    <details><summary>The update</summary>${blocks(update)}</details>
    <details><summary>The example</summary>${blocks(about.slice(1))}</details>`;
}

// The paths from the parameter up to the outputs, which add up; each lights its way in the drawing.
function paths({ of, paths: { count, largest, others, rest, total } }) {
  if (count === "1" || !largest.length) return "";
  const light = (each) => () => (lit.value = [of, ...each.edges]);
  const dark = () => (lit.value = []);
  return html`<h3>The largest of ${count} paths: each lights its way</h3>
    <table class="facts paths"><tr><th>path</th><th class="number">value</th><th class="number">sum so far</th></tr>
      ${largest.map((each) => html`<tr @pointerenter=${light(each)} @pointerleave=${dark}><td><button class="link" @focus=${light(each)} @blur=${dark} @click=${light(each)}>${each.words.replaceAll("->", "→")}</button></td><td class="number">${each.value}</td><td class="number">${each.sum}</td></tr>`)}
      ${others ? html`<tr><td>the other ${others} together</td><td class="number">${rest}</td><td class="number">${total}</td></tr>` : ""}</table>`;
}

function padlockOf(name) {
  const isFrozen = frozen.value.split(" ").includes(name);
  return html`<button class="lock" aria-pressed=${isFrozen} @click=${() => act({ do: "freeze", name, is_frozen: !isFrozen })}>${padlock(isFrozen)} ${isFrozen ? "frozen" : "learns"}</button>`;
}

// A plot of lines over the same places; all numbers come as text.
function plot({ xs, lines, at, words, isLog = false }) {
  const W = 360, H = 130, P = 8;
  const place = isLog ? (text) => exponent(text) : Number;
  const X = xs.map(place);
  const all = lines.flatMap((line) => line.y.map(place)).filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const [left, right] = [Math.min(...X), Math.max(...X)];
  const px = (value) => P + ((value - left) / (right - left || 1)) * (W - 2 * P);
  const py = (value) => H - P - ((value - low) / (high - low || 1)) * (H - 2 * P);
  if (!all.length) return html`<p class="quiet">There is nothing to draw: every number is 0.</p>`;
  if (!Number.isFinite(right - left) || !Number.isFinite(high - low)) return html`<p class="quiet">These numbers are too large to be drawn.</p>`;
  const drawn = (line) => path(line.y.map((text, n) => [px(X[n]), py(place(text))]));
  return html`<svg class="plot ${isLog ? "" : "drag"}" viewBox="0 0 ${W} ${H}" preserveAspectRatio="none" role="img" aria-label=${words}>
    ${lines.map((line) => svg`<path d=${drawn(line)} class="line ${line.name}"></path>`)}
    ${at === undefined ? "" : svg`<path class="rule" d="M${px(place(at)).toFixed(1)} ${P}V${H - P}"></path>`}
  </svg>`;
}

// The power of ten of a number as text, with its first digits: where it stands on a logarithmic axis.
function exponent(text) {
  const [digits, power] = Number(text).toExponential(3).split("e");
  return Number(text) > 0 ? Number(power) + (Number(digits) - 1) / 9 : NaN;
}

function nudge() {
  const { answer } = nudgeOf.value;
  if (!answer) return asking;
  return html`<figure class=${nudgeOf.old.value ? "old" : ""} @pointerdown=${(event) => drag(event, answer)} @pointermove=${(event) => event.buttons && drag(event, answer)} title="drag to move the weight"><figcaption>Loss along ${answer.of}: <b class="ink-value">L</b> and its <b class="ink-gradient">tangent</b></figcaption>
    ${chart(plot({ xs: answer.values, at: answer.w, words: `Loss along ${answer.of} from ${answer.values[0]} to ${answer.values.at(-1)}; at ${answer.w} it is ${answer.loss}, with slope ${answer.derivative}.`, lines: [{ name: "tangent", y: clipped(answer) }, { name: "loss", y: answer.losses }] }), `Loss along ${answer.of}`, [answer.of, "L", "tangent"], answer.values.map((value, n) => [value, answer.losses[n], answer.tangent[n]]))}
    <small class="axis"><span>${answer.values[0]}</span><span>${answer.w}</span><span>${answer.values.at(-1)}</span></small></figure>`;
}

// Move the weight to the value under the pointer, one of those that came; the next only when the last has arrived.
let isMoving = false;
async function drag(event, { of, values }) {
  const box = event.currentTarget.querySelector("svg")?.getBoundingClientRect();
  if (!box || isMoving || event.clientY < box.top || event.clientY > box.bottom) return;
  const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  isMoving = true;
  await act({ do: "weight", name: of, value: Number(values[Math.round(share * (values.length - 1))]) });
  isMoving = false;
}

// The tangent within what the loss spans, so that the curve keeps its room.
function clipped({ losses, tangent }) {
  const of = losses.map(Number).filter(Number.isFinite);
  const [low, high] = [Math.min(...of), Math.max(...of)];
  const room = (high - low || 1) / 2;
  return tangent.map((text) => (Number(text) < low - room || Number(text) > high + room ? "NaN" : text));
}

function pulls() {
  const { answer, error } = pullsOf.value;
  if (error) return html`<p class="FAIL">${error}</p>`;
  if (!answer) return asking;
  return html`<div class=${pullsOf.old.value ? "old" : ""}>
    <p>${answer.examples} ${answer.examples === 1 ? "example" : "examples"} of the batch add up to ∂L/∂${answer.of} = <b data-q="pulls">${answer.derivative}</b>: ${answer.down} pulls it down, ${answer.up} up. Choose one to look at it.</p>
    <label class="control"><span>added up by</span><select aria-label="Column by which pulls are added up" @change=${(event) => (grouping.value = Number(event.target.value))}>
      <option value="0" ?selected=${answer.by === 0}>nothing</option>${settings.value.groupings.map((name, n) => html`<option value=${n + 1} ?selected=${answer.by === n + 1}>${name || "(no name)"}</option>`)}</select></label>
    ${answer.groups.length ? html`<table class="facts groups"><tr><th>group</th><th class="number">examples</th><th class="number">pull</th><th class="number">mean of one</th></tr>
      ${answer.groups.map((each) => html`<tr><td class="text" title=${each.name}>${each.name}</td><td class="number">${each.examples}</td><td class="number">${each.pull}</td><td class="number">${each.mean}</td></tr>`)}</table>` : ""}
    <table class="facts pulls"><tr><th>row</th><th class="number">cₙ ∂Lₙ/∂${answer.of}</th><th>pulls it</th></tr>
      ${answer.pulls.map((each) => html`<tr class=${each.row === row.value ? "on" : ""}><td><button class="link" @click=${() => act({ do: "example", row: each.row })}>${each.row}</button></td><td class="number" data-q=${`pull ${each.row}`}>${each.pull}</td>
        <td><svg class="bar-of" viewBox="-100 0 200 10" preserveAspectRatio="none" aria-hidden="true"><rect class=${each.level < 0 ? "minus" : "plus"} x=${Math.min(0, each.level)} y="1" width=${Math.abs(each.level)} height="8"></rect><path d="M0 0V10"></path></svg></td></tr>`)}
    </table></div>`;
}

function check() {
  const { answer, error } = checkOf.value;
  const v = curveOf.value.answer;
  if (error) return html`<p class="FAIL">${error}</p>`;
  if (!answer) return asking;
  return html`<div class=${checkOf.old.value ? "old" : ""}>
    <p class=${answer.verdict}><b>${answer.verdict}</b>: the gradient of the batch against two numerical ones.</p>
    <table class="facts"><tr><th>against</th><th class="number">found</th><th class="number">limit</th></tr>
      <tr><td>complex step</td><td class="number">${answer.error}</td><td class="number">${answer.limits[0]}</td></tr>
      <tr><td>central difference</td><td class="number">${answer.central}</td><td class="number">${answer.limits[1]}</td></tr></table>
    ${v && v.of === watch.value ? html`<figure><figcaption>${v.of}: error by step, <b class="ink-value">central difference</b> and <b class="ink-gradient">complex step</b></figcaption>
      ${chart(plot({ xs: v.steps, at: v.taken, isLog: true, words: `Error of numerical derivatives by their step; the central difference is best at ${v.best}, the proof takes ${v.taken}.`, lines: [{ name: "loss", y: v.central }, { name: "tangent", y: v.complex_step }] }), "Errors of numerical derivatives by their step", ["h", "central", "complex"], v.steps.map((h, n) => [h, v.central[n], v.complex_step[n]]))}
      <small class="axis"><span>h = ${v.steps.at(-1)}</span><span>taken ${v.taken}, best ${v.best}</span><span>${v.steps[0]}</span></small></figure>` : ""}
    <h3>Nearest to the limit</h3>
    <table class="facts"><tr><th>parameter</th><th class="number">derivative</th><th class="number">error</th><th></th></tr>
      ${answer.rows.map((row) => html`<tr><td><button class="link" @click=${() => (watch.value = row.name)}>${row.name}</button></td><td class="number">${row.analytic}</td><td class="number">${row.complex_error}</td><td class=${row.verdict}>${row.verdict}</td></tr>`)}</table>
    <details><summary>The certificate</summary><pre>${answer.text}</pre></details></div>`;
}

// Wrong derivatives that people make, each with what it gives; "break it" lets the proof find it.
function mistakes() {
  const { answer, error } = mistakesOf.value;
  if (error) return html`<p class="FAIL">${error}</p>`;
  if (!answer) return asking;
  const found = broken.value?.of === answer.of && broken.value.rev === answer.rev ? broken.value : null;
  const breaks = async (mistake) => {
    const said = await ask({ about: "broken", of: answer.of, on: on(), mistake });
    broken.value = said.refused ? null : { ...said, of: answer.of };
  };
  return html`<div class=${mistakesOf.old.value ? "old" : ""}><p>∂L/∂${answer.of} is <b>${say(`dL/d${answer.of}`, answer.derivative)}</b>. Wrong ways to it give:</p>
    <table class="facts">${answer.mistakes.map((each, n) => html`<tr><td class="number">${each.value}</td><td>${sentence(each.words)}</td><td><button class="break" @click=${() => breaks(n)}>break it</button></td></tr>
      ${found?.mistake === n ? html`<tr><td colspan="3"><p class=${found.verdict}><b>${found.verdict}</b>: the certificate of the gradient with this mistake in it.</p><pre>${found.text}</pre></td></tr>` : ""}`)}</table>
    ${answer.mistakes.length ? "" : html`<p class="quiet">No mistake that is known gives another number here.</p>`}</div>`;
}

function source() {
  const { answer } = sourceOf.value;
  if (!answer) return asking;
  return html`<p>The lines that compute this phase, in <b>${answer.file}</b>:</p><pre class="source" tabindex="0">${answer.lines}</pre>`;
}
