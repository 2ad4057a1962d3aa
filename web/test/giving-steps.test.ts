// What was given, who looked, taking it back: what is known after each thing that happens.

import { describe, expect, test } from "vitest";
import type { Entry } from "../owner/giving/entries";
import type { Read } from "../owner/giving/reading";
import { entering, INTO_LOG_MS, lookOf, standing, worstLook } from "../owner/giving/standing";
import { asOf, type Giving, type Happening, isAwaited, next, readingOf, type There } from "../owner/giving/steps";
import {
  about,
  changeLine,
  checkedLine,
  confirmedLine,
  contradictedLine,
  enteringLine,
  fileName,
  happened,
  keyLine,
  markOf,
  missingLine,
  placeOf,
  proofOf,
  staleLine,
  troubleOf,
  unvouchedLine,
  withheldLine,
} from "../owner/giving/words";
import { broken } from "../shared/api";
import { lastConfirmed } from "../shared/ledger";
import { type CheckedLog, type CheckedPart, Contradiction, HubChanged, Unvouched } from "../shared/log";
import type { KnownCheckpoint } from "../shared/memory";
import type { Donation, Donations, Letter } from "../shared/wire";

const GIVEN = {
  id: "d1",
  arrived_ms: 5,
  not_taken: null,
  withdrawn_ms: null,
  is_signed: false,
  refused_ms: null,
  shred_by_ms: null,
  shredded_ms: null,
  proven_ms: null,
  letter: null,
  expires_ms: 9,
} as unknown as Donation;
const DONATIONS: Donations = { programme: null, programmes: [], given: [GIVEN], witness: { key: "", vouched: null } };
const PART = { tree: { size: 7 }, witnessed: [{ name: "friend", at_s: 1 }] } as CheckedPart;
const LOG = { parts: [PART] } as unknown as CheckedLog;
const look: Entry = { leaf: "AA==", kind: "view.open", at_ms: 1000, event: {}, proof: { is: "proven", index: 3 } };
const READ: Read = { log: LOG, entries: { d1: [look] }, unclaimed: { looks: 0, labels: 0, recent: 0 }, isWhole: true };
const NO = broken("The hub cannot be reached.");

const steps = (...all: Happening[]) => all.reduce(next, { is: "asking" } as Giving);
const read = (...all: Happening[]) => readingOf(steps(...all) as There, { programme: "p1" });
const ASKED: Happening = { is: "asked", answer: { ok: true, value: DONATIONS } };
const PROVEN: Happening = { is: "read", programme: "p1", result: { ok: true, value: READ } };
const TAKE_BACK: Happening = { is: "take-back", donation: "d1" };

describe("what was given", () => {
  test("is unknown until the hub answers, and stays known when it does not answer again", () => {
    expect(steps({ is: "asked", answer: NO })).toEqual({ is: "unknown", failure: NO });
    expect(steps({ is: "asked", answer: NO }, ASKED)).toMatchObject({ is: "there", donations: DONATIONS });
    const there = steps(ASKED, PROVEN);
    expect(next(there, { is: "asked", answer: NO })).toBe(there);
  });

  test("nothing is read or taken back before it is known", () => {
    expect(steps(PROVEN, TAKE_BACK)).toEqual({ is: "asking" });
  });
});

