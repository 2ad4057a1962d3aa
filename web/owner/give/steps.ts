// Giving one clip, step by step: choose, hide people, play the film to its end, sign. Pure: what came, and the step
// that follows. Nothing is signed but a film that was played to its end, and nothing comes after "given".

import type { Failure } from "../../shared/api";
import type { Bytes } from "../../shared/bytes";
import type { Programme } from "../../shared/wire";
import type { Manifest } from "../clips";
import { type Cut, firstCut, fitted, lengthOf, SHORTEST_MS } from "./cut";

// The film with everybody hidden in it: exactly the bytes that would be given. The hub announced their hash.
export interface Preview {
  offer: string;
  bytes: Bytes;
  url: string; // of these bytes, for <video>
  timesFound: number | null; // pictures × people
  covered: Covered | null;
}
// Shares of the film's pixels, 0 to 1.
export interface Covered {
  all: number;
  grey: number; // nothing is known of the place there
  drawn: number;
}

export interface Choosing {
  step: "choosing";
  clip: Manifest;
  programme: Programme;
  witness: string; // the key with which this household's hub cosigns the log: the consent names it
  cut: Cut;
  failure: Failure | null;
}
export interface Hiding {
  step: "hiding";
  from: Choosing;
  doing: "opening" | "hiding";
  share: number | null; // of the hiding that is done, 0 to 1
  passedMs: number; // since it began
}
export interface Previewing {
  step: "previewing";
  from: Choosing;
  preview: Preview;
  isPlayed: boolean; // to its end
  failure: Failure | null;
}
export interface Signing {
  step: "signing";
  from: Previewing;
}
const LITTLE_TO_SEE = 0.6; // of the pixels are covered
const SOME_TO_SEE = 0.3;

export type Step =
  | { step: "opening" }
  | { step: "unopened"; failure: Failure }
  | { step: "unjoined" }
  | { step: "too-short" }
  | Choosing
  | Hiding
  | Previewing
  | Signing
  | { step: "given" };

export type Happening =
  | { is: "opened"; clip: Manifest; programme: Programme | null; witness: string }
  | { is: "cut"; cut: Cut }
  | { is: "hide" }
  | { is: "progress"; doing: Hiding["doing"]; share: number | null; passedMs: number }
  | { is: "hidden"; preview: Preview }
  | { is: "played" }
  | { is: "sign" }
  | { is: "given" }
  | { is: "failed"; failure: Failure };

// The step after what happened; what does not belong to a step leaves it as it is.
export function next(at: Step, what: Happening): Step {
  switch (at.step) {
    case "opening":
      return opened(at, what);
    case "choosing":
      return chosen(at, what);
    case "hiding":
      return hidden(at, what);
    case "previewing":
      return previewed(at, what);
    case "signing":
      return signed(at, what);
    default:
      return at;
  }
}

function opened(at: Step, what: Happening): Step {
  if (what.is === "failed") return { step: "unopened", failure: what.failure };
  if (what.is !== "opened") return at;
  if (!what.programme) return { step: "unjoined" };
  if (lengthOf(what.clip) < SHORTEST_MS) return { step: "too-short" };
  const { clip, programme, witness } = what;
  return { step: "choosing", clip, programme, witness, cut: firstCut(clip), failure: null };
}

function chosen(at: Choosing, what: Happening): Step {
  if (what.is === "cut") return { ...at, cut: fitted(what.cut, lengthOf(at.clip)) };
  if (what.is !== "hide") return at;
  return { step: "hiding", from: { ...at, failure: null }, doing: "opening", share: null, passedMs: 0 };
}

function hidden(at: Hiding, what: Happening): Step {
  if (what.is === "progress") {
    return { ...at, doing: what.doing, share: what.share, passedMs: what.passedMs };
  }
  if (what.is === "failed") return { ...at.from, failure: what.failure };
  if (what.is !== "hidden") return at;
  return { step: "previewing", from: at.from, preview: what.preview, isPlayed: false, failure: null };
}

function previewed(at: Previewing, what: Happening): Step {
  if (what.is === "played") return { ...at, isPlayed: true };
  if (what.is === "sign" && at.isPlayed) return { step: "signing", from: { ...at, failure: null } };
  return at;
}

function signed(at: Signing, what: Happening): Step {
  if (what.is === "failed") return { ...at.from, failure: what.failure };
  return what.is === "given" ? { step: "given" } : at;
}

// What hiding found, in a sentence.
export function hid(times: number): string {
  const often = times === 1 ? "once" : `${times} times`;
  const found = times === 0 ? "Nobody was found in it." : `People were found ${often}; drawings stand in their place.`;
  return `${found} If you can see a person, do not give it.`;
}

// How much of the film is left to see, and what that is worth.
export function inWords({ all, grey, drawn }: Covered): string {
  const parts = `${percent(grey)} of the picture is grey, ${percent(drawn)} drawings`;
  if (all >= LITTLE_TO_SEE) return `Little is left to see: ${parts}. Another clip would teach more.`;
  if (all >= SOME_TO_SEE) return `Some of the place is left to see: ${parts}.`;
  return `Most of the place is left to see: ${parts}.`;
}

// How long hiding will still take, once that can be told.
export function leftFor({ share, passedMs }: Hiding): string {
  if (share === null || share < 0.1 || share >= 1) return "";
  const seconds = Math.max(5, Math.ceil((passedMs * (1 - share)) / share / 5000) * 5);
  return seconds < 90 ? `about ${seconds} seconds left` : `about ${Math.round(seconds / 60)} minutes left`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
