import { describe, expect, it } from "vitest";
import { ALL_KEYS } from "./keys";
import { EMPTY, isComplete, missing, withHappening, withoutSpanAt, withSpan, withSubject, withVerdict } from "./label";

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
