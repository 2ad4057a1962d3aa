// Giving one clip: every step, what leads to it, and what does not.

import { describe, expect, test } from "vitest";
import type { Manifest } from "../owner/clips";
import { firstCut, fitted, longestFrom } from "../owner/give/cut";
import { type Happening, type Hiding, hid, inWords, leftFor, next, type Step } from "../owner/give/steps";
import { broken } from "../shared/api";
import { utf8 } from "../shared/bytes";
import type { Programme } from "../shared/wire";

const CLIP = { began_ms: 100_000, onset_ms: 105_000, ended_ms: 130_000, camera_name: "Yard" } as Manifest;
const PROGRAMME: Programme = {
  id: "p1",
  name: "P",
  url: "u",
  key: "cHJvZ3JhbW1l",
  words: "w",
  policy: "",
  notice: "Ask.",
  language: "en",
};

const steps = (...happenings: Happening[]) => happenings.reduce(next, { step: "opening" } as Step);
const OPENED: Happening = { is: "opened", clip: CLIP, programme: PROGRAMME, witness: "home+1+k" };
const PREVIEW = { offer: "o1", bytes: utf8("everybody is covered"), url: "blob:1", timesFound: 3, covered: null };
const NO = broken("no");
const FAILED: Happening = { is: "failed", failure: NO };
const HIDDEN: Happening[] = [OPENED, { is: "hide" }, { is: "hidden", preview: PREVIEW }];

describe("the stretch that is given", () => {
  test("begins shortly before the event and is 25 seconds long, if the clip is", () => {
    expect(firstCut(CLIP)).toEqual({ fromMs: 2000, lengthMs: 25_000 });
    expect(firstCut({ ...CLIP, ended_ms: 121_000 })).toEqual({ fromMs: 0, lengthMs: 21_000 });
    expect(firstCut({ ...CLIP, onset_ms: 129_000 }).fromMs).toBe(5000);
  });

  test("never ends after the clip, and is never shorter than 20 seconds", () => {
    const cut = fitted({ fromMs: 9000, lengthMs: 25_000 }, 30_000);
    expect([cut.fromMs, cut.lengthMs]).toEqual([9000, 21_000]);
    expect(fitted({ ...cut, fromMs: 28_000 }, 30_000)).toMatchObject({ fromMs: 10_000, lengthMs: 20_000 });
    expect(longestFrom(0, 55_000)).toBe(30_000);
  });
});

describe("the steps", () => {
  test("a clip opens into a choice, unless it is too short or no programme is joined", () => {
    expect(steps(OPENED).step).toBe("choosing");
    expect(steps({ ...OPENED, programme: null } as Happening)).toEqual({ step: "unjoined" });
    const short = { ...OPENED, clip: { ...CLIP, ended_ms: 119_999 } } as Happening;
    expect(steps(short)).toEqual({ step: "too-short" });
    expect(steps(FAILED)).toEqual({ step: "unopened", failure: NO });
  });

  test("hiding that fails leads back to the choice that was made, with the reason", () => {
    const cut = { fromMs: 1000, lengthMs: 22_000 };
    const back = steps(OPENED, { is: "cut", cut }, { is: "hide" }, FAILED);
    expect(back).toMatchObject({ step: "choosing", cut, failure: NO });
    expect(steps(OPENED, { is: "hide" }, FAILED, { is: "hide" })).toMatchObject({
      step: "hiding",
      from: { failure: null },
    });
  });

  test("nothing can be cut while people are being hidden", () => {
    const hiding = steps(OPENED, { is: "hide" });
    expect(next(hiding, { is: "cut", cut: { fromMs: 9, lengthMs: 9 } })).toBe(hiding);
  });

  test("a film that was not played to its end cannot be signed", () => {
    const preview = steps(...HIDDEN);
    expect(preview).toMatchObject({ step: "previewing", isPlayed: false });
    expect(next(preview, { is: "sign" })).toBe(preview);
    expect(steps(...HIDDEN, { is: "played" }, { is: "sign" }).step).toBe("signing");
  });

  test("another film has to be played again", () => {
    const again = steps(OPENED, { is: "played" }, ...HIDDEN.slice(1));
    expect(again).toMatchObject({ step: "previewing", isPlayed: false });
  });

  test("a signature that is refused leads back to the film that was played", () => {
    const back = steps(...HIDDEN, { is: "played" }, { is: "sign" }, FAILED);
    expect(back).toMatchObject({ step: "previewing", isPlayed: true, failure: NO, preview: PREVIEW });
    expect(next(next(back, { is: "sign" }), { is: "given" })).toEqual({ step: "given" });
  });

  test("only a signing can be given, and nothing comes after it", () => {
    for (const at of [steps(OPENED), steps(...HIDDEN), steps(...HIDDEN, { is: "played" })]) {
      expect(next(at, { is: "given" })).toBe(at);
    }
    const given: Step = { step: "given" };
    for (const what of [...HIDDEN, FAILED]) expect(next(given, what)).toBe(given);
  });

  test("what hiding found is put into words", () => {
    expect(hid(0)).toContain("Nobody was found");
    expect(hid(1)).toContain("once");
    expect(hid(81)).toContain("81 times");
  });

  test("what is covered is said in plain words, and a film with little to see is advised against", () => {
    expect(inWords({ all: 0.2, grey: 0.15, drawn: 0.08 })).toBe(
      "Most of the place is left to see: 15 % of the picture is grey, 8 % drawings.",
    );
    expect(inWords({ all: 0.45, grey: 0.4, drawn: 0.08 })).toContain("Some of the place");
    expect(inWords({ all: 0.7, grey: 0.7, drawn: 0.08 })).toContain("Another clip would teach more");
  });

  test("how long hiding will take is told once it can be", () => {
    const at = (share: number | null, passedMs: number) =>
      leftFor({ ...steps(OPENED, { is: "hide" }), share, passedMs } as Hiding);
    expect(at(null, 0)).toBe("");
    expect(at(0.05, 900)).toBe("");
    expect(at(0.5, 12_000)).toBe("about 15 seconds left");
    expect(at(0.2, 60_000)).toBe("about 4 minutes left");
  });
});
