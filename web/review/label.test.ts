import { describe, expect, it } from "vitest";
import { GUIDE } from "./guide";
import { ALL_KEYS } from "./keys";
import {
  EMPTY,
  isComplete,
  missing,
  named,
  withHappening,
  withHidden,
  withoutSpanAt,
  withSpan,
  withSubject,
  withVerdict,
} from "./label";
import { HAPPENINGS, SUBJECTS, VERDICTS } from "./wire";

describe("a label", () => {
  it("takes “nothing” alone", () => {
    const two = withSubject(withSubject(EMPTY, "cat"), "person");
    expect(two.subjects).toEqual(["cat", "person"]);
    expect(withSubject(two, "nothing").subjects).toEqual(["nothing"]);
    expect(withSubject(withSubject(two, "nothing"), "dog").subjects).toEqual(["dog"]);
    expect(withSubject(two, "cat").subjects).toEqual(["person"]);
  });
  it("joins spans that touch and turns those that were marked backwards", () => {
    const label = withSpan(withSpan(withSpan(EMPTY, 5000, 4000), 1000, 2000), 1500, 4000);
    expect(label.spans).toEqual([[1000, 5000]]);
    expect(withSpan(EMPTY, 7, 7)).toBe(EMPTY);
    expect(withoutSpanAt(withSpan(withSpan(EMPTY, 0, 10), 50, 60), 5).spans).toEqual([[50, 60]]);
    expect(withoutSpanAt(withSpan(withSpan(EMPTY, 0, 10), 50, 60), 30).spans).toEqual([[0, 10]]);
  });
  it("says what it still wants", () => {
    const cat = withSubject(EMPTY, "cat");
    expect(missing(EMPTY)).toContain("Who or what");
    expect(missing(cat)).toContain("Threat");
    const done = withVerdict(withHappening(cat, "passing"), "routine");
    expect(missing(done)).toBeNull();
    expect(isComplete(done)).toBe(true);
    expect(isComplete(withVerdict(done, "routine"))).toBe(false);
  });
});

it("no key means two things", () => expect(new Set(ALL_KEYS).size).toBe(ALL_KEYS.length));

describe("too much is hidden to say", () => {
  const full = withSpan(withVerdict(withHappening(withSubject(EMPTY, "cat"), "passing"), "routine"), 0, 10);
  it("stands alone, and is complete", () => {
    const hidden = withHidden(full);
    expect(hidden).toEqual({ ...EMPTY, hidden: true });
    expect([isComplete(hidden), missing(hidden), named(hidden)]).toEqual([true, null, ["Too much is hidden to say"]]);
    expect(withHidden(hidden)).toEqual(EMPTY);
  });
  it.each([
    ["a subject", withSubject(withHidden(full), "dog")],
    ["nothing", withSubject(withHidden(full), "nothing")],
    ["a happening", withHappening(withHidden(full), "fall")],
    ["a verdict", withVerdict(withHidden(full), "help")],
    ["a span", withSpan(withHidden(full), 0, 10)],
  ])("is taken back by saying %s", (_, label) => expect(label.hidden).toBe(false));
});

it("every word has its meaning and an example, in sentences", () => {
  const words = [...SUBJECTS, ...HAPPENINGS, ...VERDICTS, "hidden"];
  expect(Object.keys(GUIDE).sort()).toEqual([...words].sort());
  for (const { means, example, not } of Object.values(GUIDE))
    for (const text of [means, example, not ?? "Yes."]) expect(text).toMatch(/^[A-Z].*[.”]$/);
});

it("a label reads in the order of the buttons", () => {
  const said = withVerdict(
    withHappening(withSubject(withSubject(EMPTY, "package"), "person"), "taking_things"),
    "help",
  );
  expect(named(said)).toEqual(["Person", "Package", "Taking things", "May need help"]);
});
