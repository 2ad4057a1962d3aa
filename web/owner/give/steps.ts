// Giving one clip, step by step: choose, hide people, play the film to its end, answer one question, sign. Pure: what
// came, and the step that follows. Nothing is signed but a film of which every second was seen and whose owner found
// nothing left in it, and nothing comes after "given".

import { broken, type Failure, isGone } from "../../shared/ask";
import type { Bytes } from "../../shared/bytes";
import type { Box, Offer, Programme } from "../../shared/wire";
import type { Manifest } from "../clips";
import { begun, type Covers } from "./covers";
import { type Cut, firstCut, fitted, lengthOf, SHORTEST_MS } from "./cut";
import { isAll, nothingOf, type Sample, type Seen, sampled } from "./seen";
import { type Covered, GONE, LITTLE_TO_SEE } from "./words";

// The film with everybody hidden in it: exactly the bytes that would be given. The hub announced their hash.
export interface Preview {
  offer: string;
  sha256: string;
  bytes: Bytes;
  url: string; // of these bytes, for <video>
  lengthS: number;
  timesFound: number | null; // pictures × people
  written: number; // places covered as writing or screens
  covers: readonly Box[]; // what the owner covered
  covered: Covered | null;
  keptUntilMs: number | null;
}

export interface Choosing {
  step: "choosing";
  clip: Manifest;
  programme: Programme;
  witness: string; // the key with which this household's hub cosigns the log: the consent names it
  cut: Cut;
  note: string | null; // what became of an earlier try
  failure: Failure | null;
}
export interface Hiding {
  step: "hiding";
  from: Choosing;
  before: Previewing | null; // what is being covered further
  doing: "opening" | "hiding" | "covering";
  share: number | null; // of the hiding that is done, 0 to 1
  leftMs: number | null; // until it is done; null: not known
}
// What the owner said when asked whether anything is left that could be read or recognised.
export type Answer = "nothing" | "something" | null;

export interface Previewing {
  step: "previewing";
  from: Choosing;
  preview: Preview;
  seen: Seen;
  answer: Answer;
  covers: Covers; // what is being drawn, once there is something
  isMeant: boolean; // little is to be seen, and the owner gives it all the same
  failure: Failure | null;
}
export interface Signing {
  step: "signing";
  from: Previewing;
}

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
  | {
      is: "opened";
      clip: Manifest;
      programme: Programme | null;
      witness: string;
      offer?: Offer | null | undefined; // what the hub prepares, or has ready, of this clip
      wasLost?: boolean; // something was being prepared here, and the hub no longer has it
    }
  | { is: "cut"; cut: Cut }
  | { is: "hide" }
  | { is: "progress"; doing: Hiding["doing"]; share: number | null; leftMs: number | null }
  | { is: "hidden"; preview: Preview; problem?: string | null }
  | { is: "stopped" }
  | { is: "watched"; sample: Sample }
  | { is: "answer"; answer: Answer }
  | { is: "drawn"; covers: Covers }
  | { is: "cover" }
  | { is: "meant" }
  | { is: "again" }
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

export const isSeen = ({ seen }: Previewing) => isAll(seen);

// So little is to be seen that the page advises against giving it.
export const isPoor = ({ preview }: Previewing) => (preview.covered?.all ?? 0) >= LITTLE_TO_SEE;

export const canSign = (at: Previewing) => isSeen(at) && at.answer === "nothing" && (!isPoor(at) || at.isMeant);

function opened(at: Step, what: Happening): Step {
  if (what.is === "failed") return { step: "unopened", failure: what.failure };
  if (what.is !== "opened") return at;
  if (!what.programme) return { step: "unjoined" };
  if (lengthOf(what.clip) < SHORTEST_MS) return { step: "too-short" };
  const { clip, programme, witness, offer } = what;
  const note = what.wasLost ? GONE : null;
  const choice: Choosing = { step: "choosing", clip, programme, witness, cut: firstCut(clip), note, failure: null };
  if (!offer) return choice;
  choice.cut = fitted({ fromMs: offer.from_ms, lengthMs: offer.to_ms - offer.from_ms }, lengthOf(clip));
  if (!offer.ready && offer.problem) return { ...choice, failure: broken(offer.problem) };
  return { step: "hiding", from: choice, before: null, doing: "hiding", share: offer.share, leftMs: null };
}

function chosen(at: Choosing, what: Happening): Step {
  if (what.is === "cut") return { ...at, cut: fitted(what.cut, lengthOf(at.clip)) };
  if (what.is !== "hide") return at;
  const from = { ...at, note: null, failure: null };
  return { step: "hiding", from, before: null, doing: "opening", share: null, leftMs: null };
}

function hidden(at: Hiding, what: Happening): Step {
  if (what.is === "progress") {
    return { ...at, doing: what.doing, share: what.share, leftMs: what.leftMs };
  }
  if (what.is === "stopped") return at.before ?? at.from;
  if (what.is === "failed") {
    const { failure } = what;
    return at.before && !isGone(failure) ? { ...at.before, failure } : { ...at.from, failure };
  }
  return what.is === "hidden" ? shown(at, what.preview, what.problem ?? null) : at;
}

// The film is there: a new one has to be watched from its beginning. The one there was before, because covering more
// of it failed, has been seen already, but what was to be covered is still open in it.
function shown({ from, before }: Hiding, preview: Preview, problem: string | null): Previewing {
  const failure = problem ? broken(problem) : null;
  const isSame = before !== null && before.preview.sha256 === preview.sha256;
  const seen = isSame ? before.seen : nothingOf(preview.lengthS);
  const covers = isSame ? before.covers : begun(preview.covers);
  const answer = isSame ? "something" : null;
  return { step: "previewing", from, preview, seen, answer, covers, isMeant: false, failure };
}

function previewed(at: Previewing, what: Happening): Step {
  switch (what.is) {
    case "watched":
      return { ...at, seen: sampled(at.seen, what.sample) };
    case "answer":
      return isSeen(at) ? { ...at, answer: what.answer, isMeant: false, covers: begun(at.preview.covers) } : at;
    case "drawn":
      return at.answer === "something" ? { ...at, covers: what.covers } : at;
    case "cover": {
      if (at.answer !== "something") return at;
      const before = { ...at, failure: null };
      return { step: "hiding", from: at.from, before, doing: "covering", share: 0, leftMs: null };
    }
    case "meant":
      return { ...at, isMeant: true };
    case "again":
      return at.from;
    case "sign":
      return canSign(at) ? { step: "signing", from: { ...at, failure: null } } : at;
    case "failed":
      return isGone(what.failure) ? { ...at.from, failure: what.failure } : { ...at, failure: what.failure };
    default:
      return at;
  }
}

function signed(at: Signing, what: Happening): Step {
  if (what.is === "failed") return previewed(at.from, what);
  return what.is === "given" ? { step: "given" } : at;
}
