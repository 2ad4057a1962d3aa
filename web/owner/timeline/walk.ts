// Where the owner stands, how much is shown around it, and whether it plays. Pure: the page hands in the time.
//
// What there is to see is the 24 hours before now, or an earlier day as a whole: never what is still to come.

import { dayOf, HOUR, MINUTE, SECOND, sameTimeOn } from "../../shared/time";
import type { Clip } from "../../shared/wire";
import type { Filter } from "../findings";
import { beginOf } from "./days";
import { including, type View, zoomed } from "./view";

export interface Walk {
  at: number; // epoch ms
  camera: string | null; // null: the first one
  day: number | null; // midnight of an earlier day; null: the 24 hours before now
  view: View; // as it was when it was set: `viewOf` says what it is now
  follows: boolean; // its end is now, and stays now
  session: { from: number; isPaused: boolean } | null; // null: a still is shown, nothing plays
  speed: number;
  isLoud: boolean;
  filter: Filter;
}

export const SPANS = [
  { label: "24 h", ms: 24 * HOUR },
  { label: "6 h", ms: 6 * HOUR },
  { label: "1 h", ms: HOUR },
  { label: "10 min", ms: 10 * MINUTE },
] as const;
const SPEEDS = [1, 2, 4];
const JUST_NOW = 5 * SECOND; // behind the hub's clock: what is newer is not there yet
const LATEST = 24 * HOUR;
const ALL_OF_IT = 22 * HOUR; // a view of so much is a view of all, also when DST makes a day longer
const BESIDE = 500; // ms from an event to be before or after it

export function begin(query: string, now: number): Walk {
  const asked = new URLSearchParams(query);
  const at = Number(asked.get("at")) || now - JUST_NOW;
  const day = dayAt(at, now);
  return {
    at,
    camera: asked.get("camera"),
    day,
    view: wholeOf({ day }, now),
    follows: day === null,
    session: null,
    speed: 1,
    isLoud: false,
    filter: { verdict: null, kind: null },
  };
}

// All that there is to see.
export function wholeOf({ day }: Pick<Walk, "day">, now: number): View {
  return day === null ? { from: now - LATEST, to: now } : dayOf(day);
}

// What is shown. A view that ends now goes on with it, but not away from where the owner stands in it.
export function viewOf(walk: Walk, now: number): View {
  const { view, follows, at } = walk;
  if (!follows) return view;
  const span = view.to - view.from;
  const isStanding = at >= view.from && at <= now && span < ALL_OF_IT;
  const from = isStanding ? Math.min(now - span, at - Math.min(span / 12, at - view.from)) : now - span;
  return { from, to: from + span };
}

export function show(walk: Walk, view: View, now: number): Walk {
  return { ...walk, view, follows: walk.day === null && view.to >= now - SECOND };
}

// The day that a moment is looked at in.
const dayAt = (at: number, now: number) => (at >= now - LATEST ? null : dayOf(at).from);

// Stand still at a moment, but not in the future.
export function stand(walk: Walk, to: number, now: number): Walk {
  return moved({ ...walk, session: null }, Math.min(now, to), now);
}

// The same time of another day. Today is seen as the 24 hours before now.
export function onDay(walk: Walk, day: number, now: number): Walk {
  const at = Math.min(now, sameTimeOn(day, walk.at));
  const on = dayOf(at).to > now ? null : dayOf(at).from;
  return fitted({ ...walk, session: null, at, day: on }, viewOf(walk, now), now);
}

export function standNow(walk: Walk, now: number): Walk {
  return stand(walk, now - JUST_NOW, now);
}

// What plays has come to a moment.
export function moved(walk: Walk, at: number, now: number): Walk {
  const whole = wholeOf(walk, now);
  const day = at >= whole.from && at <= whole.to ? walk.day : dayAt(at, now);
  return fitted({ ...walk, at, day }, viewOf(walk, now), now);
}

export function play(walk: Walk, now: number): Walk {
  const { session, at } = walk;
  if (session) return { ...walk, session: { ...session, isPaused: !session.isPaused } };
  return { ...moved(walk, at, now), session: { from: at, isPaused: false } };
}

export function stop(walk: Walk): Walk {
  return { ...walk, session: null };
}

export function faster(walk: Walk): Walk {
  return { ...walk, speed: SPEEDS[(SPEEDS.indexOf(walk.speed) + 1) % SPEEDS.length] ?? 1 };
}

// Show a stretch of `span`: up to now if where the owner stands is in that, else around where the owner stands.
export function zoom(walk: Walk, span: number, now: number): Walk {
  const view = viewOf(walk, now);
  const isInSight = walk.at >= view.from && walk.at <= view.to;
  if (isInSight && isLate(walk, span, now)) return upToNow(walk, span, now);
  const around = isInSight ? walk.at : (view.from + view.to) / 2;
  return show(walk, zoomed(view, wholeOf(walk, now), span, around), now);
}

// Whether a stretch that ends now has where the owner stands in it, with some room before it.
const isLate = ({ day, at }: Walk, span: number, now: number) => day === null && at >= now - span * (11 / 12);

function upToNow(walk: Walk, span: number, now: number): Walk {
  const whole = wholeOf(walk, now);
  return show(walk, zoomed({ from: now - span, to: now }, whole, span, now), now);
}

// How long a stretch of SPANS is: 24 h means all, and DST makes an earlier day one of 23 or 25.
export function spanOn(whole: View, ms: number): number {
  return ms > 20 * HOUR ? whole.to - whole.from : ms;
}

export function isShowing(walk: Walk, ms: number, now: number): boolean {
  const { from, to } = viewOf(walk, now);
  return Math.abs(to - from - spanOn(wholeOf(walk, now), ms)) < SECOND;
}

export function neighbour(clips: readonly Clip[], at: number, forward: boolean): Clip | undefined {
  const inOrder = [...clips].sort((a, b) => beginOf(a) - beginOf(b));
  return forward ? inOrder.find((c) => beginOf(c) > at + BESIDE) : inOrder.findLast((c) => beginOf(c) < at - BESIDE);
}

export function toEvent(walk: Walk, clips: readonly Clip[], forward: boolean, now: number): Walk {
  const next = neighbour(clips, walk.at, forward);
  return next ? stand(walk, beginOf(next), now) : walk;
}

export type KeyPress = Pick<KeyboardEvent, "key" | "shiftKey">;

// What a key does; null when it does nothing here.
export function keyed(walk: Walk, { key, shiftKey }: KeyPress, clips: readonly Clip[], now: number): Walk | null {
  const { from, to } = viewOf(walk, now);
  const length = to - from;
  const step = Math.max(SECOND, Math.min(10 * SECOND, length / 300));
  if (key === "ArrowLeft") return shiftKey ? toEvent(walk, clips, false, now) : stand(walk, walk.at - step, now);
  if (key === "ArrowRight") return shiftKey ? toEvent(walk, clips, true, now) : stand(walk, walk.at + step, now);
  if (key === " ") return play(walk, now);
  if (key === "+") return zoom(walk, length / 2, now);
  if (key === "-") return zoom(walk, length * 2, now);
  return null;
}

// With a view that has `at` in it, of what there is to see now, moved no further than needed.
function fitted(walk: Walk, view: View, now: number): Walk {
  const whole = wholeOf(walk, now);
  const span = view.to - view.from;
  if (span > ALL_OF_IT) return show(walk, whole, now);
  if (view.from >= whole.from && view.to <= whole.to) return show(walk, including(view, whole, walk.at), now);
  return isLate(walk, span, now) ? upToNow(walk, span, now) : show(walk, zoomed(whole, whole, span, walk.at), now);
}
