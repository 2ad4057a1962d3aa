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
  isAgain: boolean; // its label was handed in and taken back; that goes once
}

// `aside` is the look that was begun before a label was taken back: it waits, with its pictures, until that is done.
export type Place =
  | { is: "out"; isLocked: boolean; work: Work | null; aside?: Work | undefined }
  | { is: "resting"; work: Work | null; aside?: Work | undefined }
  | { is: "desk"; work: Work; aside?: Work | undefined }
  | { is: "empty"; why: string } // "": nothing is waiting
  | { is: "over"; why: string; aside?: Work | undefined }; // this clip is closed

const UNDONE =
  "You took this label back. The look is over, so its pictures stay away. Change what you said, and hand it in again.";

// What was handed in a moment ago, and until when it can be taken back.
export interface Handed {
  work: Work;
  untilMs: number;
}

// Why the room is about to lock: nobody moved, or the passkey has to be touched again.
export type Warning = "idle" | "touch";

export interface Room {
  place: Place;
  reviewer: string;
  isBusy: boolean; // one thing at a time
  failure: Failure | null;
  sinceBreakMs: number;
  handed: Handed | null;
  warning: Warning | null;
  isMine: boolean; // the reviewer's own figures are open
}

export type Happening =
  | { is: "began" } // something that the reviewer asked for
  | { is: "done"; failure: Failure | null }
  | { is: "entered"; reviewer: string; nowMs: number }
  | { is: "drawn"; look: NextLook }
  | { is: "nothing"; why: string }
  | { is: "came"; view: number; pictures: number }
  | { is: "ended"; view: number; why: string; isRevoked: boolean } // the keeper closed the view
  | { is: "changed"; label: Label }
  | { is: "kept"; label: Label; isSaved: boolean }
  | { is: "handed"; handed: Handed | null } // null: it is too late to take it back
  | { is: "undone"; work: Work }
  | { is: "resumed"; work: Work } // the look that waited
  | { is: "warned"; of: Warning | null }
  | { is: "mine"; isOpen: boolean }
  | { is: "locked" }
  | { is: "resting" }
  | { is: "closed"; why: string }; // the reviewer flagged it

export const start = (nowMs: number): Room => ({
  place: { is: "out", isLocked: false, work: null },
  reviewer: "",
  isBusy: false,
  failure: null,
  sinceBreakMs: nowMs,
  handed: null,
  warning: null,
  isMine: false,
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
    case "handed":
      return { ...room, handed: what.handed };
    case "warned":
      return { ...room, warning: what.of };
    case "mine":
      return { ...room, isMine: what.isOpen };
    case "locked":
    case "resting":
      return { ...room, handed: null, warning: null, isMine: false, place: placeAfter(room.place, what) };
    case "undone":
      return { ...room, handed: null, place: placeAfter(room.place, what) };
    default:
      return { ...room, place: placeAfter(room.place, what) };
  }
}

// Back to an unfinished label, without its pictures.
function entered(at: Place): Place {
  const work = workOf(at);
  if (work) return { is: "desk", work, aside: asideOf(at) };
  return at.is === "out" ? { ...at, isLocked: false } : at;
}

type OfPlaces = Exclude<Happening, { is: "began" | "done" | "entered" | "handed" | "warned" | "mine" }>;

function placeAfter(at: Place, what: OfPlaces): Place {
  switch (what.is) {
    case "drawn":
      return { is: "desk", work: fresh(what.look) };
    case "nothing":
      return { is: "empty", why: what.why };
    case "closed":
      return { is: "over", why: what.why, aside: asideOf(at) };
    case "locked":
      return { is: "out", isLocked: true, work: withoutFilm(workOf(at)), aside: withoutFilm(asideOf(at)) };
    case "resting":
      return { is: "resting", work: withoutFilm(workOf(at)), aside: withoutFilm(asideOf(at)) };
    case "undone": {
      const work: Work = { ...what.work, isAgain: true, saved: "saved", pictures: 0, why: UNDONE };
      return { is: "desk", work, aside: at.is === "desk" ? at.work : asideOf(at) };
    }
    case "resumed":
      return { is: "desk", work: what.work };
    default:
      return at.is === "desk" ? deskAfter(at, what) : at;
  }
}

type Desk = Extract<Place, { is: "desk" }>;
type OfDesk = Extract<OfPlaces, { is: "came" | "ended" | "changed" | "kept" }>;

// Pictures come, and end, for the look that they belong to, whether it is before the reviewer or waits.
function deskAfter(at: Desk, what: OfDesk): Place {
  if (what.is === "changed" || what.is === "kept") return { ...at, work: workAfter(at.work, what) };
  const isAside = at.aside?.look.view === what.view;
  const of = isAside ? at.aside : at.work;
  if (!of || of.look.view !== what.view) return at;
  if (what.is === "ended" && what.isRevoked)
    return isAside ? { ...at, aside: undefined } : { is: "over", why: what.why, aside: at.aside };
  const after = what.is === "came" ? { ...of, pictures: what.pictures } : { ...of, why: what.why };
  return isAside ? { ...at, aside: after } : { ...at, work: after };
}

function workAfter(work: Work, what: Extract<OfDesk, { is: "changed" | "kept" }>): Work {
  if (what.is === "changed") {
    return what.label === work.label ? work : { ...work, label: what.label, saved: "waiting" };
  }
  return what.label === work.label ? { ...work, saved: what.isSaved ? "saved" : "failed" } : work;
}

function fresh(look: NextLook): Work {
  return { look, label: EMPTY, saved: "nothing", pictures: 0, why: "", isAgain: false };
}

function withoutFilm<T extends Work | null | undefined>(work: T): T {
  return work && { ...work, pictures: 0 };
}

export function workOf(at: Place): Work | null {
  return at.is === "desk" || at.is === "out" || at.is === "resting" ? at.work : null;
}

export function asideOf(at: Place): Work | undefined {
  return at.is === "empty" ? undefined : at.aside;
}

export const isIn = ({ place }: Room) => place.is !== "out" && place.is !== "resting";
