// What giving a clip needs from the rest of the page.

import { get, sealed, send } from "../../shared/api";
import { manifest, wholeFilm } from "../clips";
import { go, hubNow, ring } from "../state";
import { say } from "../toast";
import type { Doors } from "./giver";

export const doors: Doors = {
  hub: { get, send, sealed },
  manifest,
  wholeFilm,
  keys: () => ring.value,
  nowMs: hubNow,
  rest: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  given: () => {
    say("Signed. Here you see when it has arrived, and who looks.");
    go("/giving");
  },
};
