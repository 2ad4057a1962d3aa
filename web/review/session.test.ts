// A reviewer's session against a review room that answers from a table.

import { beforeEach, describe, expect, test } from "vitest";
import type { Failure, Result } from "../shared/ask";
import type { Film, Listener } from "./film";
import { EMPTY, type Label, withSubject, withVerdict } from "./label";
import { type Work, workOf } from "./room";
import { type Doors, Session } from "./session";
import type { NextLook } from "./wire";

const LOOK: NextLook = { view: 1, ticket: "t", pictures: 40, length_ms: 8000, done_today: 0, quota: 150 };
const CAT = withSubject(EMPTY, "cat");
const DONE = withVerdict(CAT, "routine");
const yes = <T>(value: T): Result<T> => ({ ok: true, value });
const no = (status: number, reason?: string): Failure => {
  return { ok: false, kind: status === 401 ? "signed-out" : "refused", text: `no ${status}`, status, reason };
};
const GONE: Failure = { ok: false, kind: "unreachable", text: "The review room cannot be reached.", status: 0 };

// What was asked, in order; an answer of `answers` comes once, then all is well.
let asked: string[];
let answers: Record<string, Result<never>[]>;
let nowMs: number;
let timers: (() => void)[];
let listener: Listener | null;
let session: Session;

function answer<T>(what: string, value: T): Promise<Result<T>> {
  asked.push(what);
  return Promise.resolve(answers[what]?.shift() ?? yes(value));
}

beforeEach(() => {
  [asked, answers, nowMs, timers, listener] = [[], {}, 1_000_000, [], null];
  let view = 0;
  const room: Doors["room"] = {
    words: () => answer("words", { keeper: "ws://keeper", rp_id: "room", subjects: [], happenings: [], verdicts: [] }),
    enter: () => answer("enter", { reviewer: "reviewer-1", session: "token" }),
    next: () => answer("next", { ...LOOK, view: ++view }),
    save: (of, label) => answer(`save ${of} ${label.subjects}`, { saved_ms: 1 }),
    submit: (of, label) => answer(`submit ${of} ${label.subjects} ${label.verdict}`, undefined),
    undo: (of) => answer(`undo ${of}`, undefined),
    skip: (of) => answer(`skip ${of}`, undefined),
    flag: (of) => answer(`flag ${of}`, undefined),
    lock: () => answer("lock", undefined),
    here: () => answer("here", undefined),
  };
  session = new Session({
    room,
    film: (keeper, look, token, told) => {
      asked.push(`film ${keeper} ${look.view} ${look.ticket} ${token}`);
      listener = told;
      return { stay: () => asked.push("stay"), close: () => asked.push("close") } as unknown as Film;
    },
    nowMs: () => nowMs,
    later: (act) => {
      timers.push(act);
      return () => {
        timers = timers.filter((each) => each !== act);
      };
    },
  });
});

const place = () => session.now.value.place;
const work = () => workOf(place()) as Work;
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};
const timeIsUp = async () => {
  for (const act of timers.splice(0)) act();
  await settled();
};

async function atDesk(label: Label = EMPTY) {
  await session.signIn();
  if (label !== EMPTY) session.change(label);
  asked = [];
}

