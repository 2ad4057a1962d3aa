// Giving one clip: every step, what leads to it, and what does not.

import { describe, expect, test } from "vitest";
import { added, begun } from "../owner/give/covers";
import { endOf, firstCut, fitted, keyed, longestFrom, placed } from "../owner/give/cut";
import type { Sample } from "../owner/give/seen";
import { canSign, type Happening, next, type Preview, type Previewing, type Step } from "../owner/give/steps";
import { GONE } from "../owner/give/words";
import { broken, type Failure } from "../shared/api";
import { utf8 } from "../shared/bytes";
import type { Manifest } from "../shared/manifest";
import type { Offer, Programme } from "../shared/wire";

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
const PREVIEW: Preview = {
  offer: "o1",
  sha256: "one",
  bytes: utf8("everybody is covered"),
  url: "blob:1",
  lengthS: 1,
  timesFound: 3,
  written: 0,
  covers: [],
  covered: { all: 0.2, grey: 0.15, drawn: 0.1 },
  keptUntilMs: null,
};
const NO = broken("no");
const FAILED: Happening = { is: "failed", failure: NO };
const AWAY: Failure = { ok: false, kind: "refused", text: "It is gone.", status: 404 };
const HIDDEN: Happening[] = [OPENED, { is: "hide" }, { is: "hidden", preview: PREVIEW }];
const sample = (atS: number): Happening => {
  const at: Sample = { atS, wallS: 100 + atS, rate: 1, isShown: true, isJump: false };
  return { is: "watched", sample: at };
};
const PLAYED = [sample(0), sample(0.5), sample(1)];
const NOTHING: Happening = { is: "answer", answer: "nothing" };
const SOMETHING: Happening = { is: "answer", answer: "something" };
const COVERS = added(begun([]));
const COVERING: Happening[] = [...HIDDEN, ...PLAYED, SOMETHING, { is: "drawn", covers: COVERS }, { is: "cover" }];

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

  const CUT = { fromMs: 10_000, lengthMs: 25_000 };
  const ALL = 55_000;
  const ends = (cut: { fromMs: number; lengthMs: number }) => [cut.fromMs / 1000, endOf(cut) / 1000];

  test("is dragged as a whole, as far as the clip goes", () => {
    expect(ends(placed(CUT, "window", 20_000, ALL))).toEqual([20, 45]);
    expect(ends(placed(CUT, "window", -9000, ALL))).toEqual([0, 25]);
    expect(ends(placed(CUT, "window", 99_000, ALL))).toEqual([30, 55]);
  });

  test("is dragged by an end, which takes the other along where it would get too short or too long", () => {
    expect(ends(placed(CUT, "start", 12_000, ALL))).toEqual([12, 35]);
    expect(ends(placed(CUT, "start", 20_000, ALL))).toEqual([20, 40]);
    expect(ends(placed(CUT, "start", 0, ALL))).toEqual([0, 30]);
    expect(ends(placed(CUT, "start", 99_000, ALL))).toEqual([35, 55]);
    expect(ends(placed(CUT, "end", 32_000, ALL))).toEqual([10, 32]);
    expect(ends(placed(CUT, "end", 25_000, ALL))).toEqual([5, 25]);
    expect(ends(placed(CUT, "end", 50_000, ALL))).toEqual([20, 50]);
    expect(ends(placed(CUT, "end", 0, ALL))).toEqual([0, 20]);
  });

  test("cannot be moved in a clip of twenty seconds", () => {
    const whole = { fromMs: 0, lengthMs: 20_000 };
    for (const part of ["window", "start", "end"] as const) expect(placed(whole, part, 9000, 20_000)).toEqual(whole);
  });

  const press = (key: string, shiftKey = false) => ({ key, shiftKey, ctrlKey: false, metaKey: false, altKey: false });

  test("is moved with keys: arrows, Shift for the other end, Home and End", () => {
    expect(ends(keyed(CUT, "window", press("ArrowLeft"), ALL)!)).toEqual([9.5, 34.5]);
    expect(ends(keyed(CUT, "window", press("ArrowRight", true), ALL)!)).toEqual([10, 35.5]);
    expect(ends(keyed(CUT, "end", press("ArrowLeft", true), ALL)!)).toEqual([9.5, 35]);
    expect(ends(keyed(CUT, "window", press("Home"), ALL)!)).toEqual([0, 25]);
    expect(ends(keyed(CUT, "window", press("End"), ALL)!)).toEqual([30, 55]);
    expect(ends(keyed(CUT, "start", press("PageUp"), ALL)!)).toEqual([15, 35]);
  });

  test("leaves other keys to the page", () => {
    expect(keyed(CUT, "window", press(" "), ALL)).toBe(null);
    expect(keyed(CUT, "window", { ...press("ArrowLeft"), altKey: true }, ALL)).toBe(null);
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

  test("hiding that is stopped leads back without a reason", () => {
    expect(steps(OPENED, { is: "hide" }, { is: "stopped" })).toMatchObject({ step: "choosing", failure: null });
  });

  test("nothing can be cut while people are being hidden", () => {
    const hiding = steps(OPENED, { is: "hide" });
    expect(next(hiding, { is: "cut", cut: { fromMs: 9, lengthMs: 9 } })).toBe(hiding);
  });

  test("a signature that is refused leads back to the film that was seen", () => {
    const back = steps(...HIDDEN, ...PLAYED, NOTHING, { is: "sign" }, FAILED);
    expect(back).toMatchObject({ step: "previewing", answer: "nothing", failure: NO, preview: PREVIEW });
    expect(next(next(back, { is: "sign" }), { is: "given" })).toEqual({ step: "given" });
  });

  test("a film that the hub no longer has leads back to the choice", () => {
    const gone: Happening = { is: "failed", failure: AWAY };
    expect(steps(...HIDDEN, ...PLAYED, NOTHING, { is: "sign" }, gone)).toMatchObject({
      step: "choosing",
      failure: AWAY,
    });
    expect(steps(...COVERING, gone)).toMatchObject({ step: "choosing", failure: AWAY });
  });

  test("another part can be chosen while looking", () => {
    expect(steps(...HIDDEN, { is: "again" })).toMatchObject({ step: "choosing", cut: { fromMs: 2000 } });
  });

  test("only a signing can be given, and nothing comes after it", () => {
    for (const at of [steps(OPENED), steps(...HIDDEN), steps(...HIDDEN, ...PLAYED, NOTHING)]) {
      expect(next(at, { is: "given" })).toBe(at);
    }
    const given: Step = { step: "given" };
    for (const what of [...HIDDEN, FAILED]) expect(next(given, what)).toBe(given);
  });
});

