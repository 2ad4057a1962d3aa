// What counts as seen: seconds that were really played, in sight, at a speed at which somebody could see them.

import { describe, expect, test } from "vitest";
import { isAll, missing, missingInWords, nothingOf, type Sample, type Seen, sampled } from "../owner/give/seen";

const LENGTH = 25;

interface Player {
  seen: Seen;
  atS: number;
  wallS: number;
}

const begin = (): Player => look({ seen: nothingOf(LENGTH), atS: 0, wallS: 100 });

function look(at: Player, change: Partial<Sample> = {}): Player {
  const sample: Sample = { atS: at.atS, wallS: at.wallS, rate: 1, isShown: true, isJump: false, ...change };
  return { ...at, seen: sampled(at.seen, sample) };
}

// As a browser tells it: a look every quarter second of the clock on the wall.
function play(at: Player, forS: number, change: Partial<Sample> = {}): Player {
  const rate = change.rate ?? 1;
  let now = at;
  const untilS = Math.min(LENGTH, at.atS + forS);
  while (now.atS < untilS) {
    const atS = Math.min(untilS, now.atS + 0.25 * rate);
    now = look({ ...now, atS, wallS: now.wallS + (atS - now.atS) / rate }, change);
  }
  return now;
}

// A browser says that it seeks, then that it has sought.
function seek(at: Player, toS: number): Player {
  const seeking = look({ ...at, atS: toS, wallS: at.wallS + 0.01 }, { isJump: true });
  return look({ ...seeking, wallS: seeking.wallS + 0.05 });
}

describe("all of a film is seen", () => {
  test("when it was played from its beginning to its end", () => {
    const { seen } = play(begin(), LENGTH);
    expect(isAll(seen)).toBe(true);
    expect(seen.stretches).toEqual([[0, LENGTH]]);
    expect(missingInWords(seen)).toBe("You have seen all of it.");
  });

  test("at twice its speed, with pauses, and in pieces in any order", () => {
    expect(isAll(play(begin(), LENGTH, { rate: 2 }).seen)).toBe(true);
    const paused = play(begin(), 10);
    expect(isAll(play({ ...paused, wallS: paused.wallS + 600 }, LENGTH).seen)).toBe(true);
    const backwards = play(seek(play(seek(begin(), 12), LENGTH), 0), 12.1);
    expect(isAll(backwards.seen)).toBe(true);
  });

  test("on a busy machine, which looks only once a second", () => {
    let now = begin();
    while (now.atS < LENGTH) now = look({ ...now, atS: now.atS + 1, wallS: now.wallS + 1.2 });
    expect(isAll(now.seen)).toBe(true);
  });
});

describe("it does not count", () => {
  test("to jump to the end", () => {
    const { seen } = play(seek(begin(), LENGTH - 0.5), 1);
    expect(missing(seen)).toEqual([[0, LENGTH - 0.5]]);
    expect(missingInWords(seen)).toBe("25 s not seen yet.");
  });

  test("to jump ahead in the middle", () => {
    const { seen } = play(seek(play(begin(), 10), 14), LENGTH);
    expect(missing(seen)).toEqual([[10, 14]]);
    expect(missingInWords(seen)).toBe("4 s not seen yet.");
  });

  test("a jump of which no event tells: the film was further than the clock allows", () => {
    const ten = play(begin(), 10);
    const jumped = look({ ...ten, atS: 11.5, wallS: ten.wallS + 0.25 });
    expect(missing(play(jumped, LENGTH).seen)).toEqual([[10, 11.5]]);
  });

  test.each([2.5, 4, 8, 16])("to play it %s times as fast", (rate) => {
    expect(play(begin(), LENGTH, { rate }).seen.stretches).toEqual([]);
  });

  test("what ran while the tab was hidden", () => {
    const back = play(play(play(begin(), 5), 5, { isShown: false }), LENGTH);
    expect(missing(back.seen)).toEqual([[5, 10.25]]);
  });

  test("what a timer that slept let pass in one leap", () => {
    const asleep = look({ ...begin(), atS: 20, wallS: 120 });
    expect(asleep.seen.stretches).toEqual([]);
  });

  test("to play it backwards", () => {
    const back = look({ ...seek(begin(), 10), atS: 9, wallS: 101 });
    expect(back.seen.stretches).toEqual([]);
  });
});

test("nothing is seen before anything was played, and a film's last picture may be short", () => {
  expect(missingInWords(nothingOf(LENGTH))).toBe("Not seen yet.");
  expect(isAll(play(begin(), LENGTH - 0.2).seen)).toBe(true);
  expect(isAll(play(begin(), LENGTH - 0.3).seen)).toBe(false);
});
