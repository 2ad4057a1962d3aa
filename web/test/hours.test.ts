import { describe, expect, test } from "vitest";
import { daysKnown, inWords, tooFew, usualPlaces } from "../owner/cameras/hours";

const hours = (some: Record<number, number>) => Array.from({ length: 24 }, (_, hour) => some[hour] ?? 0);
const all = (n: number) => Array<number>(24).fill(n);

describe("usual hours", () => {
  test("are not told of fewer than three days", () => {
    const few = { of: hours({ 8: 2 }), places: [{ area: null, days: hours({ 8: 2 }) }] };
    expect(usualPlaces(few)).toBeNull();
    expect(tooFew(few)).toBe("This takes 3 days of watching. 2 are known so far.");
    expect(tooFew({ of: [], places: [] })).toContain("None is known yet.");
    expect(daysKnown({ of: [], places: [] })).toBe(0);
  });
  test("are shares of the days on which the hour was watched", () => {
    const of = all(10).with(3, 0);
    const places = usualPlaces({ of, places: [{ area: "door", days: hours({ 3: 1, 8: 5, 9: 20 }) }] });
    expect(places?.[0]?.name).toBe("door");
    expect([3, 8, 9].map((hour) => places?.[0]?.shares[hour])).toEqual([0, 0.5, 1]);
  });
  test("are told in words, spell by spell", () => {
    expect(inWords(hours({ 7: 0.6, 8: 0.5, 16: 1, 20: 0.4, 23: 0.9 }))).toBe(
      "Usual from 07:00 to 09:00, and from 16:00 to 17:00, and from 23:00 to 24:00.",
    );
    expect(inWords(hours({}))).toBe("At no hour is somebody usually here.");
  });
});
