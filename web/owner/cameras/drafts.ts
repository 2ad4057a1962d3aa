// Areas that are drawn and not saved: kept on this device with each step, so that no way of leaving loses them.
// `written` and `read` are pure.

import { type Area, LANDMARKS } from "../../shared/wire";
import { type Drawing, hasChanged, type Point, resumed, type Shapes } from "./drawing";

const MOST_STEPS = 20; // that can be undone when it is back
const PREFIX = "nightlatch areas ";
const USES = ["ignore", "watch", "mask"];

// As it is kept; null where nothing is unsaved.
export function written(drawing: Drawing, saved: Area[]): string | null {
  const { areas, draft, use, past } = drawing;
  if (draft.length === 0 && !hasChanged(drawing, saved)) return null;
  return JSON.stringify({ areas, draft, use, past: past.slice(-MOST_STEPS), saved });
}

export interface Back {
  drawing: Drawing;
  isOutdated: boolean; // something else was saved since
}

// What was kept; null for anything that `written` did not write.
export function read(text: string | null, saved: Area[]): Back | null {
  try {
    const { areas, draft, use, past, saved: then } = JSON.parse(text ?? "null");
    const steps = [{ areas, draft }, ...past].map(withLandmarks);
    const [now, ...before] = steps;
    if (!USES.includes(use) || !steps.every((each) => each.areas.every(isArea) && each.draft.every(isPoint)))
      return null;
    const drawing = resumed(now!, before, use);
    if (draft.length === 0 && !hasChanged(drawing, saved)) return null;
    return { drawing, isOutdated: JSON.stringify(then) !== JSON.stringify(saved) };
  } catch {
    return null;
  }
}

// A drawing that an older page kept does not say what its areas show.
function withLandmarks({ areas, draft }: Shapes): Shapes {
  return { areas: areas.map((area) => ({ ...area, shows: area.shows ?? null })), draft };
}

function isArea(area: Area): boolean {
  const isNamed = typeof area.name === "string" && USES.includes(area.use) && Number.isFinite(area.dwell_s);
  const isKnown = area.shows === null || LANDMARKS.includes(area.shows);
  return isNamed && isKnown && area.points.length >= 3 && area.points.every(isPoint);
}

function isPoint(point: Point): boolean {
  return point.length === 2 && point.every((share) => share >= 0 && share <= 1);
}

// A browser that keeps nothing for a page draws all the same.
export function keep(camera: string, text: string | null) {
  try {
    if (text === null) localStorage.removeItem(PREFIX + camera);
    else localStorage.setItem(PREFIX + camera, text);
  } catch {
    // no storage, or no room in it
  }
}

export function kept(camera: string): string | null {
  try {
    return localStorage.getItem(PREFIX + camera);
  } catch {
    return null;
  }
}

// Whoever signs out leaves nothing of the house here.
export function forgetAll() {
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) localStorage.removeItem(name);
  } catch {
    // there was nothing kept
  }
}
