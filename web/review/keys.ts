// What each key does, in the order in which the help shows them.

import { HAPPENINGS, HIDDEN, SUBJECTS, VERDICTS } from "./label";

export const CONTROLS = [
  [" ", "Play or pause"],
  [",", "One picture back"],
  [".", "One picture forward"],
  ["s", "Slow motion"],
  ["c", "Loop"],
  ["g", "Grey or colour"],
  ["+", "The picture alone, as large as the window"],
  ["[", "Begin a span"],
  ["]", "End the span"],
  ["Backspace", "Remove a span"],
  ["Enter", "Hand in, next clip"],
  ["z", "Take back what you just handed in"],
  ["n", "Skip"],
  ["!", "Flag: should not have been shared"],
  ["b", "Take a break"],
  ["?", "What the words mean, and all keys"],
] as const;

export type Control = (typeof CONTROLS)[number][0];

// No key means two things; a test holds this.
export const ALL_KEYS = [
  ...CONTROLS.map(([key]) => key as string),
  ...[...SUBJECTS, ...HAPPENINGS, ...VERDICTS, HIDDEN].map(({ key }) => key),
];

export const keyName = (key: string) => ({ " ": "Space", Backspace: "⌫", Enter: "↵" })[key] ?? key.toUpperCase();
