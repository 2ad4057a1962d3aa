import { describe, expect, test } from "vitest";
import {
  begin,
  faster,
  isShowing,
  keyed,
  moved,
  play,
  spanOn,
  stand,
  standNow,
  stop,
  toEvent,
  zoom,
} from "../owner/timeline/walk";
import { dayOf, HOUR, MINUTE, SECOND } from "../shared/time";
import type { Clip } from "../shared/wire";

const NOON = new Date(2026, 4, 2, 12).getTime();
const NOW = NOON + 3 * HOUR;
const day = dayOf(NOON);
const noon = begin(`at=${NOON}`, NOW);
const clip = (onset_ms: number) => ({ id: String(onset_ms), onset_ms }) as Clip;
const key = (name: string, shiftKey = false) => ({ key: name, shiftKey });

describe("where the owner stands", () => {
  test("at first just behind the hub's clock, or where the address says", () => {
    expect(begin("", NOW)).toMatchObject({ at: NOW - 5 * SECOND, camera: null, view: day });
    expect(begin(`camera=yard&at=${NOON}`, NOW)).toMatchObject({ at: NOON, camera: "yard" });
  });
  test("is never in the future", () => {
    expect(stand(noon, NOW + HOUR, NOW).at).toBe(NOW);
    expect(standNow(noon, NOW).at).toBe(NOW - 5 * SECOND);
  });
  test("moves the view no further than needed, and to another day as it is", () => {
    const close = zoom(noon, HOUR);
    expect(stand(close, NOON + MINUTE, NOW).view).toBe(close.view);
    const later = stand(close, NOON + 2 * HOUR, NOW);
    expect(later.view.to - later.view.from).toBe(HOUR);
    expect(later.view.to).toBeGreaterThan(NOON + 2 * HOUR);
    const before = stand(close, NOON - 24 * HOUR, NOW);
    expect(before.view.from).toBeGreaterThanOrEqual(dayOf(NOON - 24 * HOUR).from);
    expect(before.view.to).toBeLessThanOrEqual(day.from);
    expect(stand(noon, NOON - 24 * HOUR, NOW).view).toEqual(dayOf(NOON - 24 * HOUR));
  });
});

describe("playing", () => {
  test("starts where the owner stands, pauses and goes on", () => {
    const playing = play(noon);
    expect(playing.session).toEqual({ from: NOON, isPaused: false });
    expect(play(playing).session).toEqual({ from: NOON, isPaused: true });
    expect(play(play(playing)).session).toEqual({ from: NOON, isPaused: false });
  });
  test("moves on without being stopped, and stops when the owner looks elsewhere", () => {
    const later = moved(play(noon), NOON + MINUTE);
    expect(later).toMatchObject({ at: NOON + MINUTE, session: { from: NOON } });
    expect(stand(later, NOON, NOW).session).toBeNull();
    expect(stop(later)).toMatchObject({ at: NOON + MINUTE, session: null });
  });
  test("goes at once, twice or four times the speed", () => {
    expect([faster(noon), faster(faster(noon)), faster(faster(faster(noon)))].map((w) => w.speed)).toEqual([2, 4, 1]);
  });
});

describe("zooming", () => {
  test("is around where the owner stands, or the middle when that is out of sight", () => {
    const close = zoom(noon, HOUR);
    expect((NOON - close.view.from) / HOUR).toBeCloseTo(0.5);
    const away = { ...close, view: { from: NOON + 2 * HOUR, to: NOON + 3 * HOUR } };
    expect(zoom(away, 30 * MINUTE).view).toEqual({ from: NOON + 2.25 * HOUR, to: NOON + 2.75 * HOUR });
  });
  test("24 h is the whole day, however long that is", () => {
    expect(isShowing(noon, 24 * HOUR)).toBe(true);
    expect(isShowing(zoom(noon, HOUR), HOUR)).toBe(true);
    expect(spanOn({ from: 0, to: 25 * HOUR }, 24 * HOUR)).toBe(25 * HOUR);
    expect(spanOn({ from: 0, to: 25 * HOUR }, HOUR)).toBe(HOUR);
  });
});

describe("keys", () => {
  const clips = [clip(NOON + HOUR), clip(NOON - HOUR), clip(NOON)];
  test("arrows step, with Shift from event to event", () => {
    expect(keyed(noon, key("ArrowLeft"), clips, NOW)?.at).toBe(NOON - 10 * SECOND);
    expect(keyed(zoom(noon, 5 * MINUTE), key("ArrowRight"), clips, NOW)?.at).toBe(NOON + SECOND);
    expect(keyed(noon, key("ArrowRight", true), clips, NOW)?.at).toBe(NOON + HOUR);
    expect(keyed(noon, key("ArrowLeft", true), clips, NOW)?.at).toBe(NOON - HOUR);
  });
  test("past the last event there is nowhere to go", () => {
    expect(toEvent(noon, [clip(NOON)], true, NOW)).toBe(noon);
  });
  test("space plays, plus and minus zoom, all others are the browser's", () => {
    expect(keyed(noon, key(" "), clips, NOW)?.session).not.toBeNull();
    const closer = keyed(noon, key("+"), clips, NOW)!;
    expect(closer.view.to - closer.view.from).toBe((day.to - day.from) / 2);
    expect(keyed(closer, key("-"), clips, NOW)?.view).toEqual(day);
    expect(keyed(noon, key("a"), clips, NOW)).toBeNull();
  });
});
