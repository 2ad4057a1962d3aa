// Which stretch of a clip is to be given. Pure: the sliders and the request agree.

export const SHORTEST_MS = 20_000;
export const LONGEST_MS = 30_000;
const USUAL_MS = 25_000;
const BEFORE_MS = 3000; // what comes before the event, if there is room

export interface Cut {
  fromMs: number; // into the clip
  lengthMs: number;
}

// The clip's length, as its manifest tells it; 0 while it is still being recorded.
export function lengthOf(clip: { began_ms: number; ended_ms: number | null }): number {
  return (clip.ended_ms ?? clip.began_ms) - clip.began_ms;
}

// Where the sliders stand first: around what happened.
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