describe("a reading of the log", () => {
  test("proves entries, unless the log holds looks that nobody mentioned", () => {
    expect(steps(ASKED, PROVEN)).toMatchObject({ readings: { p1: { is: "proven" } } });
    const hidden = { ...READ, unclaimed: { looks: 1, labels: 0, recent: 0 } };
    expect(read(ASKED, { is: "read", programme: "p1", result: { ok: true, value: hidden } }).is).toBe("withheld");
    expect(withheldLine(1)).toContain("1 entry marked as yours");
  });

  test("that fails leaves entries in sight and proves none of them", () => {
    const reading = read(ASKED, PROVEN, { is: "read", programme: "p1", result: NO });
    expect(reading).toEqual({ is: "unproven", failure: NO, entries: READ.entries });
    expect(proofOf(look, reading)).toEqual({ mark: "waiting", text: "Not checked just now." });
    expect(next(steps(ASKED, { is: "read", programme: "p1", result: NO }), PROVEN)).toMatchObject({
      readings: { p1: { is: "proven" } },
    });
  });

  test("is put into words", () => {
    const reading = read(ASKED, PROVEN);
    expect(proofOf(look, reading)).toEqual({ mark: "good", text: "Proven: entry 3 of the log" });
    if (reading.is !== "proven") throw new Error("it is proven");
    expect(checkedLine(reading)).toBe(
      "Checked in this browser: all 7 entries of the log, cosigned by 1 witness. " +
        "Your own hub has read them too, and vouches for this log.",
    );
    const parts = [
      { ...PART, tree: { size: 999_000 } },
      { ...PART, tree: { size: 1000 } },
    ] as CheckedPart[];
    expect(checkedLine({ ...reading, log: { ...LOG, parts }, isWhole: false })).toBe(
      "Checked in this browser: your entries and the indexes of 1,000,000 entries of the log, cosigned by 1 witness. " +
        "Your own hub has read every one, and vouches for this log.",
    );
    const labelled = { ...reading, unclaimed: { looks: 0, labels: 2, recent: 0 } };
    expect(checkedLine(labelled)).toContain("2 labels that reviewers wrote");
  });

  test("of one programme changes nothing of another", () => {
    const there = steps(ASKED, PROVEN, { is: "read", programme: "p2", result: NO }) as There;
    expect(there.readings).toMatchObject({ p1: { is: "proven" }, p2: { is: "unproven" } });
  });

  test("that the household's own hub does not vouch for proves nothing, and says what to do", () => {
    for (const [doubt, todo] of [
      [new Unvouched("ever"), "until your hub has read it"],
      [new Unvouched("lately"), "until your hub has read it"],
      [new HubChanged("hub+1+a", "hub+2+b"), "It was hub+1, and is hub+2."],
    ] as const) {
      const reading = read(ASKED, PROVEN, { is: "read", programme: "p1", result: { ...NO, doubt } });
      expect(reading).toEqual({ is: "unvouched", by: doubt, entries: READ.entries });
      expect(unvouchedLine(doubt).todo).toContain(todo);
    }
  });

  test("says which entry it was, and when keys changed", () => {
    expect([placeOf(7), placeOf(2 * 2 ** 40 + 7)]).toEqual(["entry 7 of the log", "entry 7 of part 2 of the log"]);
    expect([fileName(7), fileName(2 * 2 ** 40 + 7)]).toEqual(["entry-7", "entry-2-7"]);
    expect(changeLine({ atMs: Date.UTC(2026, 11, 3, 12), what: ["the log's own key"] })).toMatch(
      /^The programme's keys changed on .*3.* \(the log's own key\)\. The old ones signed for it\.$/,
    );
  });
});

