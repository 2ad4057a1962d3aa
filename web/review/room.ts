// Where a reviewer is and what is at hand, as one value. Pure: what came, and what is known after it. Nothing of it is
// stored: a reload is a locked room.

import type { Failure } from "../shared/ask";
import { EMPTY, type Label } from "./label";
import type { NextLook } from "./wire";

export type Saved = "nothing" | "waiting" | "saved" | "failed";

// One look at a clip. It outlives its pictures, so that the label can be finished after a lock.
export interface Work {
  look: NextLook;
  label: Label;
  saved: Saved;
  pictures: number; // that are here
  why: string; // the keeper's sentence when it ended the view
}

export type Place =
  | { is: "out"; isLocked: boolean; work: Work | null }
  | { is: "resting"; work: Work | null }
  | { is: "desk"; work: Work }
  | { is: "empty"; why: string } // "": nothing is waiting
  | { is: "over"; why: string }; // this clip is closed

export interface Room {
  place: Place;
  reviewer: string;
  isBusy: boolean; // one thing at a time
  failure: Failure | null;
  sinceBreakMs: number;
}

export type Happening =
  | { is: "began" } // something that the reviewer asked for
  | { is: "done"; failure: Failure | null }
  | { is: "entered"; reviewer: string; nowMs: number }
  | { is: "drawn"; look: NextLook }
  | { is: "nothing"; why: string }
  | { is: "came"; pictures: number }
  | { is: "ended"; why: string; isRevoked: boolean } // the keeper closed the view
  | { is: "changed"; label: Label }
  | { is: "kept"; label: Label; isSaved: boolean }
  | { is: "locked" }
  | { is: "resting" }
  | { is: "closed"; why: string }; // the reviewer flagged it

export const start = (nowMs: number): Room => ({
  place: { is: "out", isLocked: false, work: null },
  reviewer: "",
  isBusy: false,
  failure: null,
  sinceBreakMs: nowMs,
});

export function next(room: Room, what: Happening): Room {
  switch (what.is) {
    case "began":
      return { ...room, isBusy: true, failure: null };
    case "done":
      return { ...room, isBusy: false, failure: what.failure };
    case "entered": {
      const { reviewer, nowMs } = what;
      return { ...room, reviewer, sinceBreakMs: nowMs, place: entered(room.place) };
    }
    default:
      return { ...room, place: placeAfter(room.place, what) };
  }
}

// Back to an unfinished label, without its pictures.
function entered(at: Place): Place {
  const work = workOf(at);
  if (work) return { is: "desk", work };
  return at.is === "out" ? { ...at, isLocked: false } : at;
}

type OfPlaces = Exclude<Happening, { is: "began" | "done" | "entered" }>;

function placeAfter(at: Place, what: OfPlaces): Place {
  switch (what.is) {
    case "drawn":
      return { is: "desk", work: fresh(what.look) };
    case "nothing":
      return { is: "empty", why: what.why };
    case "closed":
      return { is: "over", why: what.why };
    case "locked":
      return { is: "out", isLocked: true, work: withoutFilm(workOf(at)) };
    case "resting":
      return { is: "resting", work: withoutFilm(workOf(at)) };
    case "ended":
      if (at.is !== "desk") return at;
      if (what.isRevoked) return { is: "over", why: what.why };
      return { is: "desk", work: { ...at.work, why: what.why } };
    default:
      return at.is === "desk" ? { is: "desk", work: workAfter(at.work, what) } : at;
  }
}

function workAfter(work: Work, what: Extract<OfPlaces, { is: "came" | "changed" | "kept" }>): Work {
  if (what.is === "came") return { ...work, pictures: what.pictures };
  if (what.is === "changed") {
    return what.label === work.label ? work : { ...work, label: what.label, saved: "waiting" };
  }
  return what.label === work.label ? { ...work, saved: what.isSaved ? "saved" : "failed" } : work;
}

function fresh(look: NextLook): Work {
  return { look, label: EMPTY, saved: "nothing", pictures: 0, why: "" };
}

function withoutFilm(work: Work | null): Work | null {
  return work && { ...work, pictures: 0 };
}

export function workOf(at: Place): Work | null {
  return at.is === "desk" || at.is === "out" || at.is === "resting" ? at.work : null;
}

export const isIn = ({ place }: Room) => place.is !== "out" && place.is !== "resting";
