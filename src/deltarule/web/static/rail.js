// The transport, and the phases of the update that is about to be made.

import { html } from "./vendor/lit-html.js";
import * as icons from "./icons.js";
import { act } from "./wire.js";
import { frame, mode, phase, phases, place, settings } from "./store.js";

// Go a phase on; over the update, make it, and begin the next.
export async function forth() {
  if (place.value < phases.value.length - 1) phase.value = place.value + 1;
  else await step();
}

export async function step(by = "batch", n = 1) {
  const said = await act({ do: "step", by, n });
  if (!said.refused && place.value === phases.value.length - 1) phase.value = 0;
}

export async function backwards() {
  if (place.value > 0) phase.value = place.value - 1;
  else if (frame.value?.t > 0) {
    const said = await act({ do: "back" });
    if (!said.refused) phase.value = phases.value.length - 1;
  }
}

export const playOrPause = () => act({ do: frame.value?.is_playing ? "pause" : "play" });

export function rail() {
  const f = frame.value, s = settings.value;
  if (!f || !s) return html``;
  const playing = f.is_playing;
  return html`<div class="transport" role="group" aria-label="Transport">
      <button @click=${() => act({ do: "restart" })} title="begin anew from the same weights (Home)" aria-label="Restart" ?disabled=${f.t === 0}>${icons.restart()}</button>
      <button @click=${() => act({ do: "back" })} title="take the last update back (Shift+Left)" aria-label="Back" ?disabled=${f.t === 0}>${icons.back()}</button>
      <button class="play" @click=${playOrPause} aria-pressed=${playing} aria-label=${playing ? "pause" : "play"} title="Space">${playing ? icons.pause() : icons.play()} <span class="words">${playing ? "pause" : "play"}</span></button>
      <span class="segments" role="group" aria-label="One step of">
        <button @click=${() => act({ do: "step", by: "example" })} title="the next example of the batch; after its last the update">+example</button>
        <button @click=${() => step("batch")} title="make the update (Shift+Right)">+batch</button>
        <button @click=${() => step("epoch")} title="all updates of this epoch (E)">+epoch</button>
      </span>
      <label class="speed"><span class="hidden">Updates a second</span>
        <select @change=${(event) => act({ do: "speed", value: event.target.value })} title="updates a second while it plays">
          ${s.speeds.map((each) => html`<option value=${each} ?selected=${each === f.speed}>${each}/s</option>`)}
        </select></label>
    </div>
    <ol class="phases" aria-label="Phases">
      ${["forward", "backward", "update"].map((group) => html`<li><span class="caption">${group}</span>
        <span class="stops">${phases.value.map((each, n) => (each.group === group ? stop(each, n) : ""))}</span></li>`)}
    </ol>
    <div class="turn"><button @click=${backwards} aria-label="Phase back" title="Left">←</button><button @click=${forth} class="next" title="Right">${place.value === phases.value.length - 1 ? "make the update" : "next phase →"}</button></div>
    <dl class="where">
      <div><dt>update</dt><dd data-q="t">${f.t}</dd></div>
      <div class="epoch"><dt>epoch</dt><dd data-q="epoch">${f.epoch}</dd></div>
      <div><dt>L, ${mode.value}</dt><dd data-q=${`L of ${mode.value}`}>${f[mode.value].loss}</dd></div>
      ${f.val ? html`<div><dt>held out</dt><dd data-q="L of validation">${f.val}</dd></div>` : ""}
    </dl>`;
}

function stop({ at }, n) {
  const text = at === "y" ? "ŷ" : at;
  return html`<button class="stop ${n <= place.value ? "done" : ""}" aria-current=${n === place.value ? "step" : "false"} @click=${() => (phase.value = n)}>${text}</button>`;
}