describe("when the log was last confirmed", () => {
  const NOW_S = 1_795_000_000;
  const at = (...agesS: number[]) => agesS.map((age, n) => ({ name: `${n}`, at_s: NOW_S - age }));
  const confirmed = { by: 2, at_s: NOW_S - 240 };
  const FRESH: Read = { ...READ, log: { ...LOG, confirmed, maxAgeS: 600, freshUntilS: confirmed.at_s + 600 } };

  test("is when a quorum had: the others count for nothing", () => {
    const last = (quorum: number, ...ages: number[]) => lastConfirmed(at(...ages), quorum, NOW_S * 1000);
    expect(last(1, 50, 240)).toEqual({ by: 1, at_s: NOW_S - 50 });
    expect(last(2, 50, 240, 9000)).toEqual({ by: 2, at_s: NOW_S - 240 });
    expect(last(1, 240, 240)).toEqual({ by: 2, at_s: NOW_S - 240 });
    expect(last(1, -100_000, 240)).toEqual({ by: 1, at_s: NOW_S - 240 });
    expect(last(2, -100_000, 240)).toBeNull();
  });

  test("is said aloud", () => {
    const ago = (s: number) => confirmedLine({ by: 1, at_s: NOW_S - s }, NOW_S * 1000);
    expect(confirmedLine(confirmed, NOW_S * 1000)).toBe("Last confirmed by 2 witnesses 4 minutes ago.");
    expect(ago(-60)).toBe("Last confirmed by 1 witness a few seconds ago.");
    expect([ago(30), ago(7200), ago(86_400 * 400)].map((line) => line.slice(28))).toEqual([
      "30 seconds ago.",
      "2 hours ago.",
      "400 days ago.",
    ]);
  });

  test("and is too long ago is a reason to believe nothing, also when nothing answers any more", () => {
    const reading = read(ASKED, { is: "read", programme: "p1", result: { ok: true, value: FRESH } });
    expect(asOf(reading, (NOW_S + 360) * 1000)).toBe(reading);
    const stale = asOf(reading, (NOW_S + 361) * 1000);
    expect(stale).toEqual({ is: "stale", last: confirmed, maxAgeS: 600, entries: READ.entries });
    expect(proofOf(look, stale).mark).toBe("waiting");
    if (stale.is !== "stale") throw new Error("it is stale");
    const { text, todo } = staleLine(stale, (NOW_S + 86_400) * 1000);
    expect(text).toMatch(/^Last confirmed by 2 witnesses on .*2026.* \(24 hours ago\)\.$/);
    expect(todo).toContain("Nothing newer than that is proven. The policy allows 10 minutes.");
    expect(staleLine({ ...stale, last: null }, 0).todo).toContain("until the clocks agree");
  });

  test("is not forgotten while the log cannot be read", () => {
    const unread: Happening = { is: "read", programme: "p1", result: NO };
    const reading = read(ASKED, { is: "read", programme: "p1", result: { ok: true, value: FRESH } }, unread, unread);
    expect(reading).toMatchObject({ is: "unproven", last: confirmed });
  });

  test("what contradicts it is put into words", () => {
    const known: KnownCheckpoint = { size: 7, root: "", note: "", seenMs: NOW_S * 1000, fork: null };
    expect(contradictedLine(new Contradiction("fork", known, "")).text).toContain("was rewritten");
    expect(contradictedLine(new Contradiction("goes on", known, "")).text).toContain("goes on where it had ended");
    expect(contradictedLine(new Contradiction("false index", known, "")).text).toContain("leaves out some");
    expect(contradictedLine(new Contradiction("rollback", known, "")).text).toContain("read 7 entries of it on");
  });
});

describe("taking it back", () => {
  test("is sent once at a time", () => {
    const sending = steps(ASKED, TAKE_BACK);
    expect(sending).toMatchObject({ withdrawal: { is: "sending", donation: "d1" } });
    expect(next(sending, { is: "take-back", donation: "d2" })).toBe(sending);
  });

  test("that fails says so until it is tried again", () => {
    const failed = steps(ASKED, TAKE_BACK, { is: "taken-back", result: NO });
    expect(failed).toMatchObject({ withdrawal: { is: "failed", donation: "d1", failure: NO } });
    expect(next(failed, ASKED)).toMatchObject({ withdrawal: { is: "failed" } });
    const again = [TAKE_BACK, { is: "taken-back", result: { ok: true, value: {} } } as const].reduce(next, failed);
    expect(again).toMatchObject({ withdrawal: { is: "idle" } });
  });
});

