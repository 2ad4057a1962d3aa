// The boxes over a clip at one moment: one for each thing, on the thing, fading once it is no longer seen. Pure but for
// the switch, which this device remembers.

import type { Finding, Kind, Place, Track, Verdict } from "../findings";

export interface Box {
  track: Track;
  place: Place;
  strength: number; // 0 to 1: how much of it is still shown
}

export interface Trail {
  id: number;
  line: [number, number][]; // where its feet were, as shares of the picture, oldest first
}

// Looks come every 0.3 to 2 s and some miss: so long a gap is crossed in a straight line, a longer one is not.
const GAP_MS = 2800;
// Where it was last seen a box stays for a moment, then fades: shorter flickers, longer leaves a box on nothing.
const STAYS_MS = 400;
const FADES_MS = 800;
const TRAIL_MS = 12_000; // older steps say nothing about now

// Where a thing was at a moment; null before it was seen, long after, and in long gaps.
export function placeAt(path: readonly Place[], at: number): { place: Place; unseenMs: number } | null {
  const next = path.findIndex((place) => place[0] > at);
  const before = next < 0 ? path.at(-1) : path[next - 1];
  const after = next < 0 ? undefined : path[next];
  if (!before) return null;
  if (after && after[0] - before[0] <= GAP_MS) {
    const share = (at - before[0]) / (after[0] - before[0]);
    return { place: before.map((v, i) => v + share * (after[i]! - v)) as Place, unseenMs: 0 };
  }
  const unseenMs = at - before[0];
  return unseenMs < STAYS_MS + FADES_MS ? { place: before, unseenMs } : null;
}

// Where something has a name, what merely moved (a branch, a shadow) has no box. `still`: somebody prefers less motion,
// so a box goes at once when its time has come.
export function boxesAt(tracks: readonly Track[], at: number, still = false): Box[] {
  const named = tracks.filter(({ kind }) => kind !== "motion");
  return (named.length > 0 ? named : tracks).flatMap((track) => {
    const box = boxOf(track, at, still);
    return box ? [box] : [];
  });
}

function boxOf(track: Track, at: number, still: boolean): Box | null {
  const seen = placeAt(track.path, at);
  if (!seen) return null;
  const strength = Math.min(1, 1 - (seen.unseenMs - STAYS_MS) / FADES_MS);
  if (still) return strength > 0.5 ? { track, place: seen.place, strength: 1 } : null;
  return { track, place: seen.place, strength };
}

// The steps of the things that have a box now.
export function trailsAt(boxes: readonly Box[], at: number): Trail[] {
  return boxes.flatMap(({ track, place }) => {
    const past = track.path.filter((each) => each[0] <= at && each[0] > at - TRAIL_MS);
    return past.length > 0 ? [{ id: track.id, line: [...past, place].map(foot) }] : [];
  });
}

const foot = ([, left, , right, bottom]: Place): [number, number] => [(left + right) / 2, bottom];

// The verdict is about people, where there are any; a cat beside a burglar is drawn as a cat.
export function toneOf(kind: Kind, { verdict, tracks }: Finding): Verdict {
  const isAbout = kind === "person" || !tracks.some((each) => each.kind === "person");
  return isAbout ? (verdict ?? "routine") : "routine";
}

const NAME = "nightlatch boxes";

export function areShown(): boolean {
  try {
    return localStorage.getItem(NAME) !== "hidden";
  } catch {
    return true;
  }
}

export function rememberBoxes(shown: boolean) {
  try {
    if (shown) localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, "hidden");
  } catch {
    // a browser that keeps nothing for a page shows them again next time
  }
}