describe("coming in", () => {
  test("a passkey, then a clip and its pictures", async () => {
    await session.signIn();
    expect(asked).toEqual(["words", "enter", "next", "film ws://keeper 1 t token"]);
    expect(session.now.value).toMatchObject({ reviewer: "reviewer-1", isBusy: false, failure: null });
    expect(place().is).toBe("desk");
    listener!.come(12);
    expect(work().pictures).toBe(12);
  });

  test.each([
    ["a passkey that does not answer", "enter", no(403)],
    ["a room that is gone", "words", GONE],
    ["a session that nobody knows", "enter", no(401)],
  ])("%s leaves the reviewer at the door, with the reason", async (_, what, failure) => {
    answers = { [what]: [failure as never] };
    await session.signIn();
    expect(session.now.value).toMatchObject({ place: { is: "out", isLocked: false }, failure });
    await session.signIn();
    expect(place().is).toBe("desk");
  });

  test("nothing is waiting, or it is not the time", async () => {
    answers = { next: [no(404, "nothing_waiting") as never, no(403, "closed") as never, GONE as never] };
    await session.signIn();
    expect(place()).toEqual({ is: "empty", why: "" });
    await session.nextClip();
    expect(place()).toEqual({ is: "empty", why: "no 403" });
    await session.nextClip();
    expect(place()).toEqual({ is: "empty", why: GONE.text });
  });
});

describe("a label", () => {
  test("is saved when the reviewer pauses, once for many changes", async () => {
    await atDesk();
    session.change(withSubject(EMPTY, "dog"));
    session.change(CAT);
    expect(work().saved).toBe("waiting");
    await timeIsUp();
    expect(asked).toEqual(["save 1 cat"]);
    expect(work().saved).toBe("saved");
  });

  test("that was changed while it was saved is not called saved", async () => {
    await atDesk(CAT);
    for (const act of timers.splice(0)) act();
    session.change(DONE);
    await settled();
    expect(work()).toMatchObject({ label: DONE, saved: "waiting" });
  });

  test("that could not be saved says so, and the next change tries again", async () => {
    await atDesk(CAT);
    answers = { "save 1 cat": [GONE as never] };
    await timeIsUp();
    expect(work().saved).toBe("failed");
    session.change(DONE);
    await timeIsUp();
    expect(work().saved).toBe("saved");
  });

  test("is handed in when it is complete, not saved again, and the next clip is drawn", async () => {
    await atDesk(CAT);
    await session.handIn();
    expect(asked).toEqual([]);
    session.change(DONE);
    await session.handIn();
    expect(asked).toEqual(["submit 1 cat routine", "close", "next", "film ws://keeper 2 t token"]);
    expect(timers).toEqual([]);
    expect(work()).toMatchObject({ look: { view: 2 }, label: EMPTY, saved: "nothing" });
  });

  test("that was refused stays on the desk, with its pictures", async () => {
    await atDesk(DONE);
    answers = { "submit 1 cat routine": [no(409) as never] };
    await session.handIn();
    expect(session.now.value).toMatchObject({ place: { is: "desk", work: { label: DONE } }, failure: no(409) });
    expect(asked).not.toContain("close");
  });

  test("that was handed in cannot be handed in again, whatever comes after it", async () => {
    await atDesk(DONE);
    answers = { next: [GONE as never] };
    await session.handIn();
    expect(place()).toEqual({ is: "empty", why: GONE.text });
    await session.handIn();
    expect(asked.filter((line) => line.startsWith("submit"))).toHaveLength(1);
  });

  test("two presses of Enter hand in once", async () => {
    await atDesk(DONE);
    await Promise.all([session.handIn(), session.handIn()]);
    expect(asked.filter((line) => line.startsWith("submit"))).toHaveLength(1);
  });
});

