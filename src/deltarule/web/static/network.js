// The network of the moment: units with two numbers, edges, the loss. What it shows is the frame's text.

import { signal } from "./vendor/signals-core.js";
import { html, nothing, svg } from "./vendor/lit-html.js";
import { asked } from "./ask.js";
import { question } from "./data.js";
import { act } from "./wire.js";
import { frame, group, hovered, inputName, isRevealed, K, lit, mode, named, now, outputName, parsed, phase, phases, say, settings, sub, watch } from "./store.js";
import { bytes, picture, scale, tint } from "./colour.js";
import { padlock } from "./icons.js";

const UNIT = { w: 76, line: 17 };
const ROOM = 260; // what the units of a layer have, with the gaps between them, on a screen of 720 pixels
const STRIP = 16; // of the units that are folded away
const TOP = 26, BOTTOM = 30, LEFT = 2, LOSS = 104, WIDTH = 588;

export const hasMaps = signal(false);
const mapsOf = asked((rev) => (hasMaps.value ? question("maps", rev) : null));

// What a unit says in this phase: its two lines, each {q, text, kind}, by layer and place in the frame.
function lines(f, of, k, n, i) {
  const last = K.value, by = group.value;
  const value = (q, text) => ({ q, text, kind: "value" });
  const gradient = (q, text) => ({ q, text, kind: "gradient" });
  if (by === "forward") {
    if (k === 0) return settings.value.has_scale ? [value(`x[${i}]`, of.x[n]), value(`h[0,${i}]`, of.h[0][n])] : [value(`x[${i}]`, of.x[n])];
    if (k < last) return [value(`a[${k},${i}]`, of.a[k - 1][n]), value(`h[${k},${i}]`, of.h[k][n])];
    const isThere = now.value.at === "y" || now.value.at === "L";
    return [value(`a[${k},${i}]`, of.a[k - 1][n]), value(`y_hat[${i}]`, isThere ? of.y_hat[n] : "")];
  }
  if (by === "backward") {
    if (k === 0) return settings.value.has_scale ? [value(`x[${i}]`, of.x[n]), gradient(`dL/dh[0,${i}]`, of.dh[0][n])] : [value(`x[${i}]`, of.x[n])];
    if (k < last) return [gradient(`dL/da[${k},${i}]`, of.da[k - 1][n]), gradient(`dL/dh[${k},${i}]`, of.dh[k][n])];
    return [gradient(`dL/da[${k},${i}]`, isRevealed(k) ? of.da[k - 1][n] : ""), gradient(`dL/dy_hat[${i}]`, of.dy[n])];
  }
  if (k === 0) return settings.value.has_scale ? [value(`s[${i}]`, f.s[n]), value(`step s[${i}]`, f.step_s[n])] : [value(`x[${i}]`, of.x[n])];
  return [value(`b[${k},${i}]`, f.b[k - 1][n]), value(`step b[${k},${i}]`, f.step_b[k - 1][n])];
}

// Whether the two lines of layer k have come to be in this phase.
function isThere(k) {
  if (group.value === "backward" && (k === 0 || k === K.value)) return true;
  return isRevealed(k);
}

// What an edge says: the weight, its derivative, or its step; with the name of the quantity.
function edge(f, of, { kind, k, n, m, i, j }) {
  const by = group.value;
  const name = named({ kind, k, i, j });
  if (by === "backward") {
    const isOf = of.dW ?? f.dW;
    const text = kind === "w" ? isOf[k - 1][n][m] : (of.db ?? f.db)[k - 1][n];
    return { name, q: `dL/d${name}`, text: isRevealed(k) ? text : "", kind: "gradient" };
  }
  if (by === "update") return { name, q: `step ${name}`, text: kind === "w" ? f.step_W[k - 1][n][m] : f.step_b[k - 1][n], kind: "value" };
  return { name, q: name, text: kind === "w" ? f.W[k - 1][n][m] : f.b[k - 1][n], kind: "value" };
}

function head(k) {
  const last = K.value, by = group.value;
  if (k === 0) return by === "forward" || !settings.value.has_scale ? "x" : by === "backward" ? "x, ∂L/∂h₀" : "s, step";
  if (by === "forward") return k < last ? `a${sub(k)}, h${sub(k)}` : `a${sub(k)}, ŷ`;
  if (by === "backward") return k < last ? `∂L/∂a${sub(k)}, ∂L/∂h${sub(k)}` : `∂L/∂a${sub(k)}, ∂L/∂ŷ`;
  return `b${sub(k)}, step`;
}

