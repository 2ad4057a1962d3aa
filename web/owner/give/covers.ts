// Rectangles that the owner draws over a picture of the finished film: drawn, moved, sized, removed, taken back. Pure;
// all places are shares of the picture.

import type { Box } from "../../shared/wire";

export type Point = readonly [x: number, y: number];

export interface Covers {
  boxes: readonly Box[];
  chosen: number | null;
  past: readonly (readonly Box[])[]; // what there was before each change
  held: { how: "draw" | "move" | "size"; from: Point; was: Box } | null;
}

export const MOST = 40;
const LEAST = 0.015; // smaller ones were a slip of the finger
const STEP = 0.01;
const NEW: Box = { left: 0.4, top: 0.4, right: 0.6, bottom: 0.6 };
const CORNER = 0.05; // around a rectangle's lower right corner, of a small one less: there it is sized

export const begun = (boxes: readonly Box[]): Covers => ({ boxes, chosen: null, past: [], held: null });

export function pressed(had: Covers, at: Point): Covers {
  const sized = had.boxes.findLastIndex((box) => isAtCorner(at, box));
  const chosen = sized >= 0 ? sized : had.boxes.findLastIndex((box) => isIn(at, box));
  const was = had.boxes[chosen];
  if (was) return { ...changing(had), chosen, held: { how: sized >= 0 ? "size" : "move", from: at, was } };
  if (had.boxes.length >= MOST) return had;
  const box = { left: at[0], top: at[1], right: at[0], bottom: at[1] };
  const boxes = [...had.boxes, box];
  return { ...changing(had), boxes, chosen: boxes.length - 1, held: { how: "draw", from: at, was: box } };
}

export function dragged(had: Covers, at: Point): Covers {
  if (!had.held || had.chosen === null) return had;
  const { how, from, was } = had.held;
  const [x, y] = at.map(share) as [number, number];
  if (how === "move") return put(had, moved(was, at[0] - from[0], at[1] - from[1]));
  if (how === "size") return put(had, sized(was, x - was.right, y - was.bottom));
  return put(had, {
    left: Math.min(from[0], x),
    top: Math.min(from[1], y),
    right: Math.max(from[0], x),
    bottom: Math.max(from[1], y),
  });
}

// A drag ends; one that drew next to nothing, or changed nothing, leaves no trace.
export function released(had: Covers): Covers {
  if (!had.held || had.chosen === null) return { ...had, held: null };
  const box = had.boxes[had.chosen];
  const isNothing = !box || box.right - box.left < LEAST || box.bottom - box.top < LEAST;
  if (had.held.how === "draw" && isNothing) return { ...undone({ ...had, held: null }), chosen: null };
  if (box && same(box, had.held.was)) return { ...had, held: null, past: had.past.slice(0, -1) };
  return { ...had, held: null };
}

// One more, in the middle: what a keyboard begins with.
export function added(had: Covers): Covers {
  if (had.boxes.length >= MOST) return had;
  return { ...changing(had), boxes: [...had.boxes, NEW], chosen: had.boxes.length };
}

type Press = Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">;

const ARROWS: Record<string, Point> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

// What a key does to the rectangle that has the focus; null: nothing.
export function keyed(had: Covers, at: number, press: Press): Covers | null {
  const box = had.boxes[at];
  if (!box || press.ctrlKey || press.metaKey || press.altKey) return null;
  if (press.key === "Delete" || press.key === "Backspace") return removed(had, at);
  const by = ARROWS[press.key];
  if (!by) return null;
  const next = { ...changing(had), chosen: at };
  return put(next, press.shiftKey ? sized(box, ...by) : moved(box, ...by));
}

export function removed(had: Covers, at: number): Covers {
  return { ...changing(had), boxes: had.boxes.filter((_, i) => i !== at), chosen: null };
}

export function undone(had: Covers): Covers {
  const before = had.past.at(-1);
  return before ? { ...had, boxes: before, past: had.past.slice(0, -1), chosen: null, held: null } : had;
}

export const hasChanged = (had: Covers, from: readonly Box[]) =>
  had.boxes.length !== from.length || had.boxes.some((box, i) => !same(box, from[i]!));

const changing = (had: Covers): Covers => ({ ...had, past: [...had.past, had.boxes] });
const put = (had: Covers, box: Box): Covers => ({
  ...had,
  boxes: had.boxes.map((old, i) => (i === had.chosen ? box : old)),
});
const share = (value: number) => Math.max(0, Math.min(1, value));
const isIn = ([x, y]: Point, { left, top, right, bottom }: Box) => x >= left && x <= right && y >= top && y <= bottom;
const isAtCorner = ([x, y]: Point, { left, top, right, bottom }: Box) =>
  Math.abs(x - right) < Math.min(CORNER, (right - left) / 2) &&
  Math.abs(y - bottom) < Math.min(CORNER, (bottom - top) / 2);
const same = (a: Box, b: Box) => a.left === b.left && a.top === b.top && a.right === b.right && a.bottom === b.bottom;

// Moved as far as the picture goes.
function moved(box: Box, x: number, y: number): Box {
  const right = Math.max(-box.left, Math.min(1 - box.right, x));
  const down = Math.max(-box.top, Math.min(1 - box.bottom, y));
  return { left: box.left + right, top: box.top + down, right: box.right + right, bottom: box.bottom + down };
}

// Its lower right corner moved.
function sized(box: Box, x: number, y: number): Box {
  const least = 2 * STEP;
  return {
    ...box,
    right: Math.max(Math.min(1, box.left + least), share(box.right + x)),
    bottom: Math.max(Math.min(1, box.top + least), share(box.bottom + y)),
  };
}
