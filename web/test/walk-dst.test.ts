import { beforeAll, expect, test } from "vitest";
import { begin, onDay, viewOf, zoom } from "../owner/timeline/walk";
import { HOUR, MINUTE } from "../shared/time";

beforeAll(() => {
  process.env.TZ = "Europe/Berlin";
});

test.each([
  [2026, 2, 29, 23], // the clocks go forward
  [2026, 9, 25, 25], // and back
])("a day on which the clocks change is as long as it is: %d-%d-%d", (year, month, date, hours) => {
  const noon = new Date(year, month, date, 12).getTime();
  const now = noon + 70 * HOUR;
  const whole = viewOf(onDay(begin("", now), noon, now), now);
  expect((whole.to - whole.from) / HOUR).toBe(hours);
});

test.each([
  [2026, 2, 29],
  [2026, 9, 25],
])("and on it no zoom shows the future, nor less than 24 hours: %d-%d-%d", (year, month, date) => {
  for (const minutes of [1, 119, 121, 179, 181, 540]) {
    const now = new Date(year, month, date).getTime() + minutes * MINUTE;
    for (const span of [24 * HOUR, 6 * HOUR, HOUR, 10 * MINUTE]) {
      expect(viewOf(zoom(begin("", now), span, now), now)).toEqual({ from: now - span, to: now });
    }
  }
});
