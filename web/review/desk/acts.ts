// What each key of the desk does, and the buttons with it: one table, so that both do the same.

import {
  HAPPENINGS,
  type Label,
  SUBJECTS,
  VERDICTS,
  withHappening,
  withoutSpanAt,
  withSpan,
  withSubject,
  withVerdict,
} from "../label";
import type { Session } from "../session";
import { type Playing, type Roll, stepped, toggled } from "./playing";

export interface Desk {
  session: Pick<Session, "change" | "handIn" | "skipClip" | "rest">;
  length: number;
  label: () => Label;
  roll: () => Roll | null;
  playing: () => Playing;
  play: (to: Playing) => void;
  began: { value: number | null }; // a span that has no end yet
  box: { value: "keys" | "flag" | null }; // which one is open
}

export type Acts = Readonly<Record<string, () => void>>;

export function actsOf(desk: Desk): Acts {
  return { ...viewing(desk), ...marking(desk), ...labelling(desk), ...moving(desk) };
}

function viewing({ length, playing, play, roll }: Desk): Acts {
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
  const acts: Record<string, () => void> = {};
  for (const { key, word } of SUBJECTS) acts[key] = () => session.change(withSubject(label(), word));
  for (const { key, word } of HAPPENINGS) acts[key] = () => session.change(withHappening(label(), word));
  for (const { key, word } of VERDICTS) acts[key] = () => session.change(withVerdict(label(), word));
  return acts;
}

function moving({ session, box }: Desk): Acts {
  return {
    Enter: () => void session.handIn(),
    n: () => void session.skipClip(),
    b: () => void session.rest(),
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
