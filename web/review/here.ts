// The one session of this page, with the real room, the real keeper and the real clock.

import * as api from "./api";
import { elapsing } from "./clock";
import { Film } from "./film";
import { Session } from "./session";

const TICK_MS = 500;

export const session = new Session({
  room: api,
  film: (keeper, { view, pictures, ticket }, token, listener) =>
    new Film(keeper, view, pictures, { ticket, session: token }, listener),
  nowMs: elapsing(Date.now, () => performance.now()),
  later: (act, ms) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
});

// Called once, when the page begins.
export function watchReviewer() {
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) {
    addEventListener(kind, () => void session.act(), { passive: true });
  }
  setInterval(() => session.tick(), TICK_MS);
  addEventListener("pagehide", () => session.closeFilm());
}
