// The desk without a screen: how pictures play, and what keys do.

import { beforeEach, describe, expect, test } from "vitest";
import { type Acts, actOf, actsOf, type Desk } from "./desk/acts";
import { isKept, type KeyTarget } from "./desk/keys";
import { advanced, type Playing, type Roll, START, soughtTo, stepped, toggled } from "./desk/playing";
import { EMPTY, type Label } from "./label";

const LENGTH = 1000;
// Ten pictures, one every 100 ms, of which some are here.
const roll = (here: number): Roll => ({
  here,
  count: 10,
  timeOf: (index) => Math.min(Math.max(index, 0), here - 1) * 100,
  indexAt: (ms) => Math.min(here - 1, Math.floor(ms / 100)),
});
const at = (ms: number, more: Partial<Playing> = {}): Playing => ({ ...START, at: ms, ...more });

describe("playing", () => {
  test("goes on with the clock, and in slow motion at a quarter", () => {
    expect(advanced(at(100), 40, roll(10), LENGTH).at).toBe(140);
    expect(advanced(at(100, { isSlow: true }), 40, roll(10), LENGTH).at).toBe(110);
    expect(advanced(at(100, { isPlaying: false }), 40, roll(10), LENGTH).at).toBe(100);
  });

  test("waits where the next picture has not come yet", () => {
    expect(advanced(at(390), 40, roll(5), LENGTH).at).toBe(400);
    expect(advanced(at(390), 40, roll(5), LENGTH).isPlaying).toBe(true);
  });

  test("starts over at the end, or stands there", () => {
    expect(advanced(at(990), 40, roll(10), LENGTH)).toMatchObject({ at: 0, isPlaying: true });
    const stood = advanced(at(990, { isLooping: false }), 40, roll(10), LENGTH);
    expect(stood).toMatchObject({ at: LENGTH, isPlaying: false });
    expect(toggled(stood, LENGTH)).toMatchObject({ at: 0, isPlaying: true });
  });

  test("steps by pictures and stands there", () => {
    expect(stepped(at(250), 1, roll(10))).toMatchObject({ at: 300, isPlaying: false });
    expect(stepped(at(50), -1, roll(10)).at).toBe(0);
    expect(stepped(at(400), 3, roll(5)).at).toBe(400);
    expect(soughtTo(at(0), 700)).toMatchObject({ at: 700, isPlaying: false });
  });
});

let label: Label;
let playing: Playing;
let did: string[];
let desk: Desk;
let acts: Acts;
const press = (...keys: string[]) => {
  for (const key of keys) actOf(acts, key)?.();
};

beforeEach(() => {
  [label, playing, did] = [EMPTY, at(0, { isPlaying: false }), []];
  const session = {
    change: (to: Label) => {
      label = to;
    },
    handIn: async () => void did.push("hand in"),
    undo: () => void did.push("undo"),
    skipClip: async () => void did.push("skip"),
    rest: async () => void did.push("rest"),
  };
  desk = {
    session,
    length: LENGTH,
    label: () => label,
    roll: () => roll(10),
    playing: () => playing,
    play: (to) => {
      playing = to;
    },
    began: { value: null },
    box: { value: null },
    large: { value: false },
  };
  acts = actsOf(desk);
});

describe("keys", () => {
  test("choose, many in one breath", () => {
    press("1", "6", "h", "t");
    expect(label).toMatchObject({ subjects: ["person", "package"], happenings: ["taking_things"], verdict: "threat" });
    press("H");
    expect(label.happenings).toEqual([]);
  });

  test("mark a span from here to there, and take it away", () => {
    press(".", "[", ".", ".", "]");
    expect(label.spans).toEqual([[100, 300]]);
    expect(desk.began.value).toBeNull();
    press("[", "Backspace");
    expect([desk.began.value, label.spans]).toEqual([null, [[100, 300]]]);
    press("Backspace");
    expect(label.spans).toEqual([]);
    press("]");
    expect(label.spans).toEqual([]);
  });

  test("play, slow down, loop and turn grey", () => {
    press(" ", "s", "c", "g");
    expect(playing).toMatchObject({ isPlaying: true, isSlow: true, isLooping: false, isGrey: false });
  });

  test("move on, rest, and open the boxes", () => {
    press("Enter", "n", "b");
    expect(did).toEqual(["hand in", "skip", "rest"]);
    press("z", "Z");
    expect(did.slice(3)).toEqual(["undo", "undo"]);
    press("!");
    expect(desk.box.value).toBe("flag");
    press("?");
    expect(desk.box.value).toBe("keys");
    press("ü", "F5");
  });

  test("say that too much is hidden, and that somebody may need help", () => {
    press("1", "f", "m");
    expect(label).toMatchObject({ subjects: ["person"], happenings: ["fall"], verdict: "help" });
    press("0");
    expect(label).toEqual({ ...EMPTY, hidden: true });
  });

  test("make the picture as large as the window, and small again", () => {
    press("+");
    expect(desk.large.value).toBe(true);
    press("+", "+", "Escape");
    expect(desk.large.value).toBe(false);
  });
});

describe("a key that is pressed", () => {
  const on = (tag: string, type = "", isEditable = false): KeyTarget => ({ tag, type, isEditable });

  test("is the film's wherever the focus is", () => {
    for (const target of [null, on("BODY"), on("BUTTON", "button"), on("INPUT", "range"), on("A")])
      for (const key of [" ", "1", "t", "?", "["]) expect(isKept(target, key)).toBe(false);
  });

  test("is a text field's own", () => {
    for (const target of [on("INPUT", "text"), on("TEXTAREA"), on("SELECT"), on("DIV", "", true)])
      for (const key of [" ", "1", "Enter"]) expect(isKept(target, key)).toBe(true);
  });

  test("moves a slider by arrows, and presses what was reached with Tab by Enter", () => {
    expect(["ArrowLeft", "Home", "PageUp"].map((key) => isKept(on("INPUT", "range"), key))).toEqual([true, true, true]);
    expect([isKept(on("BUTTON"), "Enter"), isKept(on("INPUT", "range"), "Enter")]).toEqual([true, false]);
  });
});
