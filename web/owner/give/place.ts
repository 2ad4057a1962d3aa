// More of the place: what the same camera recorded in the minutes before a clip, each piece a film of its own, in their
// order. It says what the place looks like where nobody stands, goes to the household's own hub with the clip, and no
// further. What cannot be had is left out.

import type { Result } from "../../shared/api";
import { type Bytes, joined } from "../../shared/bytes";
import { boxes, codecs } from "../../shared/mp4";
import { MINUTE } from "../../shared/time";
import type { Segment } from "../../shared/wire";
import type { Manifest } from "../clips";

const BEFORE_MS = 2 * MINUTE;
const INIT_BEFORE_MS = MINUTE; // an init segment is at most this far back
const MOST_BYTES = 40 * 1024 ** 2;
const MOST = 39; // films besides the clip's own
const AT_ONCE = 4;
const PATIENCE_MS = 12_000; // it is only more: what has come by then has to do

export interface PlaceDoors {
  list: (from: number, to: number) => Promise<Result<Segment[]>>;
  open: (segment: Segment) => Promise<Result<Bytes>>;
  nowMs: () => number;
}

type Around = Pick<Manifest, "began_ms" | "codecs">;

// `heard` is told the share that was asked for, 0 to 1.
export async function placeBefore(
  clip: Around,
  { list, open, nowMs }: PlaceDoors,
  heard: (share: number) => void = () => {},
): Promise<Bytes[]> {
  const until = nowMs() + PATIENCE_MS;
  const found = await list(clip.began_ms - BEFORE_MS - INIT_BEFORE_MS, clip.began_ms);
  if (!found.ok) return [];
  const segments = [...found.value].sort((a, b) => a.began_ms - b.began_ms);
  const opening = new Map<number, Promise<Result<Bytes>>>(); // an init segment serves those that continue it
  const opened = (segment: Segment) => {
    const asked = opening.get(segment.id) ?? open(segment);
    opening.set(segment.id, asked);
    return asked;
  };
  const films: Bytes[] = [];
  const wanted = nearest(segments, clip);
  for (let i = 0; i < wanted.length && nowMs() < until; i += AT_ONCE) {
    const some = wanted.slice(i, i + AT_ONCE).map((segment) => whole(segment, segments, opened, clip.codecs));
    films.push(...(await Promise.all(some)).filter((film) => film !== null));
    heard(Math.min(1, (i + AT_ONCE) / wanted.length));
  }
  return films.reverse();
}

// Those before the clip, the nearest first; as many as there is room for.
export function nearest(segments: readonly Segment[], { began_ms }: Pick<Around, "began_ms">): Segment[] {
  const endOf = (segment: Segment) => segment.began_ms + segment.duration_ms;
  let room = MOST_BYTES;
  return segments
    .filter((each) => endOf(each) <= began_ms && endOf(each) > began_ms - BEFORE_MS)
    .reverse()
    .filter(({ bytes }) => {
      if (bytes > room) return false;
      room -= bytes;
      return true;
    })
    .slice(0, MOST);
}

// A segment as a film that can be read alone, with the init segment that it continues; null where that is not to be
// had, or is of another kind of picture. Only what is needed to decode it goes along.
async function whole(
  segment: Segment,
  all: readonly Segment[],
  opened: (segment: Segment) => Promise<Result<Bytes>>,
  expected: string,
): Promise<Bytes | null> {
  const at = all.indexOf(segment);
  const first = all[all.findLastIndex((each, i) => i <= at && !each.continues)];
  if (!first) return null;
  const [head, own] = await Promise.all([opened(first), opened(segment)]);
  if (!head.ok || !own.ok) return null;
  const init = pieces(head.value, ["ftyp", "moov"]);
  const picture = codecs(joined(init))?.split(",")[0];
  if (init.length < 2 || picture !== expected.split(",")[0]) return null;
  const film = pieces(own.value, ["moof", "mdat"]);
  return film.length > 0 ? joined([...init, ...film]) : null;
}

function pieces(data: Bytes, types: readonly string[]): Bytes[] {
  return boxes(data)
    .filter((box) => types.includes(box.type))
    .map((box) => data.subarray(box.start, box.end));
}