describe("coming back to what was left running", () => {
  const OFFER = { id: "o1", from_ms: 1000, to_ms: 23_000, share: 0.4, problem: null, ready: false } as Offer;
  const found = (offer: Partial<Offer>) => steps({ ...OPENED, offer: { ...OFFER, ...offer } } as Happening);

  test("what is being prepared, or is ready, is followed, with the part that was chosen", () => {
    const cut = { fromMs: 1000, lengthMs: 22_000 };
    expect(found({})).toMatchObject({ step: "hiding", share: 0.4, from: { cut } });
    expect(found({ ready: true })).toMatchObject({ step: "hiding", from: { cut } });
  });

  test("what failed meanwhile is told beside the choice", () => {
    expect(found({ problem: "Too dark." })).toMatchObject({ step: "choosing", failure: { text: "Too dark." } });
  });

  test("what is gone with a restart of the hub is told, until something else is begun", () => {
    const lost = steps({ ...OPENED, wasLost: true } as Happening);
    expect(lost).toMatchObject({ step: "choosing", note: GONE });
    expect(next(lost, { is: "hide" })).toMatchObject({ from: { note: null } });
  });
});

describe("nothing is signed", () => {
  const cannot = (...more: Happening[]) => {
    const at = steps(...HIDDEN, ...more);
    expect(next(at, { is: "sign" })).toBe(at);
    return at;
  };

  test("before every second was seen", () => {
    cannot();
    cannot(sample(0), sample(0.5));
    cannot(sample(0), { is: "watched", sample: { atS: 1, wallS: 100.1, rate: 8, isShown: true, isJump: false } });
  });

  test("before the question was answered, and an answer before the end counts for nothing", () => {
    cannot(...PLAYED);
    expect(cannot(sample(0), NOTHING, sample(0.5), sample(1))).toMatchObject({ answer: null });
    cannot(...PLAYED, SOMETHING);
    expect(steps(...HIDDEN, ...PLAYED, NOTHING, { is: "sign" }).step).toBe("signing");
  });

  test("of which little is to be seen, before its owner said so twice", () => {
    const poor = { ...PREVIEW, covered: { all: 0.7, grey: 0.7, drawn: 0.1 } };
    const asked = steps(OPENED, { is: "hide" }, { is: "hidden", preview: poor }, ...PLAYED, NOTHING);
    expect(next(asked, { is: "sign" })).toBe(asked);
    expect(canSign(next(asked, { is: "meant" }) as Previewing)).toBe(true);
  });

  test("of another film than the one that was seen", () => {
    const again = steps(OPENED, ...PLAYED, NOTHING, ...HIDDEN.slice(1));
    expect(again).toMatchObject({ step: "previewing", answer: null, seen: { stretches: [] } });
  });
});

describe("covering something", () => {
  const COVERED = { ...PREVIEW, sha256: "two", covers: COVERS.boxes };

  test("makes another film, which has to be seen and asked about again", () => {
    expect(steps(...COVERING)).toMatchObject({ step: "hiding", doing: "covering" });
    const after = steps(...COVERING, { is: "hidden", preview: COVERED });
    expect(after).toMatchObject({ step: "previewing", answer: null, seen: { stretches: [] } });
    expect((after as Previewing).covers.boxes).toEqual(COVERS.boxes); // what is covered can be taken away again
    expect(next(after, { is: "sign" })).toBe(after);
  });

  test("that fails leads back to the film as it was, and what was drawn is still there", () => {
    const failed = steps(...COVERING, FAILED) as Previewing;
    expect(failed).toMatchObject({ step: "previewing", answer: "something", failure: NO, covers: COVERS });
    const same = steps(...COVERING, { is: "hidden", preview: PREVIEW, problem: "It could not be covered." });
    expect(same).toMatchObject({ answer: "something", covers: COVERS, failure: { text: "It could not be covered." } });
    expect(next(same, { is: "sign" })).toBe(same);
  });

  test("nothing is drawn before the owner says that there is something", () => {
    const at = steps(...HIDDEN, ...PLAYED, NOTHING);
    expect(next(at, { is: "drawn", covers: COVERS })).toBe(at);
    expect(next(at, { is: "cover" })).toBe(at);
  });

  test("can be given up", () => {
    const given = steps(
      ...HIDDEN,
      ...PLAYED,
      SOMETHING,
      { is: "drawn", covers: COVERS },
      {
        is: "answer",
        answer: null,
      },
    ) as Previewing;
    expect([given.answer, given.covers.boxes]).toEqual([null, []]);
  });
});
