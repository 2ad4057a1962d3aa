import { beforeAll, describe, expect, test } from "vitest";
import {
  dateOf,
  dayAfter,
  dayBefore,
  dayOf,
  dayOfDate,
  HOUR,
  MINUTE,
  sameTimeOn,
  tickStep,
  ticks,
} from "../shared/time";

beforeAll(() => {
  process.env.TZ = "Europe/Berlin";
});

describe("days are 23, 24 or 25 hours long", () => {
  test("spring forward", () => {
    const day = dayOf(Date.UTC(2026, 2, 29, 10));
    expect((day.to - day.from) / HOUR).toBe(23);
    expect(
      ticks(day.from, day.to, HOUR)
        .map((h) => h.label)
        .slice(0, 4),
    ).toEqual(["00", "01", "03", "04"]);
  });
  test("fall back", () => {
    const day = dayOf(Date.UTC(2026, 9, 25, 10));
    expect((day.to - day.from) / HOUR).toBe(25);
    expect(
      ticks(day.from, day.to, HOUR)
        .map((h) => h.label)
        .slice(0, 5),
    ).toEqual(["00", "01", "02", "02", "03"]);
  });
  test("an ordinary day, and its neighbours across the change", () => {
    const day = dayOf(Date.UTC(2026, 9, 24, 10));
    expect((day.to - day.from) / HOUR).toBe(24);
    expect(dayOf(dayAfter(day.from)).from).toBe(day.to);
    expect(dayBefore(dayAfter(day.from))).toBe(day.from);
    expect(dayBefore(dayAfter(dayAfter(day.from)))).toBe(day.to);
  });
  test("moving to another day keeps the time on the wall", () => {
    const noon = new Date(2026, 9, 24, 12, 30).getTime();
    expect(new Date(sameTimeOn(dayAfter(noon), noon)).getHours()).toBe(12);
    expect(dayOfDate(dateOf(noon))).toBe(dayOf(noon).from);
    expect(dayOfDate("")).toBe(null);
  });
  test("a ruler has round local times, also in a zone that is off by half an hour", () => {
    process.env.TZ = "Asia/Kolkata";
    const day = dayOf(Date.UTC(2026, 9, 24, 10));
    expect(ticks(day.from, day.to, 6 * HOUR).map((t) => t.label)).toEqual(["00", "06", "12", "18"]);
    expect(ticks(day.from, day.from + HOUR, 30 * MINUTE).map((t) => t.label)).toEqual(["00:00", "00:30"]);
    expect(tickStep(24 * HOUR, 8)).toBe(3 * HOUR);
    process.env.TZ = "Europe/Berlin";
  });
});
