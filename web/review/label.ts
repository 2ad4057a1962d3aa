// A label while it is made: pure, so that keys, buttons and tests say the same.

import type { Happening, LabelDraft, Subject, Verdict } from "./wire";

export type Span = [beganMs: number, endedMs: number];

export interface Label extends LabelDraft {
  spans: Span[];
}

export const EMPTY: Label = { subjects: [], happenings: [], verdict: null, spans: [], hidden: false };
const MOST_SPANS = 20;

export type Word = Subject | Happening | Verdict | "hidden";

export interface Choice {
  word: Word;
  key: string;
  name: string;
}

const choice = (word: Word, key: string, name: string): Choice => ({ word, key, name });

export const SUBJECTS: Choice[] = [
  choice("person", "1", "Person"),
  choice("cat", "2", "Cat"),
  choice("dog", "3", "Dog"),
  choice("other_animal", "4", "Other animal"),
  choice("vehicle", "5", "Vehicle"),
  choice("package", "6", "Package"),
  choice("nothing", "7", "Nothing"),
];

export const HAPPENINGS: Choice[] = [
  choice("passing", "p", "Passing"),
  choice("visiting", "v", "Visiting"),
  choice("delivering", "d", "Delivering"),
  choice("resident", "e", "Resident"),
  choice("pet_activity", "a", "Pet activity"),
  choice("loitering", "l", "Loitering"),
  choice("trying_doors", "o", "Trying doors"),
  choice("breaking_in", "k", "Breaking in"),
  choice("taking_things", "h", "Taking things"),
  choice("violence", "x", "Violence"),
  choice("fall", "f", "Fall"),
  choice("fire", "i", "Fire"),
  choice("weather_or_light", "w", "Weather or light"),
];

export const VERDICTS: Choice[] = [
  choice("threat", "t", "Threat"),
  choice("help", "m", "May need help"),
  choice("routine", "r", "Routine"),
  choice("unsure", "u", "Unsure"),
];

// An answer of its own: it says nothing else, and saying anything else takes it back.
export const HIDDEN: Choice = choice("hidden", "0", "Too much is hidden to say");

// What a label says, in the buttons' words.
export function named(label: Label): string[] {
  const said = new Set<string>([
    ...label.subjects,
    ...label.happenings,
    label.verdict ?? "",
    label.hidden ? "hidden" : "",
  ]);
  return [...SUBJECTS, ...HAPPENINGS, ...VERDICTS, HIDDEN].filter(({ word }) => said.has(word)).map(({ name }) => name);
}

export const withHidden = (label: Label): Label => (label.hidden ? EMPTY : { ...EMPTY, hidden: true });

// “Nothing” stands alone.
export function withSubject(label: Label, word: string): Label {
  const had = label.subjects.includes(word);
  if (word === "nothing") return { ...label, subjects: had ? [] : ["nothing"], hidden: false };
  const others = label.subjects.filter((each) => each !== word && each !== "nothing");
  return { ...label, subjects: had ? others : [...others, word], hidden: false };
}

export function withHappening(label: Label, word: string): Label {
  const others = label.happenings.filter((each) => each !== word);
  return { ...label, happenings: others.length < label.happenings.length ? others : [...others, word], hidden: false };
}

export function withVerdict(label: Label, word: string): Label {
  return { ...label, verdict: label.verdict === word ? null : word, hidden: false };
}

// A span from `began` to `ended`, whichever comes first; spans that touch become one.
export function withSpan(label: Label, began: number, ended: number): Label {
  const [from, to] = began < ended ? [began, ended] : [ended, began];
  if (to - from < 1) return label;
  const joined: Span[] = [];
  for (const span of [...label.spans, [from, to] as Span].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && span[0] <= last[1]) last[1] = Math.max(last[1], span[1]);
    else joined.push([span[0], span[1]]);
  }
  return joined.length > MOST_SPANS ? label : { ...label, spans: joined, hidden: false };
}

export function withoutSpanAt(label: Label, at: number): Label {
  const under = label.spans.findIndex(([from, to]) => from <= at && at <= to);
  const gone = under < 0 ? label.spans.length - 1 : under;
  return { ...label, spans: label.spans.filter((_, index) => index !== gone) };
}

export const isComplete = (label: Label) => label.hidden || (label.subjects.length > 0 && label.verdict !== null);

// What is still missing, as a sentence; null when nothing is.
export function missing(label: Label): string | null {
  if (label.hidden) return null;
  if (!label.subjects.length) return "Who or what is there? 1 to 7";
  if (!label.verdict) return "Threat, help, routine or unsure? T, M, R or U";
  return null;
}