const letter: Letter = {
  kind: "withdraw",
  since_ms: 10_000,
  tries: 14,
  last_ms: 70_000,
  answer: "It cannot be reached.",
};
const asked: Donation = { ...GIVEN, withdrawn_ms: 10_000, is_signed: true, programme_id: "p", letter };
const refused: Donation = { ...asked, refused_ms: 11_000, shred_by_ms: 71_000 };
const proven: Donation = { ...refused, proven_ms: 12_000 };
const shred: Entry = { ...look, kind: "shred", at_ms: 60_000 };
const withdraw: Entry = { ...look, kind: "consent.withdraw", event: { refused: 11_000 } };
const says = (donation: Donation) => troubleOf(standing(donation, [], 0), "P", 0);

describe("where a donation stands", () => {
  test("is given until it is withdrawn, once the programme has it", () => {
    expect(standing(GIVEN, [], 0)).toEqual({ is: "given", untilMs: 9 });
    expect(says(GIVEN)).toBeNull();
    const coming = { ...GIVEN, arrived_ms: null };
    expect(standing(coming, [], 0)).toEqual({ is: "coming", asked: null });
    const silent = { ...coming, letter: { ...letter, kind: "give" as const } };
    expect(troubleOf(standing(silent, [], 0), "P", 10_000 + INTO_LOG_MS)).toBeNull();
    expect(troubleOf(standing(silent, [], 0), "P", 10_001 + INTO_LOG_MS)).toMatchObject({
      text: expect.stringContaining("on its way"),
    });
    expect(says({ ...coming, not_taken: "It answered: no" })?.text).toBe("P did not take this clip.");
  });

  test("is not taken back before the programme has answered, and what is asked is said", () => {
    const stands = standing(asked, [], 0);
    expect(stands).toMatchObject({ is: "unanswered", sinceMs: 10_000, next: "hub" });
    expect(about({ ...asked, onset_ms: 0, length_ms: 25_000, given_ms: 5000 }, stands, 0)).toContain("not answered");
    const { text, todo } = says(asked)!;
    expect(text).toMatch(
      /^Asked P to stop showing this clip, 14 times since .+; it has not answered\. Until it does, /,
    );
    expect(text).toContain("this clip may still be seen. Last, at ");
    expect(text).toContain("It cannot be reached.");
    expect(todo).toContain("goes on asking");
  });

  test("tells a programme that says no from one that says nothing", () => {
    const no = { ...asked, letter: { ...letter, tries: 1, answer: "It answered: The keeper knows no such donation." } };
    expect(says(no)?.text).toContain("once since");
    expect(says(no)?.text).toContain("it has not agreed");
  });

  test("says who can do something", () => {
    expect(says({ ...asked, is_signed: false, letter: null })?.todo).toContain("once more");
    expect(says({ ...asked, programme_id: null, letter: null })?.todo).toContain("Join it again");
    expect(says({ ...asked, programme_id: null, letter: null })?.text).toContain("has not been asked yet");
  });

  test("is refused only so far as the programme says, until its log proves it", () => {
    expect(standing(refused, [], 0)).toMatchObject({ is: "refused", sinceMs: 11_000 });
    expect(says(refused)?.text).toContain("does not prove it yet");
    expect(standing(proven, null, 0)).toMatchObject({ is: "proven", sinceMs: 11_000 });
    expect(standing(refused, [withdraw], 0)).toMatchObject({ is: "proven" });
    expect(standing(refused, [{ ...withdraw, proof: { is: "coming" } }], 0)).toMatchObject({ is: "refused" });
    expect(says(proven)).toBeNull();
  });
});

