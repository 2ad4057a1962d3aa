// Playing pictures by their own times. Pure; it waits where the next picture has not come yet.

export interface Playing {
  at: number; // ms into the clip
  isPlaying: boolean;
  isSlow: boolean;
  isLooping: boolean;
  isGrey: boolean;
}

export const START: Playing = { at: 0, isPlaying: true, isSlow: false, isLooping: true, isGrey: true };

const SLOW = 0.25;

// The pictures that are here, of those that come.
export interface Roll {
  readonly here: number;
  readonly count: number;
  timeOf: (index: number) => number;
  indexAt: (ms: number) => number;
}

export function advanced(now: Playing, elapsedMs: number, roll: Roll, length: number): Playing {
  if (!now.isPlaying) return now;
  const ready = roll.here < roll.count ? roll.timeOf(roll.here - 1) : length;
  const on = now.at + elapsedMs * (now.isSlow ? SLOW : 1);
  const at = on < length ? on : now.isLooping ? 0 : length;
  return { ...now, at: Math.min(at, ready), isPlaying: at < length || now.isLooping };
}

// Play or pause; at the end, play from the beginning.
export function toggled(now: Playing, length: number): Playing {
  return { ...now, isPlaying: !now.isPlaying, at: now.at >= length ? 0 : now.at };
}

// Some pictures on or back, and stand there.
export function stepped(now: Playing, by: number, roll: Roll): Playing {
  return { ...now, isPlaying: false, at: roll.timeOf(Math.max(0, roll.indexAt(now.at) + by)) };
}

export function soughtTo(now: Playing, at: number): Playing {
  return { ...now, isPlaying: false, at };
}
