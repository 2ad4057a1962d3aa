// What the giving page needs from the rest of the page.

import { get, sealed, send } from "../../shared/api";
import { inBrowser, logMemory } from "../../shared/memory";
import { hubNow, opened, ring } from "../state";
import { say } from "../toast";
import type { Doors } from "./donor";

const ASKING = "nightlatch.taking-back";

export const doors: Doors = {
  hub: { get, sealed, send },
  keys: () => ring.value,
  open: opened,
  nowMs: hubNow,
  browserMs: Date.now,
  memory: logMemory(inBrowser()),
  rest: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  takenBack: () => say("Taken back. The programme says that nobody can see it any more."),
  asking: {
    get: () => sessionStorage.getItem(ASKING),
    set: (donation) => (donation ? sessionStorage.setItem(ASKING, donation) : sessionStorage.removeItem(ASKING)),
  },
};
