import { describe, expect, test } from "vitest";
import type { Finding } from "../owner/findings";
import {
  aboutClip,
  aboutEvent,
  answered,
  asked,
  days,
  filtered,
  gathered,
  hasEarlier,
  START,
  withEarlier,
} from "../owner/home/happenings";
import { cameraNow, headline, lead, mailboxLine, standing, storageLine, unknown } from "../owner/home/status";
import { broken } from "../shared/api";
import { dayOf, HOUR } from "../shared/time";
import type { CameraNow, Clip, Home } from "../shared/wire";

const NOON = new Date(2026, 4, 2, 12).getTime();
const clip = (id: string, onset_ms: number, more: Partial<Clip> = {}): Clip => ({
  id,
  camera_id: "c",
  event_id: id,
  onset_ms,
  began_ms: onset_ms - 5000,
  ended_ms: onset_ms + 10_000,
  open: false,
  bytes: 1,
  parts: 1,
  sent_parts: 1,
  in_cloud: false,
  ...more,
});
const finding = (kinds: Finding["kinds"], verdict: Finding["verdict"]): Finding => ({
  kinds,
  verdict,
  threat: 0,
  reasons: [],
  eye: "",
  tracks: [],
});
const list = (clips: Clip[]) => answered(START, { ok: true, value: clips });

describe("the list of events", () => {
  test("asks for one more than it shows, and for many when it filters", () => {
    expect(asked(START)).toBe("/clips?limit=13");
    expect(asked(withEarlier(START))).toBe("/clips?limit=37");
    expect(asked(filtered(START, { verdict: "threat", kind: null }))).toBe("/clips?limit=200");
  });
  test("groups clips by day, without those that are leaving or do not pass", () => {
    const clips = [clip("a", NOON), clip("b", NOON - HOUR), clip("c", NOON - 30 * HOUR), clip("d", NOON - HOUR)];
    const known = new Map([["d", finding(["person"], "threat")]]);
    const shown = days(list(clips), known, new Set(["b"]));
    expect(shown.map(([day, some]) => [day, some.map((c) => c.id)])).toEqual([
      [dayOf(NOON).from, ["a", "d"]],
      [dayOf(NOON - 30 * HOUR).from, ["c"]],
    ]);
    const threats = filtered(list(clips), { verdict: "threat", kind: null });
    expect(days(threats, known, new Set()).flatMap(([, some]) => some.map((c) => c.id))).toEqual(["d"]);
  });
  test("shows the clips of one event together, in order", () => {
    const part = (id: string, began_ms: number, more: Partial<Clip> = {}) =>
      clip(id, NOON, { event_id: "e", began_ms, ended_ms: began_ms + 60_000, ...more });
    const parts = [part("e3", NOON + 115_000), part("e2", NOON + 55_000), part("e1", NOON - 5000)];
    const all = gathered([clip("later", NOON + HOUR), ...parts, clip("earlier", NOON - HOUR)]);
    expect(all.map((some) => some.map((c) => c.id))).toEqual([["later"], ["e1", "e2", "e3"], ["earlier"]]);
    expect(aboutEvent(all[1]!)).toBe("3 min 0 s in 3 clips.");
    expect(aboutEvent([clip("a", NOON), part("b", NOON + 55_000, { open: true })])).toBe(
      "Still going on, in 2 clips so far.",
    );
    expect(aboutEvent([clip("a", NOON)])).toBe(aboutClip(clip("a", NOON)));
  });
  test("offers earlier ones only when there are some", () => {
    const thirteen = list(Array.from({ length: 13 }, (_, i) => clip(String(i), NOON - i)));
    expect(days(thirteen, new Map(), new Set())[0]?.[1]).toHaveLength(12);
    expect(hasEarlier(thirteen)).toBe(true);
    expect(hasEarlier(withEarlier(thirteen))).toBe(false);
  });
  test("keeps what it has when the hub cannot be asked, and says why when it has nothing", () => {
    expect(answered(list([clip("a", NOON)]), broken("No."))).toMatchObject({ clips: [{ id: "a" }], failure: null });
    expect(answered(START, broken("No."))).toMatchObject({ clips: null, failure: { text: "No." } });
    expect(answered(answered(START, broken("No.")), { ok: true, value: [] })).toMatchObject({ failure: null });
  });
  test("says how long a clip is and where it is kept", () => {
    expect(aboutClip(clip("a", NOON))).toBe("A 15 s clip.");
    expect(aboutClip(clip("a", NOON, { in_cloud: true }))).toBe("A 15 s clip, also in the mailbox.");
    expect(aboutClip(clip("a", NOON, { open: true, ended_ms: null }))).toBe("Still going on.");
  });
});

