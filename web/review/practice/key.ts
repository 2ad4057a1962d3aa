// What the practice clip shows (scripts/practice.py renders it), and why each word is right or wrong. Pure.

import { HAPPENINGS, type Label, type Span, SUBJECTS, VERDICTS } from "../label";

const SUBJECTS_SHOWN = ["person", "package"];
const HAPPENS = "taking_things";
const VERDICT = "threat";
const TAKEN: Span = [7_000, 10_800]; // from the parcel's leaving the ground until both are gone
const NEAR_MS = 2_000; // a span need not be exact

export interface Remark {
  isRight: boolean;
  text: string;
}

export interface Checked {
  isRight: boolean; // subjects and verdict: what makes labels agree
  remarks: Remark[];
}

// A label beside the right one, remark by remark. Nothing of it is sent or counted.
export function checked(label: Label): Checked {
  if (label.hidden) {
    const text =
      "Nothing is hidden in this clip. Say it when covers leave so little that you would guess; here, all can be seen.";
    return { isRight: false, remarks: [{ isRight: false, text }] };
  }
  const remarks = [...ofSubjects(label), ...ofHappenings(label), ofVerdict(label), ofSpans(label)].filter(
    (each) => each !== null,
  );
  const isRight =
    same(label.subjects, SUBJECTS_SHOWN) && label.verdict === VERDICT && !remarks.some((each) => !each.isRight);
  return { isRight, remarks };
}

const yes = (text: string): Remark => ({ isRight: true, text });
const no = (text: string): Remark => ({ isRight: false, text });

function ofSubjects({ subjects }: Label): Remark[] {
  const found: Remark[] = [];
  if (!subjects.includes("person")) found.push(no("Person: somebody walks in from the left after a second."));
  if (!subjects.includes("package"))
    found.push(no("Package: a parcel lies on the path from the first picture on, until it is carried away."));
  for (const word of subjects.filter((each) => !SUBJECTS_SHOWN.includes(each)))
    found.push(no(`${nameOf(word)}: none is to be seen. What never moves, like the houses, is part of the place.`));
  return found.length ? found : [yes("Person and Package: both are there.")];
}

function ofHappenings({ happenings }: Label): Remark[] {
  const found = [
    happenings.includes(HAPPENS)
      ? yes("Taking things: the parcel is lifted and carried off the way they came.")
      : no("Taking things: watch from 7 s on, in slow motion (S). The parcel leaves with the person."),
  ];
  if (happenings.includes("delivering"))
    found.push(no("Delivering: the parcel was there before anybody came. Whoever delivers leaves it behind."));
  if (happenings.includes("resident"))
    found.push(no("Resident: nobody goes into the house. Whoever lives here would carry the parcel in."));
  if (happenings.includes("loitering")) found.push(no("Loitering: two seconds at one place are not half a minute."));
  const others = happenings.filter((each) => ![HAPPENS, "delivering", "resident", "loitering"].includes(each));
  return [...found, ...others.map((each) => no(`${nameOf(each)}: nothing in the clip shows it.`))];
}

function ofVerdict({ verdict }: Label): Remark {
  switch (verdict) {
    case VERDICT:
      return yes("Threat: whoever lives here would want to know now.");
    case "unsure":
      return no(
        "Unsure is for what could be either after a second look. Here the parcel is carried off, in full view.",
      );
    case "help":
      return no("May need help: nobody fell or is in need. Something is taken: a threat.");
    default:
      return no("Routine is daily life. A parcel that leaves with somebody who came from the street is a threat.");
  }
}

function ofSpans({ spans }: Label): Remark | null {
  if (!spans.length) return null; // a span may stay out
  const isNear = spans.some(([from, to]) => Math.abs(from - TAKEN[0]) <= NEAR_MS && Math.abs(to - TAKEN[1]) <= NEAR_MS);
  return isNear
    ? yes("Your span covers the taking.")
    : no("A span marks what the verdict rests on: here from about 7 s, when the parcel is lifted, to about 11 s.");
}

function nameOf(word: string): string {
  return [...SUBJECTS, ...HAPPENINGS, ...VERDICTS].find((each) => each.word === word)?.name ?? word;
}

const same = (some: string[], others: string[]) =>
  some.length === others.length && some.every((each) => others.includes(each));