describe("other ways on", () => {
  test("a clip that is over already is left all the same", async () => {
    await atDesk();
    answers = { "skip 1": [no(403) as never] };
    await session.skipClip();
    expect(session.now.value.failure).toBeNull();
    expect(work().look.view).toBe(2);
  });

  test("a clip is skipped", async () => {
    await atDesk(CAT);
    await session.skipClip();
    expect(asked).toEqual(["skip 1", "close", "next", "film ws://keeper 2 t token"]);
  });

  test("an unfinished label is saved before the next clip", async () => {
    await atDesk(CAT);
    await session.finishLater();
    expect(asked).toEqual(["save 1 cat", "close", "next", "film ws://keeper 2 t token"]);
  });

  test("a flagged clip is closed at once", async () => {
    await atDesk(CAT);
    await session.flagClip();
    expect(asked).toEqual(["flag 1", "close"]);
    expect(place()).toMatchObject({ is: "over", why: expect.stringContaining("stopped for everybody") });
    expect(timers).toEqual([]);
  });

  test("a flag that the keeper does not accept closes the clip here, and says so", async () => {
    await atDesk();
    answers = { "flag 1": [no(409, "unknown_view") as never] };
    await session.flagClip();
    expect(place()).toMatchObject({ is: "over", why: expect.stringContaining("did not accept") });
  });

  test("a flag that nobody heard leaves the clip on the desk, with the reason", async () => {
    await atDesk();
    answers = { "flag 1": [GONE as never] };
    await session.flagClip();
    expect(session.now.value).toMatchObject({ place: { is: "desk" }, failure: GONE });
  });
});

describe("the keeper ends a view", () => {
  test("that was taken back: the clip is closed, and its label goes with it", async () => {
    await atDesk(CAT);
    listener!.ended("Its owner took it back.", "revoked");
    expect(place()).toEqual({ is: "over", why: "Its owner took it back." });
    expect([session.film.value, timers]).toEqual([null, []]);
  });

  test("that stood too long: the room locks", async () => {
    await atDesk();
    listener!.ended("Nobody was there.", "idle");
    await settled();
    expect(place()).toMatchObject({ is: "out", isLocked: true });
  });

  test("for another reason: the label can be finished without pictures", async () => {
    await atDesk(CAT);
    listener!.ended("The keeper restarts.");
    expect(place()).toMatchObject({ is: "desk", work: { label: CAT, why: "The keeper restarts." } });
    expect(session.film.value).toBeNull();
  });
});

async function handedIn() {
  await atDesk(DONE);
  await session.handIn();
  asked = [];
}

describe("what was handed in a moment ago", () => {
  test("is taken back to the desk without its pictures, while the new clip waits with its own", async () => {
    await handedIn();
    listener!.come(12);
    await session.undo();
    expect(asked).toEqual(["undo 1"]);
    expect(work()).toMatchObject({ look: { view: 1 }, label: DONE, isAgain: true, pictures: 0 });
    expect(session.filmOf(work())).toBeNull();
    expect(session.film.value).not.toBeNull();
    session.change(CAT);
    listener!.come(24);
    session.change(withVerdict(CAT, "threat"));
    await session.handIn();
    expect(asked).toEqual(["undo 1", "submit 1 cat threat"]);
    expect(work()).toMatchObject({ look: { view: 2 }, label: EMPTY, pictures: 24 });
    expect(session.filmOf(work())).toBe(session.film.value);
    expect([session.now.value.handed, place()]).toEqual([null, { is: "desk", work: work() }]);
  });

  test("can be taken back for ten seconds", async () => {
    await handedIn();
    nowMs += 10_000;
    session.tick();
    expect(session.now.value.handed).not.toBeNull();
    nowMs += 1;
    session.tick();
    await session.undo();
    expect([asked, work().look.view]).toEqual([[], 2]);
  });

  test("is taken back also where nothing else is waiting", async () => {
    await atDesk(DONE);
    answers = { next: [no(404, "nothing_waiting") as never] };
    await session.handIn();
    expect(place()).toEqual({ is: "empty", why: "" });
    await session.undo();
    expect(work()).toMatchObject({ look: { view: 1 }, label: DONE });
    await session.handIn();
    expect(work().look.view).toBe(3); // the second was asked for in vain
  });

  test("keeps what was already said of the new clip", async () => {
    await handedIn();
    session.change(CAT);
    await session.undo();
    expect(asked).toEqual(["save 2 cat", "undo 1"]);
    await session.handIn();
    expect(work()).toMatchObject({ look: { view: 2 }, label: CAT, saved: "saved" });
  });

  test("stays handed in when the room says that it is too late, and the desk says so", async () => {
    await handedIn();
    answers = { "undo 1": [GONE as never, no(403) as never] };
    await session.undo();
    expect(session.now.value).toMatchObject({ failure: GONE, handed: { work: { look: { view: 1 } } } });
    await session.undo();
    expect(session.now.value).toMatchObject({ failure: no(403), handed: null });
    expect(work().look.view).toBe(2);
  });
});