describe("what Home says", () => {
  const camera = (state: CameraNow["state"]) => ({ state }) as CameraNow;
  const home = (cameras: CameraNow[], problems: Home["problems"] = []) =>
    ({ well: problems.length === 0, cameras, problems }) as Home;
  const problem = { camera_id: null, text: "The eye is blind.", todo: "Restart the hub.", since_ms: null };

  test("all is well while a camera records", () => {
    expect(headline(home([camera("recording")]))).toBe("All is well");
    expect(lead(home([camera("recording")]))).toBe("One camera is recording, sealed for you alone.");
    expect(headline(home([]))).toBe("Ready for a camera");
    expect(lead(home([camera("recording"), camera("off")]))).toContain("One is not.");
    expect(lead(home([]))).toBe("Nothing is being recorded yet.");
  });
  test("the green tick is for cameras that record, and for nothing else", () => {
    expect(standing(home([camera("recording")]), true)).toBe("well");
    expect(standing(home([camera("recording")]), false)).toBe("silent");
    expect(standing(home([camera("recording")], [problem]), true)).toBe("trouble");
    expect(standing(home([camera("recording")], [problem]), false)).toBe("silent");
    for (const cameras of [[], [camera("off")], [camera("starting")]])
      expect(standing(home(cameras), true)).toBe("idle");
    expect(headline(home([camera("off")]))).toBe("Your camera is turned off");
    expect(headline(home([camera("off"), camera("off")]))).toBe("Your cameras are turned off");
    expect(lead(home([camera("off")]))).toBe("Nothing is being recorded.");
    expect(headline(home([camera("starting"), camera("off")]))).toBe("Your cameras are starting");
    expect(lead(home([camera("starting")]))).toBe("Nothing is being recorded yet.");
  });
  test("nothing is said of now while the hub is silent", () => {
    expect(unknown(NOON)).toBe("Not known since 12:00");
    expect(unknown(null)).toBe("Not known");
    expect(aboutClip(clip("a", NOON, { open: true, ended_ms: null }), false)).toContain("when the hub was last heard");
    const parts = [clip("a", NOON), clip("b", NOON, { open: true, ended_ms: null })];
    expect(aboutEvent(parts, false)).toContain("when the hub was last heard");
  });
  test("problems are counted", () => {
    expect(headline(home([], [problem]))).toBe("One thing needs you");
    expect(headline(home([], [problem, problem]))).toBe("2 things need you");
  });
  test("the disk says when it will be full", () => {
    const storage = { used_bytes: 2e9, free_bytes: 3e9, oldest_ms: null, keep_hours: 24, full_in_hours: null };
    expect(storageLine(storage)).toBe("Recordings are kept for 24 h: 2.0 GB used, 3.0 GB free.");
    expect(storageLine({ ...storage, full_in_hours: 0.2 })).toContain("full in about 1 h; then the oldest go first.");
  });
  test("the mailbox has a sentence for each state", () => {
    const cloud = { configured: true, reachable: true, waiting_parts: 0, last_sent_ms: null, clips: 1 };
    expect(mailboxLine(cloud)).toBe("The outside mailbox holds 1 sealed clip that only you can open.");
    expect(mailboxLine({ ...cloud, waiting_parts: 5 })).toBe("Sending 5 sealed pieces to the mailbox.");
    expect(mailboxLine({ ...cloud, reachable: false, waiting_parts: 1 })).toContain("1 sealed piece is waiting here.");
    expect(mailboxLine({ ...cloud, reachable: null })).toContain("not been contacted yet");
    expect(mailboxLine({ ...cloud, configured: false })).toContain("clips stay at home");
  });
  test("a card says how old its picture is, or why there is none", () => {
    expect(cameraNow(camera("recording"), NOON - 30_000, NOON)).toBe("30 s ago");
    expect(cameraNow(camera("recording"), 0, NOON)).toBe("Recording");
    expect(cameraNow({ ...camera("starting"), waits_for_key: true }, NOON, NOON)).toBe("Waiting for a key frame");
    expect(cameraNow(camera("starting"), NOON, NOON)).toBe("Not recording yet");
    expect(cameraNow(camera("retrying"), NOON, NOON)).toBe("Lost, trying again");
  });
});