export function network() {
  const f = frame.value, s = settings.value;
  if (!f || !s || f.units.length !== s.sizes.length) return html`<p class="quiet">Waiting for the first frame.</p>`;
  const of = mode.value === "batch" ? f.batch : f.example;
  const last = K.value;
  const tall = (k) => UNIT.line * (k === 0 && s.has_scale ? 3 : 2);
  const strip = (k) => (f.strips?.[k] ? STRIP + 20 : 0);
  const gap = Math.min(40, Math.max(4, Math.min(...f.units.map((units, k) => (ROOM - strip(k)) / units.length - tall(k)))));
  const span = (k) => f.units[k].length * (tall(k) + gap) + strip(k);
  const height = TOP + Math.max(...f.units.map((_, k) => span(k))) + BOTTOM;
  const across = Math.max(124, (WIDTH - LEFT - UNIT.w - LOSS) / last);
  const width = LEFT + last * across + UNIT.w + LOSS;
  const x = (k) => LEFT + k * across;
  const y = (k, n) => TOP + (height - TOP - BOTTOM - span(k)) / 2 + n * (tall(k) + gap);
  const middle = (k, n) => y(k, n) + tall(k) / 2;
  const bias = height - 22;
  const edges = [];
  for (let k = 1; k <= last; k++) {
    f.units[k].forEach((i, n) => {
      f.units[k - 1].forEach((j, m) => {
        edges.push({ ...edge(f, of, { kind: "w", k, n, m, i, j }), k, from: [x(k - 1) + UNIT.w, middle(k - 1, m)], to: [x(k), middle(k, n)] });
      });
      edges.push({ ...edge(f, of, { kind: "b", k, n, i, j: 0 }), k, from: [x(k - 1) + UNIT.w - 12, bias + 10], to: [x(k), middle(k, n)], isBias: true });
    });
  }
  const widths = {};
  for (let k = 1; k <= last; k++) widths[k] = scale(edges.filter((each) => each.k === k).map((each) => each.text));
  const selected = watch.value, over = hovered.value;
  const top = edges.filter((each) => each.name === selected || each.name === over);
  return html`${bar(s)}
    <div class="drawing" tabindex="0" role="group" aria-label="Drawing of the network">
      <svg class="net" viewBox="0 0 ${width} ${height}" width=${width} height=${height} role="img" aria-label=${`Network ${s.sizes.join("-")}, ${group.value}`}>
        <defs>
          ${["minus", "plus"].map((side) => svg`<pattern id="hatch-${side}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.5" height="5" class="gradient ${side}"></rect></pattern>`)}
          <marker id="back" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M8 0 0 4 8 8z" class="tip"></path></marker>
        </defs>
        ${f.units.map((_, k) => svg`<text class="head" x=${x(k) + UNIT.w / 2} y="16" text-anchor="middle">${head(k)}</text>`)}
        <g class="edges">${edges.map((each) => connection(each, widths[each.k], selected, f))}</g>
        ${f.units.slice(0, -1).map((_, k) => svg`<g class="one"><rect x=${x(k) + UNIT.w - 34} y=${bias} width="22" height="20" rx="4"></rect><text x=${x(k) + UNIT.w - 23} y=${bias + 14} text-anchor="middle">1</text></g>`)}
        ${f.units.map((units, k) => layer(f, of, k, units, x(k), (n) => y(k, n), tall(k)))}
        ${f.units.map((units, k) => (f.strips?.[k] ? folded(f.strips[k], s.sizes[k] - units.length, k, x(k), y(k, units.length)) : ""))}
        ${loss(f, of, x(last) + UNIT.w, (middle(last, 0) + middle(last, f.units[last].length - 1)) / 2)}
        ${top.map((each) => label(each))}
      </svg>
    </div>
    ${locks(f)}`;
}