describe("a clip that was given a moment ago", () => {
  const give = (proof: Entry["proof"]): Entry => ({ ...look, kind: "consent.give", proof });
  const coming = { ...GIVEN, arrived_ms: null, given_ms: 5 } as Donation;
  const late = 5 + INTO_LOG_MS + 1;

  test("is on its way into the log for two minutes, whether the log can be read or not", () => {
    for (const entries of [null, [], [look]])
      for (const donation of [GIVEN, coming])
        expect(entering(donation, entries, late - 1)).toMatchObject({ is: "on its way", sinceMs: 5, byMs: late - 1 });
  });

  test("is missing when the log can be read then and does not hold it, though its programme has it", () => {
    expect(entering(GIVEN, [look], late)).toEqual({ is: "missing", sinceMs: 5 });
    expect(missingLine({ is: "missing", sinceMs: 5 }, "P").text).toContain("its log does not say that you gave it");
    expect(entering(GIVEN, null, late)).toBeNull(); // the log itself is in trouble, and says so
    expect(entering(coming, [], late)).toBeNull(); // its letter says so
  });

  test("is on its way for as long as its keeper may take, and nothing is said once it is there, or amiss", () => {
    expect(entering(GIVEN, [give({ is: "coming" })], late)).toMatchObject({ is: "on its way" });
    for (const proof of [{ is: "proven", index: 3 } as const, { is: "faulty", fault: "no" } as const])
      expect(entering(GIVEN, [give(proof)], 6)).toBeNull();
    expect(entering({ ...GIVEN, withdrawn_ms: 6 }, [], 7)).toBeNull();
    expect(entering({ ...GIVEN, not_taken: "no" }, [], 7)).toBeNull();
  });

  test("is put into words with the time", () => {
    const way = { is: "on its way", sinceMs: 5, byMs: 120_005, hasArrived: true } as const;
    const { what, since, by } = enteringLine(way, "P");
    expect(what).toBe("On its way into the log");
    expect(since).toMatch(/^since .+:.+/);
    expect(by).toMatch(/^It should be there by .+:.+\.$/);
    expect(enteringLine({ ...way, hasArrived: false }, "P").by).toContain(
      "To P, and into its log: it should be there by ",
    );
  });

  test("makes no fault of a log that was never read here, and only while all that was given to it is as new", () => {
    const unread = read(ASKED, { is: "read", programme: "p1", result: NO });
    const unvouched = (doubt: Unvouched | HubChanged) =>
      read(ASKED, { is: "read", programme: "p1", result: { ...NO, doubt } });
    expect(isAwaited(unread, [GIVEN, coming], 6)).toBe(true);
    for (const doubt of [new Unvouched("ever"), new HubChanged("a", "b")])
      expect(isAwaited(unvouched(doubt), [GIVEN], 6)).toBe(false);
    const tampered = read(ASKED, { is: "read", programme: "p1", result: { ...NO, isFault: true } });
    expect(isAwaited(tampered, [GIVEN], 6)).toBe(false);
    expect(isAwaited(unread, [GIVEN], late)).toBe(false);
    expect(isAwaited(unread, [GIVEN, { ...GIVEN, arrived_ms: -late }], 6)).toBe(false);
    const confirmed = { by: 1, at_s: 1 };
    const before: Read = { ...READ, log: { ...LOG, confirmed } };
    const readBefore = read(
      ASKED,
      { is: "read", programme: "p1", result: { ok: true, value: before } },
      { is: "read", programme: "p1", result: NO },
    );
    expect(isAwaited(readBefore, [GIVEN], 6)).toBe(false);
  });
});

describe("where a donation stands that was taken back", () => {
  test("is refused by the log when its consent ended, or when the hub was restored from before", () => {
    const ended: Entry = { ...look, kind: "consent.withdraw", event: { refused: 11_000, shred_by: 71_000 } };
    expect(standing(GIVEN, [ended], 20_000)).toEqual({
      is: "proven",
      sinceMs: 11_000,
      key: { is: "due", byMs: 71_000 },
    });
  });

  test("may never have come", () => {
    const never = { ...refused, letter: null, not_taken: "It says that this clip never came." };
    expect(standing(never, [], 0)).toEqual({ is: "never-came", why: never.not_taken });
  });

  test("tells the end of its key from the log alone, and in time", () => {
    const key = (entries: Entry[] | null, nowMs: number) => {
      const stands = standing(proven, entries, nowMs);
      return stands.is === "proven" ? stands.key : null;
    };
    expect(key([], 20_000)).toEqual({ is: "due", byMs: 71_000 });
    expect(key([shred], 80_000)).toEqual({ is: "destroyed", atMs: 60_000, isInTime: true });
    expect(key([{ ...shred, at_ms: 73_000 }], 80_000)).toMatchObject({ isInTime: false });
    expect(key([], 80_000)).toEqual({ is: "overdue", byMs: 71_000 });
    expect(key([{ ...shred, proof: { is: "faulty", fault: "no" } }], 80_000)).toMatchObject({ is: "overdue" });
    expect(key(null, 80_000)).toEqual({ is: "due", byMs: 71_000 });
    expect(keyLine({ is: "overdue", byMs: 71_000 })).toContain("the log does not say so");
  });
});

