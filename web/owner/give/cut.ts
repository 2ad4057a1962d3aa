// Which stretch of a clip is to be given. Pure: the window on the strip and the request agree.

export const SHORTEST_MS = 20_000;
export const LONGEST_MS = 30_000;
const USUAL_MS = 25_000;
const BEFORE_MS = 3000; // what comes before the event, if there is room
export const STEP_MS = 500; // of an arrow key
const STRIDE_MS = 5000; // of PageUp and PageDown

export interface Cut {
  fromMs: number; // into the clip
  lengthMs: number;
}

// What is held: the window as a whole, or one of its ends.
export type Part = "window" | "start" | "end";

// The clip's length, as its manifest tells it; 0 while it is still being recorded.
export function lengthOf(clip: { began_ms: number; ended_ms: number | null }): number {
  return (clip.ended_ms ?? clip.began_ms) - clip.began_ms;
}

// Where the window stands first: around what happened.
export function firstCut(clip: { onset_ms: number; began_ms: number; ended_ms: number | null }): Cut {
  const all = lengthOf(clip);
  const before = clip.onset_ms - clip.began_ms - BEFORE_MS;
  return { fromMs: Math.max(0, Math.min(before, all - USUAL_MS)), lengthMs: Math.min(USUAL_MS, all) };
}

// The cut as it can be given: at least the shortest stretch is left after its begin, and it ends within the clip.
export function fitted(cut: Cut, all: number): Cut {
  const fromMs = Math.max(0, Math.min(cut.fromMs, all - SHORTEST_MS));
  return { ...cut, fromMs, lengthMs: Math.min(Math.max(cut.lengthMs, SHORTEST_MS), longestFrom(fromMs, all)) };
}

export function longestFrom(fromMs: number, all: number): number {
  return Math.min(LONGEST_MS, all - fromMs);
}

export const endOf = ({ fromMs, lengthMs }: Cut) => fromMs + lengthMs;

// A part is put at a moment; where the window would become too short or too long, its other end is taken along.
export function placed(cut: Cut, part: Part, toMs: number, all: number): Cut {
  if (part === "window") return { ...cut, fromMs: within(toMs, 0, all - cut.lengthMs) };
  if (part === "start") {
    const fromMs = within(toMs, 0, all - SHORTEST_MS);
    const end = within(endOf(cut), fromMs + SHORTEST_MS, Math.min(all, fromMs + LONGEST_MS));
    return { fromMs, lengthMs: end - fromMs };
  }
  const end = within(toMs, SHORTEST_MS, all);
  const fromMs = within(cut.fromMs, Math.max(0, end - LONGEST_MS), end - SHORTEST_MS);
  return { fromMs, lengthMs: end - fromMs };
}

export const placeOf = (cut: Cut, part: Part) => (part === "end" ? endOf(cut) : cut.fromMs);

type Press = Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">;

// What a key does to the part that has the focus; null: nothing. With Shift the other end moves: the window's end, or
// the end beside the one that is held.
export function keyed(cut: Cut, part: Part, press: Press, all: number): Cut | null {
  if (press.ctrlKey || press.metaKey || press.altKey) return null;
  const moved = press.shiftKey ? (part === "end" ? "start" : "end") : part;
  const at = placeOf(cut, moved);
  switch (press.key) {
    case "ArrowLeft":
    case "ArrowDown":
      return placed(cut, moved, at - STEP_MS, all);
    case "ArrowRight":
    case "ArrowUp":
      return placed(cut, moved, at + STEP_MS, all);
    case "PageDown":
      return placed(cut, moved, at - STRIDE_MS, all);
    case "PageUp":
      return placed(cut, moved, at + STRIDE_MS, all);
    case "Home":
      return placed(cut, moved, 0, all);
    case "End":
      return placed(cut, moved, all, all);
    default:
      return null;
  }
}

const within = (value: number, least: number, most: number) => Math.max(least, Math.min(most, value));
