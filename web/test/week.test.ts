import { describe, expect, test } from "vitest";
import {
  barsOf,
  clock,
  inWords,
  isChanged,
  minutesOf,
  regrouped,
  retimed,
  spansOf,
  weekOf,
  withoutTime,
  withTime,
} from "../owner/household/week";
import type { WeeklySpan } from "../shared/wire";

const span = (mode: "night" | "away", days: number[], from_min: number, to_min: number): WeeklySpan => ({
  mode,
  days,
  from_min,
  to_min,
});
const ALL = [0, 1, 2, 3, 4, 5, 6];
const NIGHT = span("night", ALL, 22 * 60, 6 * 60);
const WORK = span("away", [0, 1, 2, 3, 4], 8 * 60, 17 * 60);

describe("a schedule that is edited", () => {
  test("has as few rows as tell all of it", () => {
    expect(weekOf([]).rows.map(({ name }) => name)).toEqual(["Every day"]);
    expect(weekOf([NIGHT]).rows).toHaveLength(1);
    expect(weekOf([NIGHT, WORK]).rows.map(({ name }) => name)).toEqual(["Monday to Friday", "Weekend"]);
    expect(weekOf([span("away", [2], 60, 120)]).rows).toHaveLength(7);
  });
  test("comes back as it was, whatever its order", () => {
    for (const spans of [[], [NIGHT], [WORK, NIGHT], [span("away", [2], 60, 120), NIGHT]])
      expect(isChanged(weekOf(spans), spans)).toBe(false);
    expect(spansOf(weekOf([NIGHT, WORK]))).toEqual([NIGHT, WORK]);
    const halves = [span("night", [0, 1], 60, 120), span("night", [2, 3, 4, 5, 6], 60, 120)];
    expect(spansOf(weekOf(halves))).toEqual([span("night", ALL, 60, 120)]);
  });
  test("begins with a night, then working hours", () => {
    const one = withTime(weekOf([]), 0);
    const two = withTime(one, 0);
    expect(spansOf(two).map(({ mode, days }) => [mode, days])).toEqual([
      ["night", ALL],
      ["away", ALL],
    ]);
    expect(isChanged(one, [])).toBe(true);
    expect(isChanged(withoutTime(one, 0, 0), [])).toBe(false);
  });
  test("is changed in one row only", () => {
    const week = retimed(weekOf([NIGHT, WORK]), 1, 0, { from: 23 * 60 });
    expect(spansOf(week)).toContainEqual(span("night", [5, 6], 23 * 60, 6 * 60));
    expect(spansOf(week)).toContainEqual(span("night", [0, 1, 2, 3, 4], 22 * 60, 6 * 60));
  });
  test("in more rows says the same; in fewer the first day speaks", () => {
    const each = regrouped(weekOf([NIGHT, WORK]), "each");
    expect(each.rows).toHaveLength(7);
    expect(isChanged(each, [NIGHT, WORK])).toBe(false);
    expect(spansOf(regrouped(each, "same"))).toEqual([NIGHT, { ...WORK, days: ALL }]);
  });
});

describe("the picture of a week", () => {
  test("draws what goes on after midnight on the day after, Sunday's on Monday", () => {
    const bars = barsOf([span("night", [6], 22 * 60, 6 * 60)]);
    expect(bars).toEqual([
      { day: 6, mode: "night", from: 1320, to: 1440 },
      { day: 0, mode: "night", from: 0, to: 360 },
    ]);
    expect(barsOf([span("away", [0], 0, 0)])).toEqual([{ day: 0, mode: "away", from: 0, to: 1440 }]);
  });
  test("draws away over night", () => {
    expect(barsOf([WORK, NIGHT]).at(-1)?.mode).toBe("away");
  });
  test("is told in words as well", () => {
    expect(inWords([])).toBe("Home all week.");
    expect(inWords([NIGHT])).toBe("Every day: night from 22:00 to 06:00. At all other times, home.");
    expect(inWords([NIGHT, WORK])).toContain("Monday to Friday: night from 22:00 to 06:00, away from 08:00 to 17:00.");
  });
});

test("a field that was emptied is no time", () => {
  expect([minutesOf("07:05"), minutesOf(""), minutesOf("24:00"), clock(425)]).toEqual([425, null, null, "07:05"]);
});
