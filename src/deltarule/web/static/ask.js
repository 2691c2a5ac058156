// Questions that are asked again when the moment, or what they are about, has changed; the last answer stays meanwhile.

import { computed, effect, signal } from "./vendor/signals-core.js";
import { frame } from "./store.js";
import { ask } from "./wire.js";

const PAUSE = 200; // ms between questions while it plays

// A signal of {answer, error}; `about` makes the question of now, or null where there is none. `pause` is at least
// between two questions, in ms, whether it plays or not. Its `old` says that the answer is of another moment; while it
// plays all answers are, a little, and nothing is to flicker.
export function asked(about, pause = 0) {
  const found = signal({ answer: null, error: "" });
  found.old = computed(() => Boolean(found.value.answer && frame.value && !frame.value.is_playing && found.value.answer.rev !== frame.value.rev));
  let running = false, wanted = null, last = 0;
  async function run() {
    running = true;
    while (wanted) {
      const question = wanted;
      wanted = null;
      const wait = last + Math.max(pause, frame.peek()?.is_playing ? PAUSE : 0) - performance.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      last = performance.now();
      const said = await ask(question);
      if (said.refused) found.value = { answer: null, error: said.error };
      else found.value = { answer: said, error: "" };
    }
    running = false;
  }
  effect(() => {
    if (!frame.value) return;
    const question = about(frame.value.rev);
    if (!question) return;
    wanted = question;
    if (!running) run();
  });
  return found;
}
