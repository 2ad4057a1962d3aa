import { describe, expect, test } from "vitest";
import { aboutMode, type Doors, modeSwitch, otherHold } from "../owner/home/mode";
import { broken, type Result } from "../shared/api";
import type { Mode, ModeNow } from "../shared/wire";

const at = (hour: number, minute = 0, day = 2) => new Date(2026, 4, day, hour, minute).getTime();
// As it comes from the hub: literals with a `then` are refused by the linter.
const UNSET: ModeNow = JSON.parse(
  '{"mode":"home","since_ms":null,"by":null,"device":null,"held":false,"until_ms":null,"then":null}',
);
const HAND: ModeNow = {
  ...JSON.parse('{"mode":"away","by":"hand","device":"Anna\'s phone","held":false,"then":"home"}'),
  since_ms: at(8, 12),
  until_ms: at(17, 30),
};

describe("what is said of the mode", () => {
  const said = (part: Partial<ModeNow>, now = at(12)) => aboutMode({ ...HAND, ...part }, now);

  test("names who set it, and until when", () => {
    expect(said({})).toBe("Away since 08:12, set on Anna's phone; by schedule again at 17:30, then home.");
    expect(said({ until_ms: null })).toBe("Away since 08:12, set on Anna's phone.");
    expect(said({ by: "mqtt", device: null })).toContain("set by your home automation; by schedule again at 17:30");
    expect(said({ by: "command", device: null, until_ms: null })).toBe("Away since 08:12, set on the hub itself.");
    expect(said({ held: true, until_ms: null })).toContain("; it stays until somebody changes it.");
  });
  test("says of a schedule when it goes on, and on which day where that is not soon", () => {
    const night: Partial<ModeNow> = { mode: "night", by: "schedule", device: null, since_ms: at(22, 30) };
    expect(said({ ...night, until_ms: at(7, 0, 3) }, at(23))).toBe(
      "Night since 22:30, by schedule, until 07:00, then home.",
    );
    const far = said({ until_ms: at(7, 0, 5) });
    expect(far).toMatch(/; by schedule again from .*Tuesday.*, 07:00, then home\.$/);
    expect(said({}, at(1, 0, 3))).toContain("Away since yesterday, 08:12");
  });
  test("says that nobody has set it", () => {
    expect(aboutMode(UNSET, at(12))).toBe("Home, until you choose another mode.");
  });
  test("a schedule can be kept from ending what was set by hand, and let in again", () => {
    expect(otherHold(HAND)).toMatchObject({ hold: true });
    expect(otherHold({ ...HAND, held: true, until_ms: null })).toMatchObject({ hold: false });
    expect(otherHold({ ...HAND, by: "schedule" })).toBeNull();
    expect(otherHold(UNSET)).toBeNull();
    expect(otherHold({ ...HAND, until_ms: null })).toBeNull();
  });
});

// A hub that answers when it is told to.
function hub(start: ModeNow = UNSET) {
  const waiting: ((answer: Result<ModeNow>) => void)[] = [];
  const asked: { mode: Mode; hold: boolean }[] = [];
  const said: { text: string; undo: (() => void) | undefined }[] = [];
  let now = start;
  const doors: Doors = {
    now: () => now,
    put: (body) => {
      asked.push(body);
      return new Promise((resolve) => waiting.push(resolve));
    },
    came: (next) => {
      now = next;
    },
    say: (text, undo) => said.push({ text, undo }),
    patience: () => new AbortController().signal,
  };
  const answer = async (result?: Result<ModeNow>) => {
    const { mode, hold } = asked.at(-1)!;
    waiting.shift()!(result ?? { ok: true, value: { ...HAND, mode, held: hold } });
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { ...modeSwitch(doors), answer, asked, said, now: () => now };
}

describe("one press", () => {
  test("changes the mode, and can be taken back", async () => {
    const it = hub();
    void it.choose("away");
    expect(it.at.value.wanted).toBe("away");
    await it.answer();
    expect(it.at.value).toEqual({ wanted: null, failure: null });
    expect(it.now().mode).toBe("away");
    expect(it.said[0]?.text).toBe("Away is on.");
    it.said[0]?.undo?.();
    await it.answer();
    expect(it.asked.at(-1)).toEqual({ mode: "home", hold: false });
    expect([it.now().mode, it.said[1]?.text]).toEqual(["home", "Home is on again."]);
  });
  test("waits for a slow hub, and is not overtaken", async () => {
    const it = hub();
    void it.choose("away");
    void it.choose("night");
    expect(it.asked).toEqual([{ mode: "away", hold: false }]);
    await it.answer();
    expect(it.now().mode).toBe("away");
  });
  test("that fails changes nothing and says why", async () => {
    const it = hub();
    void it.choose("night");
    await it.answer(broken("The hub is full."));
    expect(it.at.value).toMatchObject({ wanted: null, failure: { text: "The hub is full." } });
    expect([it.now().mode, it.said]).toEqual(["home", []]);
    void it.choose("night");
    expect(it.at.value.failure).toBeNull();
    await it.answer({ ok: false, kind: "aborted", text: "Stopped.", status: 0 });
    expect(it.at.value.failure?.text).toContain("did not answer");
  });
  test("on the mode that is on asks nothing, unless it is to be kept", async () => {
    const it = hub(HAND);
    await it.choose("away");
    expect(it.asked).toEqual([]);
    void it.choose("away", true);
    await it.answer();
    expect(it.asked).toEqual([{ mode: "away", hold: true }]);
    expect(it.said[0]?.text).toBe("It stays until somebody changes it.");
  });
});
