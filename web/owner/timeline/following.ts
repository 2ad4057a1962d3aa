// What plays next: opened segments from a moment on, the next one opened while one is appended. No hub, no video here.

import { broken, type Result } from "../../shared/api";
import type { Bytes } from "../../shared/bytes";
import { hasInit } from "../../shared/mp4";
import { MINUTE } from "../../shared/time";
import type { Segment } from "../../shared/wire";

const WINDOW = 10 * MINUTE; // asked for at once
const INIT_BEFORE = MINUTE; // an init segment is at most this far back

export interface Piece {
  segment: Segment;
  bytes: Bytes;
}

export interface Source {
  list(from: number, to: number): Promise<Result<Segment[]>>;
  open(segment: Segment): Promise<Result<Bytes>>;
  rest(): Promise<void>; // until there may be something newer
  now(): number;
}

interface Progress {
  from: number; // what is asked for next
  last: number; // when the newest piece that was opened began
  hasBegun: boolean; // an init segment was there
}

// Opened pieces from a moment on, in order and without end, across stretches without a recording. The first has an
// init segment. A failure is the last thing that comes.
export async function* following(source: Source, start: number): AsyncGenerator<Result<Piece>> {
  let progress: Progress = { from: start - INIT_BEFORE, last: 0, hasBegun: false };
  for (;;) {
    const fresh = await newer(source, start, progress);
    if (!fresh.ok) return yield fresh;
    for await (const piece of inOrder(fresh.value, source)) {
      if (!piece.ok) return yield piece;
      progress = past(progress, piece.value);
      if (progress.hasBegun) yield piece;
    }
    if (fresh.value.length === 0) progress = await onward(source, progress);
  }
}

async function newer({ list }: Source, start: number, { from, last, hasBegun }: Progress): Promise<Result<Segment[]>> {
  const found = await list(from, from + INIT_BEFORE + WINDOW);
  if (!found.ok) return found;
  const fresh = found.value.filter((segment) => segment.began_ms > last);
  if (hasBegun) return { ok: true, value: fresh };
  const first = startingAt(fresh, start);
  return first.length > 0 ? { ok: true, value: first } : broken(NOTHING);
}

function past({ hasBegun }: Progress, { segment, bytes }: Piece): Progress {
  const from = segment.began_ms + segment.duration_ms - INIT_BEFORE;
  return { from, last: segment.began_ms, hasBegun: hasBegun || hasInit(bytes) };
}

// Nothing new: wait for what is recorded now, or pass over a long stretch without a recording.
async function onward(source: Source, progress: Progress): Promise<Progress> {
  if (progress.from + INIT_BEFORE + WINDOW <= source.now()) return { ...progress, from: progress.from + WINDOW };
  await source.rest();
  return progress;
}

const NOTHING = "Nothing was recorded from here on. Choose a filled stretch of the strip.";

// From the last file of its own that begins before the moment; nothing if none of it reaches so far.
export function startingAt(segments: readonly Segment[], start: number): Segment[] {
  const first = segments.findLastIndex((segment) => !segment.continues && segment.began_ms <= start);
  const found = segments.slice(Math.max(0, first));
  return found.some((segment) => segment.began_ms + segment.duration_ms > start) ? found : [];
}

async function* inOrder(segments: readonly Segment[], { open }: Source): AsyncGenerator<Result<Piece>> {
  let ahead = segments[0] && open(segments[0]);
  for (const [i, segment] of segments.entries()) {
    const bytes = await ahead;
    const next = segments[i + 1];
    ahead = next && open(next);
    if (bytes) yield bytes.ok ? { ok: true, value: { segment, bytes: bytes.value } } : bytes;
  }
}
