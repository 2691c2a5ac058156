// Messages to the session and back: acts and questions by POST, frames by a stream.

import { batch } from "./vendor/signals-core.js";
import { connection, frame, refusal, settings } from "./store.js";

async function post(to, message) {
  try {
    const response = await fetch(to, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(message),
    });
    const said = await response.json();
    return response.ok ? said : { refused: true, ...said };
  } catch {
    return { refused: true, error: "the program does not answer.", field: "" };
  }
}

export async function act(message) {
  const said = await post("act", message);
  refusal.value = said.refused ? said : null;
  return said;
}

export const ask = (message) => post("ask", message);

let stream = null;
let asked = "";

// Listen to frames; `of` chooses the units that are told of wide layers.
export function listen(of) {
  const query = new URLSearchParams(of).toString();
  if (stream && query === asked) return;
  stop();
  asked = query;
  stream = new EventSource(`events?${query}`);
  let made = null; // settings come before the frame that is made of them, and are shown with it
  stream.addEventListener("settings", (event) => {
    made = JSON.parse(event.data);
  });
  stream.addEventListener("frame", (event) => {
    batch(() => {
      connection.value = "live";
      if (made) settings.value = made;
      made = null;
      frame.value = JSON.parse(event.data);
    });
  });
  stream.addEventListener("bye", () => {
    connection.value = "ended";
    stop();
  });
  stream.addEventListener("error", () => {
    if (connection.value !== "ended") connection.value = "lost";
    if (stream?.readyState === EventSource.CLOSED) again(of);
  });
}

export function stop() {
  stream?.close();
  stream = null;
}

function again(of) {
  stop();
  setTimeout(() => listen(of), 1000);
}
