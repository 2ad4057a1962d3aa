import { describe, expect, test } from "vitest";
import { clipAt, sheetAt } from "../owner/timeline/days";
import { following, type Source, startingAt } from "../owner/timeline/following";
import { Scrub } from "../owner/timeline/scrub";
import { broken, type Result } from "../shared/api";
import { joined, utf8 } from "../shared/bytes";
import { MINUTE, SECOND } from "../shared/time";
import type { Clip, Segment } from "../shared/wire";

const NOON = new Date(2026, 4, 2, 12).getTime();
const box = (type: string) => joined([new Uint8Array([0, 0, 0, 8]), utf8(type)]);
const segment = (id: number, began_ms: number, continues = false): Segment => ({
  id,
  began_ms,
  duration_ms: 4 * SECOND,
  bytes: 1,
  continues,
});

// A hub that has some segments, and one more whenever it is waited for.
function hub(segments: Segment[], now: number, inits: number[] = segments.map((s) => s.id)) {
  const asked: [number, number][] = [];
  const source: Source = {
    list: async (from, to): Promise<Result<Segment[]>> => {
      asked.push([from, to]);
      if (asked.length > 20) return broken("That is enough.");
      return { ok: true, value: segments.filter((s) => s.began_ms < to && s.began_ms + s.duration_ms > from) };
    },
    open: async ({ id }) => ({
      ok: true,
      value: inits.includes(id) ? joined([box("ftyp"), box("moov")]) : box("moof"),
    }),
    rest: async () => {
      segments.push(segment(99, (segments.at(-1)?.began_ms ?? 0) + 4 * SECOND, true));
    },
    now: () => now,
  };
  return { source, asked };
}

async function ids(source: Source, from: number, most: number): Promise<(number | string)[]> {
  const found: (number | string)[] = [];
  for await (const piece of following(source, from)) {
    found.push(piece.ok ? piece.value.segment.id : piece.text);
    if (found.length === most) break;
  }
  return found;
}

describe("continuous playback", () => {
  test("starts with the file that has the moment in it", () => {
    const all = [segment(1, 0), segment(2, 4000, true), segment(3, 8000), segment(4, 12_000, true)];
    expect(startingAt(all, 13_000).map((s) => s.id)).toEqual([3, 4]);
    expect(startingAt(all, 5000).map((s) => s.id)).toEqual([1, 2, 3, 4]);
    expect(startingAt(all, 20_000)).toEqual([]);
  });
  test("goes on with what is recorded meanwhile, each piece once", async () => {
    const { source } = hub([segment(1, NOON), segment(2, NOON + 4000, true)], NOON + 8000);
    expect(await ids(source, NOON + 1000, 3)).toEqual([1, 2, 99]);
  });
  test("passes over a long stretch without a recording", async () => {
    const { source } = hub([segment(1, NOON), segment(2, NOON + 45 * MINUTE)], NOON + 60 * MINUTE);
    expect(await ids(source, NOON + 1000, 2)).toEqual([1, 2]);
  });
  test("waits for the first init segment", async () => {
    const { source } = hub([segment(1, NOON, true), segment(2, NOON + 4000)], NOON + 8000, [2]);
    expect(await ids(source, NOON + 1000, 1)).toEqual([2]);
  });
  test("says so where nothing was recorded, and when no piece can be played", async () => {
    const nothing = "Nothing was recorded from here on. Choose a filled stretch of the strip.";
    expect(await ids(hub([], NOON).source, NOON, 2)).toEqual([nothing]);
    const { source, asked } = hub([segment(1, NOON, true)], NOON + 8000, []);
    expect(await ids(source, NOON + 1000, 2)).toEqual([nothing]);
    expect(asked).toHaveLength(2);
  });
  test("ends with the failure of a piece", async () => {
    const { source } = hub([segment(1, NOON), segment(2, NOON + 4000, true)], NOON + 8000);
    const open: Source["open"] = async (each) => (each.id === 2 ? broken("The seal is broken.") : source.open(each));
    expect(await ids({ ...source, open }, NOON, 9)).toEqual([1, "The seal is broken."]);
  });
});

describe("the still under the finger", () => {
  function scrub() {
    const waiting = new Map<number, (found: Result<string>) => void>();
    const shown: string[] = [];
    const open = (sheet: number) => new Promise<Result<string>>((resolve) => waiting.set(sheet, resolve));
    const it = new Scrub(
      open,
      (sheet, at) => shown.push(`${sheet} at ${at}`),
      (failure) => shown.push(failure.text),
    );
    const come = async (sheet: number, found: Result<string> = { ok: true, value: `sheet ${sheet}` }) => {
      waiting.get(sheet)?.(found);
      await new Promise((resolve) => setTimeout(resolve));
    };
    return { it, come, shown, waiting };
  }

  test("is the newest one asked for; those between are never opened", async () => {
    const { it, come, shown, waiting } = scrub();
    it.want({ sheet: 1, at: 10 });
    it.want({ sheet: 2, at: 20 });
    it.want({ sheet: 3, at: 30 });
    await come(1);
    await come(3);
    expect(shown).toEqual(["sheet 1 at 10", "sheet 3 at 30"]);
    expect([...waiting.keys()]).toEqual([1, 3]);
  });
  test("of a minute that is being opened is of the moment where the finger is by then", async () => {
    const { it, come, shown } = scrub();
    it.want({ sheet: 1, at: 10 });
    it.want({ sheet: 1, at: 15 });
    await come(1);
    expect(shown).toEqual(["sheet 1 at 15"]);
  });
  test("is not shown once nothing is asked for", async () => {
    const { it, come, shown } = scrub();
    it.want({ sheet: 1, at: 10 });
    it.want(null);
    await come(1);
    expect(shown).toEqual([]);
  });
  test("says why there is none, and can be asked for again", async () => {
    const { it, come, shown } = scrub();
    it.want({ sheet: 1, at: 10 });
    await come(1, broken("It is gone."));
    it.want({ sheet: 1, at: 11 });
    await come(1);
    expect(shown).toEqual(["It is gone.", "sheet 1 at 11"]);
  });
});

describe("what lies under a moment", () => {
  test("is the last sheet that reaches it, shortly before and after it as well", () => {
    const sheets: [number, number, number][] = [
      [1, NOON, MINUTE],
      [2, NOON + MINUTE, MINUTE],
    ];
    expect(sheetAt(sheets, NOON + 1)?.[0]).toBe(1);
    expect(sheetAt(sheets, NOON + MINUTE - SECOND)?.[0]).toBe(2);
    expect(sheetAt(sheets, NOON - SECOND)?.[0]).toBe(1);
    expect(sheetAt(sheets, NOON + 2 * MINUTE + 9 * SECOND)?.[0]).toBe(2);
    expect(sheetAt(sheets, NOON + 2 * MINUTE + 11 * SECOND)).toBeNull();
  });
  test("is a clip, also one that goes on", () => {
    const clips = [{ id: "a", began_ms: NOON, ended_ms: null }] as Clip[];
    expect(clipAt(clips, NOON + 5, NOON + 9)?.id).toBe("a");
    expect(clipAt(clips, NOON + 10, NOON + 9)).toBeUndefined();
  });
});
