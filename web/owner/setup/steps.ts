// First start, step by step: name and passphrase, the recovery sheet, three of its words, done. Pure: nothing is sent
// before the sheet was shown and three words of it were typed.

import { broken, type Failure } from "../../shared/api";
import type { Bytes } from "../../shared/bytes";

export const ASKED = 3; // words that are asked for

export interface Form {
  name: string;
  passphrase: string;
  repeat: string;
  code: string; // from the address that the hub printed; only asked for if the hub wants one
}

// The owner's key as it was made in this browser.
export interface NewKey {
  root: Bytes;
  words: string[];
  recipient: string;
}

export type Step =
  | { step: "welcome"; failure: Failure | null }
  | { step: "sheet"; key: NewKey }
  | Check
  | { step: "finishing"; check: Check };

export interface Check {
  step: "check";
  key: NewKey;
  asked: number[]; // places of words on the sheet, from 0, in order
  typed: Readonly<Record<number, string>>;
  failure: Failure | null;
}

export interface SetUp {
  form: Form;
  at: Step;
}

export type Happening =
  | { is: "written"; part: Partial<Form> }
  | { is: "refused"; failure: Failure }
  | { is: "made"; key: NewKey }
  | { is: "on-paper"; asked: number[] }
  | { is: "typed"; index: number; word: string }
  | { is: "finish" }
  | { is: "failed"; failure: Failure }
  | { is: "show-again" };

export function next(now: SetUp, what: Happening): SetUp {
  if (what.is === "written") return { ...now, form: { ...now.form, ...what.part } };
  return { ...now, at: stepAfter(now.at, what) };
}

function stepAfter(at: Step, what: Exclude<Happening, { is: "written" }>): Step {
  switch (at.step) {
    case "welcome":
      if (what.is === "refused") return { step: "welcome", failure: what.failure };
      return what.is === "made" ? { step: "sheet", key: what.key } : at;
    case "sheet":
      if (what.is !== "on-paper") return at;
      return { step: "check", key: at.key, asked: what.asked, typed: {}, failure: null };
    case "check":
      return checked(at, what);
    case "finishing":
      return what.is === "failed" ? { ...at.check, failure: what.failure } : at;
  }
}

function checked(at: Check, what: Happening): Step {
  if (what.is === "typed") return { ...at, typed: { ...at.typed, [what.index]: what.word } };
  if (what.is === "show-again") return { step: "sheet", key: at.key };
  if (what.is !== "finish") return at;
  const wrong = wrongWord(at);
  if (wrong === null) return { step: "finishing", check: { ...at, failure: null } };
  return { ...at, failure: broken(`Word ${wrong + 1} does not match. Look at your sheet again.`) };
}

// The first place whose word is not the one on the sheet; null when all are.
export function wrongWord({ key, asked, typed }: Check): number | null {
  const wrong = asked.find((place) => (typed[place] ?? "").trim().toLowerCase() !== key.words[place]);
  return wrong ?? null;
}

// Three places of `of` words, drawn by a source of numbers from 0 to below 1, in order.
export function places(of: number, random: () => number): number[] {
  const drawn = new Set<number>();
  while (drawn.size < ASKED) drawn.add(Math.floor(random() * of));
  return [...drawn].sort((a, b) => a - b);
}

// What a guesser would try first.
export const known = (form: Form) => [nameOf(form), "nightlatch"];

export const nameOf = ({ name }: Form) => name.trim() || "Home";

// Of three, as the page counts them.
export const numberOf = ({ step }: Step) => (step === "welcome" ? 1 : step === "sheet" ? 2 : 3);
