import { describe, expect, test } from "vitest";
import { dragged, LOOSE, pressed, wheeled } from "../owner/timeline/grip";
import {
  begin,
  faster,
  isShowing,
  keyed,
  moved,
  onDay,
  play,
  show,
  spanOn,
  stand,
  standNow,
  stop,
  toEvent,
  viewOf,
  wholeOf,
  zoom,
} from "../owner/timeline/walk";
import { dayOf, HOUR, MINUTE, SECOND } from "../shared/time";
import type { Clip } from "../shared/wire";

const NOON = new Date(2026, 4, 2, 12).getTime();
const NOW = NOON + 3 * HOUR;
const latest = { from: NOW - 24 * HOUR, to: NOW };
const noon = begin(`at=${NOON}`, NOW);
const clip = (onset_ms: number) => ({ id: String(onset_ms), onset_ms }) as Clip;
const key = (name: string, shiftKey = false) => ({ key: name, shiftKey });

describe("where the owner stands", () => {
  test("at first just behind the hub's clock, or where the address says", () => {
    expect(begin("", NOW)).toMatchObject({ at: NOW - 5 * SECOND, camera: null, view: latest });
    expect(begin(`camera=yard&at=${NOON}`, NOW)).toMatchObject({ at: NOON, camera: "yard" });
  });
  test("is never in the future", () => {
    expect(stand(noon, NOW + HOUR, NOW).at).toBe(NOW);
    expect(standNow(noon, NOW).at).toBe(NOW - 5 * SECOND);
  });
  test("moves the view no further than needed, and to another day as it is", () => {
    const close = zoom(noon, HOUR, NOW);
    expect(stand(close, NOON + MINUTE, NOW).view).toBe(close.view);
    const later = stand(close, NOON + 2 * HOUR, NOW);
    expect(later.view.to - later.view.from).toBe(HOUR);
    expect(later.view.to).toBeGreaterThan(NOON + 2 * HOUR);
    const before = stand(close, NOON - 24 * HOUR, NOW);
    expect(before.view.from).toBeGreaterThanOrEqual(dayOf(NOON - 24 * HOUR).from);
    expect(before.view.to).toBeLessThanOrEqual(dayOf(NOON).from);
    expect(stand(noon, NOON - 24 * HOUR, NOW).view).toEqual(dayOf(NOON - 24 * HOUR));
  });
});

describe("playing", () => {
  test("starts where the owner stands, pauses and goes on", () => {
    const playing = play(noon, NOW);
    expect(playing.session).toEqual({ from: NOON, isPaused: false });
    expect(play(playing, NOW).session).toEqual({ from: NOON, isPaused: true });
    expect(play(play(playing, NOW), NOW).session).toEqual({ from: NOON, isPaused: false });
  });
  test("moves on without being stopped, and stops when the owner looks elsewhere", () => {
    const later = moved(play(noon, NOW), NOON + MINUTE, NOW);
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
    const close = zoom(noon, HOUR, NOW);
    expect((NOON - close.view.from) / HOUR).toBeCloseTo(21 / 24); // where it was
    const away = show(close, { from: NOON + 2 * HOUR, to: NOON + 3 * HOUR }, NOW);
    expect(zoom(away, 30 * MINUTE, NOW).view).toEqual({ from: NOON + 2.25 * HOUR, to: NOON + 2.75 * HOUR });
  });
  test("24 h is the whole day, however long that is", () => {
    expect(isShowing(noon, 24 * HOUR, NOW)).toBe(true);
    expect(isShowing(zoom(noon, HOUR, NOW), HOUR, NOW)).toBe(true);
    expect(spanOn({ from: 0, to: 25 * HOUR }, 24 * HOUR)).toBe(25 * HOUR);
    expect(spanOn({ from: 0, to: 25 * HOUR }, HOUR)).toBe(HOUR);
  });
});

