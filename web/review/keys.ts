// What each key does, in the order in which the help shows them.

import { HAPPENINGS, SUBJECTS, VERDICTS } from "./label";

export const CONTROLS = [
  [" ", "Play or pause"],
  [",", "One picture back"],
  [".", "One picture forward"],
  ["s", "Slow motion"],
  ["c", "Loop"],
  ["g", "Grey or colour"],
  ["[", "Begin a span"],
  ["]", "End the span"],
  ["Backspace", "Remove a span"],
  ["Enter", "Hand in, next clip"],
  ["n", "Skip"],
  ["!", "Flag: should not have been shared"],
  ["b", "Take a break"],
  ["?", "Keys"],
] as const;

export type Control = (typeof CONTROLS)[number][0];

// No key means two things; a test holds this.
export const ALL_KEYS = [
  ...CONTROLS.map(([key]) => key as string),
  ...[...SUBJECTS, ...HAPPENINGS, ...VERDICTS].map(({ key }) => key),
];

export const keyName = (key: string) => ({ " ": "Space", Backspace: "⌫", Enter: "↵" })[key] ?? key.toUpperCase();
