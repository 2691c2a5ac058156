// Questions that are asked again when the moment, or what they are about, has changed; the last answer stays meanwhile.

import { computed, effect, signal } from "./vendor/signals-core.js";
import { html } from "./vendor/lit-html.js";
import { frame } from "./store.js";
import { ask } from "./wire.js";

const PAUSE = 200, SHARE = 4; // ms between questions while it plays, and at least so many times what an answer took

export const asking = html`<p class="quiet asking">Asking.</p>`;

// A signal of {answer, error}; `about` makes the question of now, or null where there is none. `pause` is at least
// between two questions, in ms, whether it plays or not. Its `old` says that the answer is of another moment, or to
// another question; while it plays all answers are, a little, and nothing is to flicker.
export function asked(about, pause = 0) {
  const found = signal({ answer: null, error: "" });
  const isWaiting = signal(false);
  found.old = computed(() => !frame.value?.is_playing && (isWaiting.value || Boolean(found.value.answer && frame.value && found.value.answer.rev !== frame.value.rev)));
  let running = false, wanted = null, last = 0, took = 0;
  async function run() {
    running = true;
    while (wanted) {
      const question = wanted;
      wanted = null;
      const wait = last + Math.max(pause, frame.peek()?.is_playing ? Math.max(PAUSE, SHARE * took) : 0) - performance.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      last = performance.now();
      const said = await ask(question);
      took = performance.now() - last;
      if (said.refused) found.value = { answer: null, error: said.error };
      else found.value = { answer: said, error: "" };
    }
    running = isWaiting.value = false;
  }
  effect(() => {
    if (!frame.value) return;
    const question = about(frame.value.rev);
    if (!question) return;
    wanted = question;
    isWaiting.value = true;
    if (!running) run();
  });
  return found;
}
