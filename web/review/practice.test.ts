// The practice clip without a screen: its answer, and its file.

import { describe, expect, test } from "vitest";
import { EMPTY, type Label, withHidden, withSpan } from "./label";
import { checked } from "./practice/key";
import { read } from "./practice/reel";

const RIGHT: Label = { ...EMPTY, subjects: ["person", "package"], happenings: ["taking_things"], verdict: "threat" };
const wrong = (label: Label) => checked(label).remarks.filter((each) => !each.isRight);

describe("a practice label", () => {
  test("that says what is there is right, whatever the order, with a span or without", () => {
    expect(checked(RIGHT).isRight).toBe(true);
    expect(checked({ ...RIGHT, subjects: ["package", "person"] }).isRight).toBe(true);
    expect(checked(withSpan(RIGHT, 7_400, 10_300)).isRight).toBe(true);
    expect(wrong(RIGHT)).toEqual([]);
  });

  test.each([
    ["the parcel is missing", { subjects: ["person"] }, "Package"],
    ["the person is missing", { subjects: ["package"] }, "Person"],
    ["a vehicle is seen", { subjects: ["person", "package", "vehicle"] }, "Vehicle"],
    ["a delivery is seen", { happenings: ["delivering", "taking_things"] }, "Delivering"],
    ["nothing is said to happen", { happenings: [] }, "Taking things"],
    ["a fire is seen", { happenings: ["taking_things", "fire"] }, "Fire"],
    ["it is called routine", { verdict: "routine" }, "Routine"],
    ["it is called unsure", { verdict: "unsure" }, "Unsure"],
    ["somebody is said to need help", { verdict: "help" }, "May need help"],
    ["the span is elsewhere", { spans: [[0, 3_000]] }, "A span"],
  ] as [string, Partial<Label>, string][])("in which %s is told why", (_, said, word) => {
    const label = { ...RIGHT, ...said };
    expect(checked(label).isRight).toBe(false);
    expect(wrong(label)).toHaveLength(1);
    expect(wrong(label)[0]!.text).toMatch(new RegExp(`^${word}`));
  });

  test("that says too much is hidden is told what that is for", () => {
    expect(checked(withHidden(RIGHT))).toMatchObject({ isRight: false, remarks: [{ isRight: false }] });
  });
});

describe("the practice clip's file", () => {
  const file = (head: object, ...pictures: string[]) =>
    new TextEncoder().encode(`${JSON.stringify(head)}\n${pictures.join("")}`) as Uint8Array<ArrayBuffer>;
  const HEAD = {
    length_ms: 1_000,
    pictures: [
      { at: 0, bytes: 3 },
      { at: 500, bytes: 2 },
    ],
  };

  test("is pictures by their times", () => {
    const { reel, length } = read(file(HEAD, "abc", "de"));
    expect([length, reel.here, reel.count, reel.timeOf(1), reel.indexAt(499), reel.indexAt(500)]).toEqual([
      1_000, 2, 2, 500, 0, 1,
    ]);
  });

  test.each([
    ["the page itself", new TextEncoder().encode("<!doctype html>\n<p>") as Uint8Array<ArrayBuffer>],
    ["a torn file", file(HEAD, "abc")],
    ["one with more in it", file(HEAD, "abc", "def")],
    ["nothing", new Uint8Array()],
  ])("is not %s", (_, raw) => expect(() => read(raw)).toThrow("make page"));
});