describe("a label that was taken back", () => {
  test("is taken back once the next clip is drawn, when it was asked for meanwhile", async () => {
    await atDesk(DONE);
    const handing = session.handIn();
    while (!session.now.value.handed) await Promise.resolve();
    expect(session.now.value.isBusy).toBe(true);
    await session.undo();
    nowMs += 12_000; // it was in time
    session.tick();
    await handing;
    expect(asked.slice(-3)).toEqual(["next", "film ws://keeper 2 t token", "undo 1"]);
    expect(work()).toMatchObject({ look: { view: 1 }, label: DONE, isAgain: true });
  });

  test("is final with a lock, and both labels can be finished after it", async () => {
    await handedIn();
    await session.undo();
    await session.rest();
    expect(session.now.value.handed).toBeNull();
    await session.signIn();
    expect(work()).toMatchObject({ look: { view: 1 }, label: DONE });
    await session.handIn();
    expect(work()).toMatchObject({ look: { view: 2 }, pictures: 0 });
    expect(asked.filter((each) => each === "next")).toEqual([]);
    expect(session.now.value.handed).toBeNull();
  });

  test("is final when its label is flagged, and the new clip goes on", async () => {
    await handedIn();
    await session.undo();
    await session.flagClip();
    expect(place()).toMatchObject({ is: "over", why: expect.stringContaining("You flagged") });
    expect(session.film.value).not.toBeNull();
    await session.nextClip();
    expect(asked).toEqual(["undo 1", "flag 1"]);
    expect(work()).toMatchObject({ look: { view: 2 } });
  });

  test("a new clip that its owner takes back meanwhile is gone, and the old label is still here", async () => {
    await handedIn();
    await session.undo();
    listener!.ended("Its owner took it back.", "revoked");
    expect(work()).toMatchObject({ look: { view: 1 }, label: DONE });
    await session.handIn();
    expect(work()).toMatchObject({ look: { view: 3 }, label: EMPTY });
  });
});

describe("the reviewer's own figures", () => {
  test("nothing is drawn while they are open, and a clip is when they close", async () => {
    await atDesk(DONE);
    session.openMine();
    await session.handIn();
    expect(asked).toEqual(["submit 1 cat routine", "close"]);
    expect(place()).toEqual({ is: "empty", why: "" });
    session.closeMine();
    await settled();
    expect(asked.slice(2)).toEqual(["next", "film ws://keeper 2 t token"]);
    session.openMine();
    session.closeMine();
    await settled();
    expect(asked).toHaveLength(4);
  });

  test("do not open while something is on its way, and close with the room", async () => {
    await atDesk(DONE);
    const done = session.handIn();
    session.openMine();
    expect(session.now.value.isMine).toBe(false);
    await done;
    session.openMine();
    await session.rest();
    expect(session.now.value.isMine).toBe(false);
  });
});

describe("a warning", () => {
  test("comes fifteen seconds before the idle lock, and goes with the first movement", async () => {
    await atDesk(CAT);
    nowMs += 44_999;
    session.tick();
    expect(session.now.value.warning).toBeNull();
    nowMs += 1;
    session.tick();
    expect([session.now.value.warning, session.idleLeftMs()]).toEqual(["idle", 15_000]);
    await session.act();
    expect(session.now.value.warning).toBeNull();
    nowMs += 50_000;
    session.tick();
    nowMs += 10_001;
    session.tick();
    await settled();
    expect(session.now.value).toMatchObject({ warning: null, place: { is: "out", isLocked: true } });
    session.tick();
    expect(session.now.value.warning).toBeNull();
  });

  test("is kept: the keeper, which counts from the last word that it heard, hears the last movement, too", async () => {
    await atDesk();
    await session.act();
    nowMs += 14_000;
    await session.act();
    await session.act();
    expect([asked, timers.length]).toEqual([["stay", "here"], 1]);
    nowMs += 1_000;
    await timeIsUp();
    expect(asked).toEqual(["stay", "here", "stay", "here"]);
    nowMs += 1_000;
    await session.act();
    await session.rest();
    expect(timers).toEqual([]);
  });
});

