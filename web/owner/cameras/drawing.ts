// Areas drawn on a picture: corners are set, dragged and taken back. Pure; points are shares of the picture, 0 to 1.

import type { Area, Landmark } from "../../shared/wire";

export type Point = [number, number];

export interface Frame {
  width: number; // px that the picture is shown in
  height: number;
}

export interface Shapes {
  areas: Area[];
  draft: Point[]; // the corners of an area that is not closed yet
}

export interface Drawing extends Shapes {
  past: Shapes[]; // what undo goes back to
  use: Area["use"]; // of the next area
  chosen: number | null;
  corner: number | null; // of the chosen area
  cross: Point | null; // where the keyboard is
  held: { before: Shapes; hasMoved: boolean } | null; // a corner under the finger
}

const NEAR_PX = 22;
const STEP = 0.01;
const NAMES = { ignore: "Ignored", watch: "Watched", mask: "Mask" } as const;
const SHOWN = { door: "Door", window: "Window", car: "Car", fence: "Fence" } as const;
const MIDDLE: Point = [0.5, 0.5];

export function begin(areas: Area[]): Drawing {
  return { areas, draft: [], past: [], use: "ignore", chosen: null, corner: null, cross: null, held: null };
}

// A drawing that was left, with what can be undone in it.
export function resumed({ areas, draft }: Shapes, past: Shapes[], use: Area["use"]): Drawing {
  return { ...begin(areas), draft, past, use };
}

// Back to what is saved, which can be undone as any other step.
export function reset(drawing: Drawing, saved: Area[]): Drawing {
  return choose(changed(drawing, { areas: saved, draft: [] }), null);
}

export function hasChanged({ areas }: Drawing, saved: Area[]): boolean {
  return JSON.stringify(areas) !== JSON.stringify(saved);
}

// The corners that can be taken: those of the draft, else those of the chosen area.
export function corners({ draft, areas, chosen }: Drawing): Point[] {
  return draft.length ? draft : chosen === null ? [] : (areas[chosen]?.points ?? []);
}

export function choose(drawing: Drawing, chosen: number | null): Drawing {
  const use = chosen === null ? drawing.use : (drawing.areas[chosen]?.use ?? drawing.use);
  return { ...drawing, chosen, corner: null, use };
}

export function undo(drawing: Drawing): Drawing {
  const last = drawing.past.at(-1);
  return last ? choose({ ...drawing, ...last, past: drawing.past.slice(0, -1) }, null) : drawing;
}

// Set a corner; the first one again closes the shape.
export function add(drawing: Drawing, point: Point, frame: Frame): Drawing {
  const first = drawing.draft[0];
  if (first && drawing.draft.length > 2 && isNear(first, point, frame)) return close(drawing);
  return choose(changed(drawing, { draft: [...drawing.draft, point] }), null);
}

export function close(drawing: Drawing): Drawing {
  const { areas, draft, use } = drawing;
  if (draft.length < 3) return drawing;
  const area: Area = { name: named(areas, NAMES[use]), use, points: draft, dwell_s: 0, shows: null };
  return choose(changed(drawing, { areas: [...areas, area], draft: [] }), areas.length);
}

export function removeArea(drawing: Drawing, at: number): Drawing {
  return choose(changed(drawing, { areas: drawing.areas.filter((_, i) => i !== at) }), null);
}

// Without the corner that was taken last; three are the fewest an area has.
export function removeCorner(drawing: Drawing): Drawing {
  const { areas, chosen, corner } = drawing;
  const area = chosen === null ? null : areas[chosen];
  if (!area || chosen === null || corner === null) return drawing;
  if (area.points.length <= 3) return removeArea(drawing, chosen);
  const points = area.points.filter((_, i) => i !== corner);
  return { ...edited(drawing, chosen, { points }), corner: null };
}

export function edited(drawing: Drawing, at: number, part: Partial<Area>): Drawing {
  return changed(drawing, { areas: withPart(drawing.areas, at, part) });
}

export function renamed(drawing: Drawing, at: number, name: string): Drawing {
  const area = drawing.areas[at];
  const stem = area ? stemOf(area) : NAMES[drawing.use];
  const others = drawing.areas.filter((_, i) => i !== at);
  return edited(drawing, at, { name: name.trim() || named(others, stem) });
}

// What a watched area shows: a name of ours says it, too.
export function showing(drawing: Drawing, at: number, shows: Landmark | null): Drawing {
  const area = drawing.areas[at];
  if (!area || area.shows === shows) return drawing;
  const name = isUnnamed(area) ? named(drawing.areas, stemOf({ ...area, shows })) : area.name;
  return edited(drawing, at, { shows, name });
}