function connection(each, most, selected, f) {
  const [x1, y1] = each.from, [x2, y2] = each.to;
  const bend = (x2 - x1) / 2.4;
  const isLit = lit.value.includes(each.name);
  const d = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  const told = say(each.q, each.text) === each.text ? each.text : ""; // what is asked for has no ink that tells it
  const share = tint(told, most);
  const isFrozen = f.frozen.includes(each.name) || f.frozen.includes(`${each.isBias ? "b" : "W"}[${each.k}]`);
  const classes = ["edge", each.kind, told.startsWith("-") ? "minus" : "plus", told === "" ? "absent" : "", isFrozen ? "frozen" : "", each.isBias ? "bias" : "", isLit ? "lit" : ""];
  return svg`<g class=${each.name === selected ? "selected" : ""}>
    <path d=${d} class=${classes.filter(Boolean).join(" ")} stroke-width=${(isLit ? 3 + 2 * share : 0.75 + 4 * share).toFixed(2)} marker-start=${each.kind === "gradient" && share > 0 ? "url(#back)" : "none"}></path>
    <path d=${d} class="reach" @click=${() => (watch.value = each.name)} @pointerenter=${() => (hovered.value = each.name)} @pointerleave=${() => (hovered.value = "")}></path>
  </g>`;
}

// The number of an edge, at its middle, over everything.
function label(each) {
  const x = (each.from[0] + each.to[0]) / 2, y = (each.from[1] + each.to[1]) / 2;
  const text = say(each.q, each.text || "–");
  const wide = 7 * Math.max(text.length, 3) + 8;
  return svg`<g class="label"><rect x=${x - wide / 2} y=${y - 10} width=${wide} height="20" rx="4"></rect><text x=${x} y=${y + 4} text-anchor="middle" data-q=${each.q}>${text}</text></g>`;
}

function layer(f, of, k, units, x, y, tall) {
  const isOpen = isThere(k);
  const each = units.map((i, n) => lines(f, of, k, n, i));
  const most = [0, 1].map((at) => scale(each.map((two) => two[at]?.text ?? "")));
  return units.map((i, n) => {
    const name = k === 0 ? inputName(i) : k === K.value ? outputName(i) : "";
    const here = parsed(watch.value);
    const isOn = here && ((here.k === k && here.i === i && (k > 0 || here.kind === "s")) || (here.kind === "w" && here.k === k + 1 && here.j === i));
    const shut = of.shut.find((each) => each[0] === k && each[1] === i);
    const isLit = lit.value.includes(`h[${k},${i}]`);
    const choose = () => (watch.value = k ? named({ kind: "b", k, i }) : settings.value.has_scale ? named({ kind: "s", i }) : named({ kind: "w", k: 1, i: 1, j: i }));
    return svg`<g class="unit ${isOn ? "on" : ""} ${isLit ? "lit" : ""} ${shut?.[2] ?? ""}" @click=${choose}>
      ${name || shut ? svg`<title>${name || `unit ${i} is ${shut[2]}: the largest |g′| is ${shut[3]}`}</title>` : ""}
      ${k === 0 ? svg`<text class="name" x=${x + 6} y=${y(n) + 13}>${name.length > 9 ? `${name.slice(0, 8)}…` : name}</text>` : ""}
      ${hasMaps.value ? map(k, i, x, y(n), tall) : ""}
      ${each[n].map((at, row) => line(at, isOpen, x, y(n) + (row + (k === 0 ? 1 : 0)) * UNIT.line, most[row]))}
      <rect class="frame" x=${x} y=${y(n)} width=${UNIT.w} height=${tall} rx="6"></rect>
      ${shut?.[2] === "saturated" ? svg`<path class="stopper" d="M${x + 6} ${y(n)}h${UNIT.w - 12}"></path>` : ""}
    </g>`;
  });
}

// What a hidden unit says over the plane of the data panel.
function map(k, i, x, y, tall) {
  const of = mapsOf.value.answer?.units[k]?.[i - 1];
  return of ? svg`<image href=${picture(bytes(of.levels), 40)} x=${x} y=${y} width=${UNIT.w} height=${tall} preserveAspectRatio="none"></image>` : "";
}

