import { beforeAll, describe, expect, test } from "vitest";
import { dayAfter, dayBefore, dayOf, HOUR, hoursOf } from "../shared/time";

beforeAll(() => {
  process.env.TZ = "Europe/Berlin";
});

describe("days are 23, 24 or 25 hours long", () => {
  test("spring forward", () => {
    const day = dayOf(Date.UTC(2026, 2, 29, 10));
    expect((day.to - day.from) / HOUR).toBe(23);
    expect(hoursOf(day).map((h) => h.label).slice(0, 4)).toEqual(["00", "01", "03", "04"]);
  });
  test("fall back", () => {
    const day = dayOf(Date.UTC(2026, 9, 25, 10));
    expect((day.to - day.from) / HOUR).toBe(25);
    expect(hoursOf(day).map((h) => h.label).slice(0, 5)).toEqual(["00", "01", "02", "02", "03"]);
  });
  test("an ordinary day, and its neighbours across the change", () => {
    const day = dayOf(Date.UTC(2026, 9, 24, 10));
    expect((day.to - day.from) / HOUR).toBe(24);
    expect(dayOf(dayAfter(day.from)).from).toBe(day.to);
    expect(dayBefore(dayAfter(day.from))).toBe(day.from);
    expect(dayBefore(dayAfter(dayAfter(day.from)))).toBe(day.to);
  });
});
