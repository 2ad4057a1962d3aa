import { describe, expect, test } from "vitest";
import {
  asked,
  begun,
  type Hearing,
  heard,
  lastWord,
  looked,
  type Moment,
  presence,
  QUIET,
  silence,
  told,
  UNTOLD,
  unasked,
} from "../owner/presence";
import { HOUR, SECOND } from "../shared/time";

const NOON = new Date(2026, 4, 2, 12).getTime();
const at = (s: number, aheadMs = 0): Moment => ({ steady: 5000 + s * SECOND, wall: NOON + s * SECOND + aheadMs });

// One look a second, with nothing heard.
function lookedFrom(had: Hearing, from: number, to: number, aheadMs = 0): Hearing {
  let now = had;
  for (let s = from; s <= to; s++) now = looked(now, at(s, aheadMs));
  return now;
}

describe("the hub", () => {
  const well = told(begun(at(0)), at(0));
  test("is there while its words are fresh, and silent eight seconds after the last", () => {
    const later = lookedFrom(well, 1, 8);
    expect(presence(later, at(8))).toBe("here");
    expect(presence(lookedFrom(later, 9, 9), at(8.1))).toBe("silent");
    expect(lastWord(later, at(60), "silent")).toBe(NOON);
    expect(presence(heard(later, at(60)), at(61))).toBe("here");
  });
  test("is not believed to be there before its first word", () => {
    expect(presence(begun(at(0)), at(0))).toBe("asking");
    expect(presence(begun(at(0)), at(9))).toBe("silent");
    expect(lastWord(begun(at(0)), at(9), "silent")).toBeNull();
  });
  test("is mute when it beats and does not say how the home is doing", () => {
    const waiting = asked(asked(well, at(1)), at(11)); // asked again: it has waited since the first time
    expect(presence(heard(waiting, at(13)), at(13))).toBe("here"); // it was silent: what was asked then does not count
    let mute = waiting;
    for (const s of [4, 8, 12, 14]) mute = heard(mute, at(s));
    expect(presence(mute, at(1 + UNTOLD / SECOND + 1))).toBe("mute");
    expect(lastWord(mute, at(14), "mute")).toBe(NOON + SECOND);
    expect(presence(told(mute, at(15)), at(15))).toBe("here");
    expect(presence(unasked(mute), at(15))).toBe("here");
  });
});

describe("a page that was away itself", () => {
  const well = lookedFrom(heard(begun(at(0)), at(0)), 1, 2);
  const slept = (s: number): Moment => ({ steady: at(2).steady + s * SECOND, wall: NOON + HOUR + s * SECOND });
  test("asks first after a sleep in which its clock stood still, and then says that nobody answers", () => {
    let now = looked(well, slept(0));
    expect(presence(now, slept(0))).toBe("asking");
    expect(lastWord(now, slept(0), "asking")).toBe(NOON);
    for (let s = 1; s <= 9; s++) now = looked(now, slept(s));
    expect(presence(now, slept(QUIET / SECOND))).toBe("asking");
    expect(presence(now, slept(9))).toBe("silent");
    expect(lastWord(now, slept(9), "silent")).toBe(NOON);
    expect(presence(heard(now, slept(10)), slept(11))).toBe("here");
  });
  test("asks first after its browser held it still", () => {
    expect(presence(looked(well, at(600)), at(600))).toBe("asking");
  });
  test("is not held up by a browser that looks once a minute while words come", () => {
    let now = well;
    for (let s = 3; s <= 183; s += 3) {
      now = heard(now, at(s));
      if (s % 60 === 3) now = looked(now, at(s + 1));
      expect(presence(now, at(s + 1))).toBe("here");
    }
    now = looked(now, at(243));
    expect(presence(now, at(243))).toBe("asking");
    now = looked(now, at(303));
    expect(presence(now, at(303))).toBe("silent");
  });
  test("knows by the next word when only its clock was set", () => {
    const ahead = looked(well, at(3, HOUR));
    expect(presence(ahead, at(3, HOUR))).toBe("asking");
    expect(presence(heard(ahead, at(4, HOUR)), at(5, HOUR))).toBe("here");
    const back = lookedFrom(well, 3, 9, -HOUR);
    expect(presence(back, at(8, -HOUR))).toBe("here");
    expect(presence(back, at(9, -HOUR))).toBe("silent");
    expect(lastWord(back, at(9, -HOUR), "silent")).toBe(NOON - HOUR); // as the clock on the wall reads now
  });
});

test("what is said of a silent hub: since when, and what to do", () => {
  expect(silence("here", NOON)).toBeNull();
  expect(silence("asking", NOON)?.title).toBe("Asking your hub…");
  const said = silence("silent", NOON);
  expect(said?.title).toBe("Your hub does not answer");
  expect(said?.text).toBe("Last heard 12:00.");
  expect(said?.todo).toContain("is the hub switched on?");
  expect(silence("mute", NOON)?.todo).toContain("restart the hub");
  expect(silence("silent", null)?.text).toContain("not heard");
});
