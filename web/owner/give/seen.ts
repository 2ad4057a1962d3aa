// Which seconds of a film were really seen. Pure: what a player says again and again, and the stretches that follow.
// A jump shows nothing, nor does a hidden tab; faster than twice its speed nobody sees enough to sign for.

const FASTEST = 2;
const LONGEST_STEP_S = 2; // between two looks at the player; a busy machine looks late
const SLACK_S = 0.3; // the clock of a player and that of the page do not run as one
const CLOSED_S = 0.25; // shorter gaps are what the first and the last picture leave

export interface Sample {
  atS: number; // where the film is
  wallS: number; // when that was, monotonic
  rate: number;
  isShown: boolean; // the page is in sight
  isJump: boolean; // it is being put somewhere else
}

export type Stretch = readonly [fromS: number, toS: number];

export interface Seen {
  lengthS: number;
  stretches: readonly Stretch[]; // in order, none touching the next
  last: Sample | null;
}

export const nothingOf = (lengthS: number): Seen => ({ lengthS, stretches: [], last: null });

export function sampled(seen: Seen, now: Sample): Seen {
  const { last } = seen;
  const counts = last !== null && isWatched(last, now);
  const stretches = counts ? withStretch(seen.stretches, [last.atS, now.atS]) : seen.stretches;
  return { ...seen, stretches, last: now.isJump ? null : now };
}

function isWatched(last: Sample, now: Sample): boolean {
  if (last.isJump || now.isJump || !last.isShown || !now.isShown) return false;
  if (Math.max(last.rate, now.rate) > FASTEST) return false;
  const [passedS, wallS] = [now.atS - last.atS, now.wallS - last.wallS];
  return passedS > 0 && passedS <= LONGEST_STEP_S && passedS <= wallS * FASTEST + SLACK_S;
}

function withStretch(stretches: readonly Stretch[], fresh: Stretch): Stretch[] {
  const found: Stretch[] = [];
  for (const next of [...stretches, fresh].sort((a, b) => a[0] - b[0])) {
    const before = found.at(-1);
    if (before && next[0] <= before[1]) found[found.length - 1] = [before[0], Math.max(before[1], next[1])];
    else found.push(next);
  }
  return found;
}

// What was not seen yet, in order.
export function missing({ lengthS, stretches }: Seen): Stretch[] {
  const edges = [...stretches, [lengthS, lengthS] as const];
  return edges
    .map(([from], i): Stretch => [edges[i - 1]?.[1] ?? 0, Math.min(from, lengthS)])
    .filter(([from, to]) => to - from > CLOSED_S);
}

export const isAll = (seen: Seen) => missing(seen).length === 0;

export function missingInWords(seen: Seen): string {
  const seconds = missing(seen).reduce((sum, [from, to]) => sum + to - from, 0);
  if (seconds === 0) return "You have seen all of it.";
  return seen.stretches.length === 0 ? "Not seen yet." : `${Math.ceil(seconds)} s not seen yet.`;
}