// What the next area is for, and the chosen one from now on. A name of ours follows; one of the owner's stays.
export function withUse(drawing: Drawing, use: Area["use"]): Drawing {
  const { areas, chosen } = drawing;
  const area = chosen === null ? null : areas[chosen];
  if (!area || chosen === null || area.use === use) return { ...drawing, use };
  const name = isUnnamed(area) ? named(areas, NAMES[use]) : area.name;
  return { ...edited(drawing, chosen, { use, dwell_s: 0, shows: null, name }), use };
}

// A finger goes down: on a corner of the chosen area, on another area, or where a new corner is meant.
export function pressed(drawing: Drawing, point: Point, frame: Frame): Drawing {
  const { areas, draft, chosen } = drawing;
  const here = { ...drawing, cross: null };
  if (draft.length > 0) return add(here, point, frame);
  const area = chosen === null ? null : areas[chosen];
  const corner = area ? area.points.findIndex((each) => isNear(each, point, frame)) : -1;
  if (corner >= 0) return { ...here, corner, held: { before: shapes(drawing), hasMoved: false } };
  const hit = areas.findLastIndex((each) => holds(each.points, point));
  return hit >= 0 ? choose(here, hit) : add(here, point, frame);
}

export function dragged(drawing: Drawing, point: Point): Drawing {
  const { areas, chosen, corner, held } = drawing;
  if (!held || chosen === null || corner === null) return drawing;
  return { ...drawing, areas: withCorner(areas, chosen, corner, point), held: { ...held, hasMoved: true } };
}

export function released(drawing: Drawing): Drawing {
  const { held, past } = drawing;
  return { ...drawing, held: null, past: held?.hasMoved ? [...past, held.before] : past };
}

type Modified = Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey">;

// All of it by keyboard; null when the key does nothing here.
export function keyed(drawing: Drawing, event: Modified, frame: Frame): Drawing | null {
  const { key } = event;
  const by = event.shiftKey ? 5 * STEP : STEP;
  const arrow = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[key];
  if (arrow) return shifted(drawing, arrow as Point);
  if (key === "Enter" || key === " ") return add(drawing, drawing.cross ?? MIDDLE, frame);
  if (key === "Backspace" || (key === "z" && (event.ctrlKey || event.metaKey))) return undo(drawing);
  if (key === "Delete") return deleted(drawing);
  return key === "Escape" ? choose({ ...drawing, draft: [] }, null) : null;
}

// Move the corner that was taken, or else the cross.
function shifted(drawing: Drawing, [dx, dy]: Point): Drawing {
  const { areas, chosen, corner, cross } = drawing;
  const shift = ([x, y]: Point): Point => clamped([x + dx, y + dy]);
  const point = chosen === null || corner === null ? undefined : areas[chosen]?.points[corner];
  if (!point || chosen === null || corner === null) return { ...drawing, cross: shift(cross ?? MIDDLE) };
  return changed(drawing, { areas: withCorner(areas, chosen, corner, shift(point)) });
}

function deleted(drawing: Drawing): Drawing {
  if (drawing.corner !== null) return removeCorner(drawing);
  return drawing.chosen === null ? drawing : removeArea(drawing, drawing.chosen);
}

export function clamped([x, y]: Point): Point {
  const within = (share: number) => Math.round(Math.max(0, Math.min(1, share)) * 1e4) / 1e4;
  return [within(x), within(y)];
}

function shapes({ areas, draft }: Shapes): Shapes {
  return { areas, draft };
}

function changed(drawing: Drawing, part: Partial<Shapes>): Drawing {
  return { ...drawing, ...part, past: [...drawing.past, shapes(drawing)] };
}

function withPart(areas: Area[], at: number, part: Partial<Area>): Area[] {
  return areas.map((area, i) => (i === at ? { ...area, ...part } : area));
}

function withCorner(areas: Area[], at: number, corner: number, point: Point): Area[] {
  const points = areas[at]?.points.map((each, i) => (i === corner ? point : each)) ?? [];
  return withPart(areas, at, { points });
}

function isNear(a: Point, b: Point, { width, height }: Frame): boolean {
  return Math.hypot((a[0] - b[0]) * width, (a[1] - b[1]) * height) < NEAR_PX;
}

type Unnamed = Pick<Area, "use" | "shows">;

const stemOf = ({ use, shows }: Unnamed): string => (shows ? SHOWN[shows] : NAMES[use]);

function named(areas: readonly Area[], stem: string): string {
  for (let n = 1; ; n++) {
    const name = `${stem} ${n}`;
    if (!areas.some((area) => area.name === name)) return name;
  }
}

// Whether the owner gave it no name yet.
function isUnnamed(area: Area): boolean {
  return new RegExp(`^${stemOf(area)} \\d+$`).test(area.name);
}

// Is a point in a polygon? Count the edges that a ray to the right crosses.
function holds(points: readonly Point[], [x, y]: Point): boolean {
  let isInside = false;
  points.forEach(([ax, ay], i) => {
    const [bx, by] = points[(i + points.length - 1) % points.length]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isInside = !isInside;
  });
  return isInside;
}