describe("no zoom shows the future", () => {
  const spans = [24 * HOUR, 6 * HOUR, HOUR, 10 * MINUTE];
  const early = NOON - 11.5 * HOUR; // half past midnight: most of the day is still to come

  test.each([NOW, early])("the end is now, at %s as at any hour", (now) => {
    const here = begin("", now);
    for (const span of spans) {
      const { from, to } = viewOf(zoom(here, span, now), now);
      expect(to).toBe(now);
      expect(to - from).toBe(span);
    }
  });

  test("nor does a key, a pinch, a wheel or a drag to the right", () => {
    let walk = begin("", early);
    for (const press of ["+", "+", "+", "-", "ArrowRight", "ArrowRight", "-", "-", "-", "+"]) {
      walk = keyed(walk, key(press), [], early) ?? walk;
      expect(viewOf(walk, early).to).toBeLessThanOrEqual(early);
    }
    const scale = { view: viewOf(zoom(walk, HOUR, early), early), whole: wholeOf(walk, early), width: 300 };
    const turn = { deltaX: 900, deltaY: 0, ctrlKey: false, shiftKey: false };
    expect(wheeled(turn, 150, scale)?.to).toBe(early);
    expect(wheeled({ ...turn, deltaX: 0, deltaY: 900, ctrlKey: true }, 0, scale)?.to).toBe(early);
    const both = pressed(pressed(LOOSE, 1, 100, scale).grip, 2, 290, scale).grip;
    expect(dragged(both, 2, 120, scale).show?.to).toBeLessThanOrEqual(early);
  });

  test("a view that ends now goes on with it, and not away from where the owner stands", () => {
    const close = zoom(begin("", NOW), 10 * MINUTE, NOW);
    expect(viewOf(close, NOW + 3 * MINUTE)).toEqual({ from: NOW - 7 * MINUTE, to: NOW + 3 * MINUTE });
    const stood = stand(close, NOW - 8 * MINUTE, NOW);
    const later = viewOf(stood, NOW + HOUR);
    expect(later.from).toBeLessThan(stood.at);
    expect(later.to).toBeLessThanOrEqual(NOW + 3 * MINUTE);
    const past = zoom(stand(close, NOON, NOW), HOUR, NOW);
    expect(viewOf(past, NOW + HOUR)).toEqual(past.view); // one that ends in the past stays
  });

  test("a moment within the stretch is seen with all that came after it, up to now", () => {
    const chosen = begin(`at=${NOON}`, NOW);
    expect(zoom(chosen, 6 * HOUR, NOW)).toMatchObject({ at: NOON, view: { from: NOW - 6 * HOUR, to: NOW } });
    const close = zoom(chosen, HOUR, NOW); // too long ago for that: it stays where it is on the strip
    expect((NOON - close.view.from) / HOUR).toBeCloseTo(21 / 24);
    expect(zoom(close, 12 * HOUR, NOW).view.to).toBe(NOW);
  });

  test("who waits and then zooms sees up to now, too", () => {
    for (const span of spans) expect(zoom(begin("", NOW), span, NOW + 4 * MINUTE).view.to).toBe(NOW + 4 * MINUTE);
  });
});

describe("days", () => {
  test("an earlier day is whole, and the way back to today ends now", () => {
    const yesterday = onDay(begin("", NOW), NOON - 24 * HOUR, NOW);
    expect(viewOf(yesterday, NOW)).toEqual(dayOf(NOON - 24 * HOUR));
    expect(stand(yesterday, NOON - 13 * HOUR, NOW).day).toBe(dayOf(NOON - 24 * HOUR).from); // also where today sees it
    const today = onDay(yesterday, NOON, NOW);
    expect([today.day, viewOf(today, NOW)]).toEqual([null, latest]);
    expect(standNow(yesterday, NOW)).toMatchObject({ day: null, at: NOW - 5 * SECOND });
  });

  test("what plays over midnight goes on in the next day", () => {
    const midnight = dayOf(NOON - 24 * HOUR).from;
    const late = play(onDay(begin("", NOW), midnight - HOUR, NOW), NOW);
    expect(moved(late, midnight + SECOND, NOW)).toMatchObject({ day: midnight, session: late.session });
  });
});

describe("keys", () => {
  const clips = [clip(NOON + HOUR), clip(NOON - HOUR), clip(NOON)];
  test("arrows step, with Shift from event to event", () => {
    expect(keyed(noon, key("ArrowLeft"), clips, NOW)?.at).toBe(NOON - 10 * SECOND);
    expect(keyed(zoom(noon, 5 * MINUTE, NOW), key("ArrowRight"), clips, NOW)?.at).toBe(NOON + SECOND);
    expect(keyed(noon, key("ArrowRight", true), clips, NOW)?.at).toBe(NOON + HOUR);
    expect(keyed(noon, key("ArrowLeft", true), clips, NOW)?.at).toBe(NOON - HOUR);
  });
  test("past the last event there is nowhere to go", () => {
    expect(toEvent(noon, [clip(NOON)], true, NOW)).toBe(noon);
  });
  test("space plays, plus and minus zoom, all others are the browser's", () => {
    expect(keyed(noon, key(" "), clips, NOW)?.session).not.toBeNull();
    const closer = keyed(noon, key("+"), clips, NOW)!;
    expect(closer.view.to - closer.view.from).toBe(12 * HOUR);
    expect(keyed(closer, key("-"), clips, NOW)?.view).toEqual(latest);
    expect(keyed(noon, key("a"), clips, NOW)).toBeNull();
  });
});
