// What giving a clip needs from the rest of the page.

import { get, sealed, send } from "../../shared/api";
import { manifest } from "../clips";
import { go, hubNow, ring } from "../state";
import { sourceOf } from "../timeline/playback";
import { say, sayWhy } from "../toast";
import { wholeFilm } from "./film";
import type { Doors } from "./giver";
import { placeBefore } from "./place";
import { looked } from "./underway";

const NAME = "nightlatch prepares ";

export const doors: Doors = {
  hub: { get, send, sealed },
  manifest,
  wholeFilm,
  before: (clip, heard) => {
    const { list, open } = sourceOf(clip.camera, new AbortController().signal);
    return placeBefore(clip, { list, open, nowMs: () => performance.now() }, heard);
  },
  keys: () => ring.value,
  nowMs: hubNow,
  rest: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  given: () => {
    say("Signed. Here you see when it has arrived, and who looks.");
    go("/giving");
  },
  dropped: (clip) => go(`/clip/${clip}`),
  failedAway: sayWhy,
  looked,
  remember: (clip, isPrepared) => {
    try {
      if (isPrepared) sessionStorage.setItem(NAME + clip, "1");
      else sessionStorage.removeItem(NAME + clip);
    } catch {
      // a browser that keeps nothing for a page: it is then not said that something was lost
    }
  },
  remembered: (clip) => {
    try {
      return sessionStorage.getItem(NAME + clip) !== null;
    } catch {
      return false;
    }
  },
};
