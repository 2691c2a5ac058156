// Messages to the session and back: acts, questions, and frames that come of themselves; by HTTP or by a notebook.

import { batch } from "./vendor/signals-core.js";
import { connection, frame, refusal, settings } from "./store.js";

// By HTTP: messages by POST, frames by a stream. `on` has what is to be done with settings, frame, bye and lost.
const http = {
  async send(to, message) {
    const response = await fetch(to, {
      method: "POST",
      priority: to === "act" ? "high" : "low",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(message),
    });
    const said = await response.json();
    return response.ok ? said : { refused: true, ...said };
  },
  open(of, on) {
    const stream = new EventSource(`events?${new URLSearchParams(of)}`);
    for (const each of ["settings", "frame", "bye"]) stream.addEventListener(each, (event) => on[each](event.data));
    stream.addEventListener("error", () => on.lost(stream.readyState === EventSource.CLOSED));
    return () => stream.close();
  },
};

// By the channel of a notebook's widget: every message has a number, by which its answer is known.
export function comm(model) {
  const view = Math.random().toString(36).slice(2);
  const waiting = new Map();
  let sent = 0, hears = null, events = { to: "events", view };
  const tell = (content) => {
    try {
      model.send(content);
      return true;
    } catch {
      return false; // the kernel has ended, or begun anew
    }
  };
  model.on("msg:custom", (content) => {
    if (content.view === view) {
      if (content.settings) hears?.settings(content.settings);
      hears?.frame(content.frame);
    }
    waiting.get(content.id)?.done(content.said ?? { refused: true, ...content.refusal });
    waiting.delete(content.id);
  });
  model.on("comm_live_update", () => {
    if (tell(events)) return;
    waiting.forEach(({ fail }) => fail());
    waiting.clear();
    hears?.bye();
  });
  return {
    send: (to, message) =>
      new Promise((done, fail) => {
        const id = `${view}.${++sent}`;
        if (tell({ id, to, message })) waiting.set(id, { done, fail });
        else fail();
      }),
    open(of, on) {
      hears = on;
      events = { to: "events", view, of };
      tell(events);
      return () => {
        hears = null;
        events = { to: "events", view };
        tell(events);
      };
    },
  };
}

let carrier = http;
export const carry = (by) => (carrier = by);

async function post(to, message) {
  try {
    return await carrier.send(to, message);
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

let close = null;
let asked = "";

// Listen to frames; `of` chooses the units that are told of wide layers.
export function listen(of) {
  const query = JSON.stringify(of);
  if (close && query === asked) return;
  stop();
  asked = query;
  let made = null; // settings come before the frame that is made of them, and are shown with it
  close = carrier.open(of, {
    settings: (text) => (made = JSON.parse(text)),
    frame: (text) =>
      batch(() => {
        connection.value = "live";
        if (made) settings.value = made;
        made = null;
        frame.value = JSON.parse(text);
      }),
    bye: () => {
      connection.value = "ended";
      stop();
    },
    lost: (isClosed) => {
      if (connection.value !== "ended") connection.value = "lost";
      if (isClosed) again(of);
    },
  });
}

export function stop() {
  close?.();
  close = null;
}

function again(of) {
  stop();
  setTimeout(() => listen(of), 1000);
}