describe("breaks and locks", () => {
  test("a minute of nothing closes the pictures, keeps the label and locks the room", async () => {
    await atDesk(CAT);
    nowMs += 60_000;
    session.tick();
    await settled();
    expect(place().is).toBe("desk");
    nowMs += 1;
    session.tick();
    session.tick();
    await settled();
    expect(asked).toEqual(["close", "save 1 cat", "lock"]);
    expect(place()).toMatchObject({ is: "out", isLocked: true, work: { label: CAT, saved: "saved", pictures: 0 } });
    await session.signIn();
    expect(place()).toMatchObject({ is: "desk", work: { label: CAT } });
    expect([asked.includes("next"), session.film.value]).toEqual([false, null]);
  });

  test("nobody is locked out of a room that was never entered", async () => {
    nowMs += 10 * 60_000;
    session.tick();
    await session.act();
    expect(asked).toEqual([]);
  });

  test("moving keeps the room open, and both programs hear of it now and then", async () => {
    await atDesk();
    nowMs += 59_000;
    await session.act();
    nowMs += 14_000;
    await session.act();
    nowMs += 47_000;
    session.tick();
    expect(asked).toEqual(["stay", "here"]);
    expect(place().is).toBe("desk");
  });

  test("a session that is over anywhere is over here", async () => {
    await atDesk();
    answers = { here: [no(401) as never] };
    await session.act();
    expect(place()).toMatchObject({ is: "out", isLocked: true });
    await atDesk(DONE);
    answers = { "submit 1 cat routine": [no(401) as never] };
    await session.handIn();
    expect(session.now.value).toMatchObject({ place: { is: "out", work: { label: DONE } }, failure: null });
  });

  test("a break locks the room, too, and restarts the twenty minutes", async () => {
    await atDesk(CAT);
    await session.rest();
    expect(asked).toEqual(["close", "save 1 cat", "lock"]);
    expect(place()).toMatchObject({ is: "resting", work: { label: CAT } });
    nowMs += 600_000;
    await session.signIn();
    expect(session.now.value).toMatchObject({ place: { is: "desk", work: { label: CAT } }, sinceBreakMs: nowMs });
  });
});

describe("a passkey that has to be touched again", () => {
  test("after most of an hour the passkey is asked for between two clips, where nothing is lost", async () => {
    await atDesk(DONE);
    for (let minute = 0; minute < 51; minute++) {
      nowMs += 59_500;
      await session.act();
    }
    asked = [];
    await session.handIn();
    expect(asked).toEqual(["submit 1 cat routine", "close", "lock"]);
    expect(place()).toEqual({ is: "out", isLocked: true, work: null });
    await session.signIn();
    expect(place()).toMatchObject({ is: "desk", work: { look: { view: 2 } } });
  });

  test("the page says before it that a long look is about to close", async () => {
    await atDesk(CAT);
    nowMs += 8 * 60_000;
    expect(session.isLockingSoon()).toBe(false);
    nowMs += 60_000;
    expect(session.isLockingSoon()).toBe(true);
    listener!.ended("Ten minutes on one clip.", "idle");
    await settled();
    expect(session.isLockingSoon()).toBe(false);
    expect(place()).toMatchObject({ is: "out", isLocked: true, work: { label: CAT, saved: "saved" } });
  });
});