function line(at, isOpen, x, y, most) {
  const text = say(at.q, isOpen && at.text !== "" ? at.text : "–");
  const share = isOpen && !hasMaps.value && text === at.text ? tint(at.text, most) : 0;
  const side = at.text.startsWith("-") ? "minus" : "plus";
  const fill = at.kind === "gradient" ? `url(#hatch-${side})` : null;
  return svg`<rect class="fill ${at.kind} ${side}" x=${x} y=${y} width=${UNIT.w} height=${UNIT.line} fill=${fill ?? "currentColor"} opacity=${((at.kind === "gradient" ? 0.65 : 0.4) * share).toFixed(2)}></rect>
    <text class="number" x=${x + UNIT.w - 6} y=${y + 13} text-anchor="end" textLength=${text.length > 9 ? UNIT.w - 11 : nothing} lengthAdjust="spacingAndGlyphs" data-q=${at.q}>${text}</text>`;
}

// All units of a folded layer, a bar each, up for what is positive and down for what is negative.
function folded(strip, more, k, x, y) {
  const levels = bytes(strip.values);
  const wide = UNIT.w / levels.length, half = STRIP / 2;
  const bars = (side) => Array.from(levels, (level, n) => (level * side > 0 ? `M${(x + (n + 0.5) * wide).toFixed(2)} ${y + half}v${(-half * level / 127).toFixed(2)}` : "")).join("");
  const choose = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const i = Math.min(levels.length, 1 + Math.floor(((event.clientX - box.left) / box.width) * levels.length));
    watch.value = k ? `w[${k},${i},1]` : `w[1,1,${i}]`;
  };
  const kind = group.value === "backward" ? "gradient" : "value";
  return svg`<g class="strip-of" @click=${choose}><title>all ${levels.length} units, the largest ${strip.scale}; choose one</title>
    <rect x=${x} y=${y} width=${UNIT.w} height=${STRIP} rx="2"></rect>
    <path d=${bars(1)} class="edge ${kind} plus" stroke-width=${Math.max(wide, 0.6)}></path><path d=${bars(-1)} class="edge ${kind} minus-solid" stroke-width=${Math.max(wide, 0.6)}></path></g>
    <text class="name" x=${x + UNIT.w / 2} y=${y + STRIP + 13} text-anchor="middle">${more} more</text>`;
}

function loss(f, of, x, y) {
  const isThere = group.value !== "forward" || now.value.at === "L";
  return svg`<g class="loss"><path d="M${x} ${y}H${x + 14}"></path><rect x=${x + 14} y=${y - 20} width="88" height="40" rx="20"></rect>
    <text class="caption" x=${x + 58} y=${y - 4} text-anchor="middle">L</text><text class="number" x=${x + 58} y=${y + 11} text-anchor="middle" data-q="L">${isThere ? of.loss : "–"}</text></g>`;
}

function bar(s) {
  const jump = (to) => (phase.value = phases.value.findLastIndex((each) => each.group === to));
  return html`<div class="bar">
    <h2>Network</h2>
    <div class="segments" role="group" aria-label="Phase group">
      ${["forward", "backward", "update"].map((each) => html`<button aria-pressed=${group.value === each} @click=${() => jump(each)}>${each[0].toUpperCase() + each.slice(1)}</button>`)}
    </div>
    <div class="segments" role="group" aria-label="Of one example or of the batch">
      ${["example", "batch"].map((each) => html`<button data-name=${each} aria-pressed=${mode.value === each} @click=${() => (mode.value = each)} title=${each === "batch" ? "means of the batch, weighed by c_n" : "the example that is selected"}>${each[0].toUpperCase() + each.slice(1)}</button>`)}
    </div>
    <button data-name="maps" aria-pressed=${hasMaps.value} @click=${() => (hasMaps.value = !hasMaps.value)} title="what every hidden unit says over the plane of the data panel">Maps</button>
  </div>`;
}

// A padlock for every array; what is frozen is not computed, and the products that saves are counted.
function locks(f) {
  const arrays = [];
  for (let k = 1; k <= K.value; k++) arrays.push(`W[${k}]`, `b[${k}]`);
  const [made, all] = f.products;
  return html`<div class="locks" role="group" aria-label="What learns">
    ${arrays.map((name) => {
      const isFrozen = f.frozen.includes(name);
      return html`<button class="lock" aria-pressed=${isFrozen} title=${isFrozen ? `let ${name} learn again` : `freeze ${name}`} @click=${() => act({ do: "freeze", name, is_frozen: !isFrozen })}>${padlock(isFrozen)} ${name}</button>`;
    })}
    <span class="quiet">${made === all ? `${all} products backward` : `${made} of ${all} products backward`}</span>
  </div>`;
}
