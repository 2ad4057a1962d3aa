// Where the owner stands in the day, how much of it is shown, and whether it plays. Pure: the page hands in the time.

import { dayOf, HOUR, MINUTE, SECOND } from "../../shared/time";
import type { Clip } from "../../shared/wire";
import type { Filter } from "../findings";
import { beginOf } from "./days";
import { including, type View, zoomed } from "./view";

export interface Walk {
  at: number; // epoch ms
  camera: string | null; // null: the first one
  view: View;
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
const ALL_OF_IT = 22 * HOUR; // a view of so much is a view of the day, also when DST makes that one longer
const BESIDE = 500; // ms from an event to be before or after it

export function begin(query: string, now: number): Walk {
  const asked = new URLSearchParams(query);
  const at = Number(asked.get("at")) || now - JUST_NOW;
  return {
    at,
    camera: asked.get("camera"),
    view: dayOf(at),
    session: null,
    speed: 1,
    isLoud: false,
    filter: { verdict: null, kind: null },
  };
}

// Stand still at a moment, but not in the future.
export function stand(walk: Walk, to: number, now: number): Walk {
  return moved({ ...walk, session: null }, Math.min(now, to));
}

export function standNow(walk: Walk, now: number): Walk {
  return stand(walk, now - JUST_NOW, now);
}

// What plays has come to a moment.
export function moved(walk: Walk, at: number): Walk {
  return { ...walk, at, view: fitted(walk.view, at) };
}

export function play(walk: Walk): Walk {
  const { session, at } = walk;
  if (session) return { ...walk, session: { ...session, isPaused: !session.isPaused } };
  return { ...moved(walk, at), session: { from: at, isPaused: false } };
}

export function stop(walk: Walk): Walk {
  return { ...walk, session: null };
}

export function faster(walk: Walk): Walk {
  return { ...walk, speed: SPEEDS[(SPEEDS.indexOf(walk.speed) + 1) % SPEEDS.length] ?? 1 };
}

// Show a stretch of `span`, around where the owner stands if that is in sight.
export function zoom(walk: Walk, span: number): Walk {
  const { view, at } = walk;
  const around = at >= view.from && at <= view.to ? at : (view.from + view.to) / 2;
  return { ...walk, view: zoomed(view, dayOf(at), span, around) };
}

// How long a stretch of SPANS is today: 24 h means the day, which DST makes one of 23 or 25.
export function spanOn(day: View, ms: number): number {
  return ms > 20 * HOUR ? day.to - day.from : ms;
}

export function isShowing({ view, at }: Walk, ms: number): boolean {
  return Math.abs(view.to - view.from - spanOn(dayOf(at), ms)) < SECOND;
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
  const length = walk.view.to - walk.view.from;
  const step = Math.max(SECOND, Math.min(10 * SECOND, length / 300));
  if (key === "ArrowLeft") return shiftKey ? toEvent(walk, clips, false, now) : stand(walk, walk.at - step, now);
  if (key === "ArrowRight") return shiftKey ? toEvent(walk, clips, true, now) : stand(walk, walk.at + step, now);
  if (key === " ") return play(walk);
  if (key === "+") return zoom(walk, length / 2);
  if (key === "-") return zoom(walk, length * 2);
  return null;
}

// The view that has `at` in it, on `at`'s own day, moved no further than needed.
function fitted(view: View, at: number): View {
  const day = dayOf(at);
  const span = view.to - view.from;
  if (span > ALL_OF_IT) return day;
  if (view.from < day.from || view.to > day.to) return zoomed(day, day, span, at);
  return including(view, day, at);
}
