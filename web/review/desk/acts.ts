// What each key of the desk does, and the buttons with it: one table, so that both do the same.

import {
  HAPPENINGS,
  HIDDEN,
  type Label,
  SUBJECTS,
  VERDICTS,
  withHappening,
  withHidden,
  withoutSpanAt,
  withSpan,
  withSubject,
  withVerdict,
} from "../label";
import { type Playing, type Roll, stepped, toggled } from "./playing";

// Who hears what is said and done: the session, or a practice.
export interface Hears {
  change: (label: Label) => void;
  handIn: () => void;
  undo: () => void;
  skipClip: () => void;
  rest: () => void;
}

export type BoxName = "keys" | "flag";

export interface Desk {
  session: Hears;
  length: number;
  label: () => Label;
  roll: () => Roll | null;
  playing: () => Playing;
  play: (to: Playing) => void;
  began: { value: number | null }; // a span that has no end yet
  box: { value: BoxName | null }; // which one is open
  large: { value: boolean }; // the picture alone
}

export type Acts = Readonly<Record<string, () => void>>;

export function actsOf(desk: Desk): Acts {
  return { ...viewing(desk), ...marking(desk), ...labelling(desk), ...moving(desk) };
}

function viewing({ length, playing, play, roll, large }: Desk): Acts {
  const step = (by: number) => {
    const pictures = roll();
    if (pictures) play(stepped(playing(), by, pictures));
  };
  return {
    " ": () => play(toggled(playing(), length)),
    ",": () => step(-1),
    ".": () => step(1),
    s: () => play({ ...playing(), isSlow: !playing().isSlow }),
    c: () => play({ ...playing(), isLooping: !playing().isLooping }),
    g: () => play({ ...playing(), isGrey: !playing().isGrey }),
    "+": () => {
      large.value = !large.value;
    },
    Escape: () => {
      large.value = false;
    },
  };
}

function marking({ session, label, playing, began }: Desk): Acts {
  const here = () => Math.round(playing().at);
  return {
    "[": () => {
      began.value = here();
    },
    "]": () => {
      if (began.value !== null) session.change(withSpan(label(), began.value, here()));
      began.value = null;
    },
    Backspace: () => {
      if (began.value === null) session.change(withoutSpanAt(label(), playing().at));
      began.value = null;
    },
  };
}

function labelling({ session, label }: Desk): Acts {
  const acts: Record<string, () => void> = { [HIDDEN.key]: () => session.change(withHidden(label())) };
  for (const { key, word } of SUBJECTS) acts[key] = () => session.change(withSubject(label(), word));
  for (const { key, word } of HAPPENINGS) acts[key] = () => session.change(withHappening(label(), word));
  for (const { key, word } of VERDICTS) acts[key] = () => session.change(withVerdict(label(), word));
  return acts;
}

function moving({ session, box }: Desk): Acts {
  return {
    Enter: () => session.handIn(),
    z: () => session.undo(),
    n: () => session.skipClip(),
    b: () => session.rest(),
    "!": () => {
      box.value = "flag";
    },
    "?": () => {
      box.value = "keys";
    },
  };
}

// Keys go by their letter, whatever shift and caps lock say.
export const actOf = (acts: Acts, key: string) => acts[key.length === 1 ? key.toLowerCase() : key];
