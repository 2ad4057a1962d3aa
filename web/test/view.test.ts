import { describe, expect, test } from "vitest";
import { including, inside, moved, SHORTEST, zoomed } from "../owner/timeline/view";
import { Latest } from "../shared/latest";

const day = { from: 0, to: 25 * 3_600_000 };

describe("the stretch that a strip shows", () => {
  test("zooming keeps what is under the finger where it is", () => {
    const view = zoomed(day, day, day.to / 4, day.to / 2);
    expect((day.to / 2 - view.from) / (view.to - view.from)).toBeCloseTo(0.5);
    expect(view.to - view.from).toBeCloseTo(day.to / 4);
  });
  test("it never leaves the day nor gets shorter than can be read", () => {
    expect(zoomed(day, day, day.to * 9, 5)).toEqual(day);
    expect(zoomed(day, day, 1, 0)).toEqual({ from: 0, to: SHORTEST });
    expect(moved({ from: 0, to: SHORTEST }, day, -99)).toEqual({ from: 0, to: SHORTEST });
    expect(inside({ from: day.to - 10, to: day.to + 90 }, day)).toEqual({ from: day.to - 100, to: day.to });
  });
  test("it follows a moment that leaves it, and stays for one that does not", () => {
    const view = { from: 1200, to: 2400 };
    expect(including(view, day, 1800)).toBe(view);
    expect(including(view, day, 3000)).toEqual({ from: 1900, to: 3100 });
    expect(including(view, day, 600)).toEqual({ from: 500, to: 1700 });
  });
});

test("the things used last are kept, the others let go once each", () => {
  const gone: string[] = [];
  const latest = new Latest<number, string>(2, (value) => gone.push(value));
  latest.set(1, "one");
  latest.set(2, "two");
  latest.get(1);
  latest.set(3, "three");
  expect(gone).toEqual(["two"]);
  latest.set(1, "uno");
  expect(gone).toEqual(["two", "one"]);
  expect(latest.get(3)).toBe("three");
});