describe("a look at a clip that was taken back", () => {
  const taken = { ...GIVEN, withdrawn_ms: 10_000, refused_ms: 20_500 } as Donation;
  const reading = read(ASKED, PROVEN);
  const at = (at_ms: number, index = 3): Entry => ({ ...look, at_ms, proof: { is: "proven", index } });
  const withdraw: Entry = { ...at(20_000, 9), kind: "consent.withdraw", event: { refused: 20_500 } };
  const closed = (view: number, pictures: number): Entry => ({
    ...at(30_000, 12),
    kind: "view.close",
    event: { view, pictures },
  });

  test.each([
    ["before it was taken back", at(9_000), "fine"],
    ["between the withdrawal and the refusal", at(15_000), "after-withdrawal"],
    ["after the refusal", at(21_000), "after-refusal"],
    ["behind the refusal in the log, whatever its clock says", at(5_000, 10), "after-refusal"],
  ])("%s", (_, entry, is) => {
    expect(lookOf(entry, taken, [entry, withdraw])).toBe(is);
  });

  test("is a fault in red at its line and at the top, and nothing of its clip is green", () => {
    const entries = [at(9_000, 2), withdraw, at(21_000, 10)];
    expect(worstLook(taken, entries)).toBe("after-refusal");
    const marks = entries.map((entry) => markOf(entry, reading, lookOf(entry, taken, entries), true));
    expect(marks.map(({ mark }) => mark)).toEqual(["waiting", "waiting", "bad"]);
    expect(marks[2]?.text).toContain("after the programme had refused to show it");
  });

  test("is held to the first time that the programme named", () => {
    const later = { ...withdraw, event: { refused: 90_000 } };
    expect(lookOf(at(30_000), taken, [at(30_000), later])).toBe("after-refusal");
    expect(lookOf(at(30_000), { ...taken, refused_ms: 90_000 }, [at(30_000), withdraw])).toBe("after-refusal");
  });

  test("that was turned away is no fault, and not green either", () => {
    const entries = [withdraw, at(21_000, 10), closed(10, 0)];
    expect(lookOf(entries[1]!, taken, entries)).toBe("turned-away");
    expect(worstLook(taken, entries)).toBeNull();
    expect(markOf(entries[1]!, reading, "turned-away", false)).toMatchObject({ mark: "waiting" });
    expect(lookOf(entries[1]!, taken, [withdraw, entries[1]!, closed(10, 1)])).toBe("after-refusal");
  });

  test("is no fault before anything was taken back", () => {
    expect(worstLook(GIVEN, [at(9_000)])).toBeNull();
  });
});

test("what a reviewer answered about a clip is put into words", () => {
  const label = (event: object): Entry => ({ ...look, kind: "label", event: event as Entry["event"] });
  expect(happened(label({ label: { answer: "hidden", subjects: [] } }))).toBe(
    "A reviewer could not say: too much is hidden",
  );
  expect(happened(label({ label: { answer: "undone" } }))).toBe("A reviewer took their label back");
  expect(happened(label({ label: { verdict: "threat" } }))).toBe("Labelled");
  expect(happened(label({}))).toBe("Labelled");
  expect(happened({ ...look, event: { label: { answer: "hidden" } } })).toBe("Looked at");
});
