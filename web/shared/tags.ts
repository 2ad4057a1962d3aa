// Tag indexes, as nightlatch/ledger/tags.py writes them: an owner finds their entries in a long log without reading all
// of it. Whenever a span of entries is full, the log says in an entry at a fixed place which tags they carry, and so
// commits to buckets by the first byte of the tag. Whoever reads a whole log makes the indexes again and compares.

import { type Bytes, b64, joined, same, sha256, utf8 } from "./bytes";
import { canonical } from "./consent";
import { LogError } from "./ledger";
import { saysEvent } from "./parts";
import { tileName } from "./tiles";

export const SPANS = [4_096, 65_536] as const; // entries
export const BUCKETS = [1, 256] as const;
export const SHORT = 8; // bytes of a tag
const WHERE = 4; // bytes of a place in the span
export const INDEX = "log.index";

export type Level = 0 | 1;
export interface Span {
  level: Level;
  n: number;
}

// An entry that a bucket names: its index in the log, and where in the bucket the first eight bytes of its tag are.
export interface Tagged {
  index: number;
  tag: Bytes;
}

export interface IndexHead {
  leaf: Bytes;
  hashes: Bytes[]; // of the buckets
}

export const firstOf = ({ level, n }: Span) => SPANS[level] * n;
export const bucketOf = (level: Level, tag: Uint8Array) => (tag[0] ?? 0) % BUCKETS[level];
// Where in the log the entry stands that speaks of a span.
export const entryOf = ({ level, n }: Span) => SPANS[level] * (n + 1) + level;
export const headPath = ({ level, n }: Span) => `tags/${level}/${tileName(n)}/head`;
export const bucketPath = ({ level, n }: Span, bucket: number) =>
  `tags/${level}/${tileName(n)}/${bucket.toString(16).padStart(2, "0")}`;

// The span of which the entry at `index` must speak; null for all other entries.
export function dueAt(index: number): Span | null {
  for (const level of [0, 1] as const) {
    const span = SPANS[level];
    if (index >= span + level && (index - level) % span === 0) return { level, n: (index - level) / span - 1 };
  }
  return null;
}

// The fewest indexes that speak of all entries from `from` on, and where those begin that none speaks of yet.
export function coverOf(from: number, size: number): { spans: Span[]; tail: number } {
  const spans: Span[] = [];
  let tail = from;
  for (const level of [1, 0] as const) {
    const isThere = (n: number) => entryOf({ level, n }) < size;
    for (let n = Math.floor(tail / SPANS[level]); isThere(n); n++) {
      spans.push({ level, n });
      tail = SPANS[level] * (n + 1);
    }
  }
  return { spans, tail };
}

// The spans of the lower level that a span is made of.
export const partsOf = ({ level, n }: Span): Span[] =>
  level === 0
    ? []
    : Array.from({ length: SPANS[1] / SPANS[0] }, (_, k) => ({ level: 0, n: (n * SPANS[1]) / SPANS[0] + k }));

// What a `log.index` commits to, with the public salt.
export async function indexEvent({ level, n }: Span, hashes: readonly Bytes[]): Promise<Bytes> {
  return utf8(canonical({ buckets: b64(await sha256(joined([...hashes]))), level, n }));
}

export const speaksOf = async (span: Span, leaf: Bytes, hashes: readonly Bytes[]) =>
  saysEvent(leaf, INDEX, await indexEvent(span, hashes));

// The entry, and the hash of each bucket. It does not show where the entry is. Raises LogError.
export async function readHead(span: Span, raw: Bytes): Promise<IndexHead> {
  const length = ((raw[0] ?? 0) << 8) | (raw[1] ?? 0);
  const leaf = raw.slice(2, 2 + length) as Bytes;
  const rest = raw.slice(2 + length);
  if (leaf.length !== length || rest.length !== 32 * BUCKETS[span.level])
    throw new LogError("The head of a tag index is torn.");
  const hashes: Bytes[] = [];
  for (let at = 0; at < rest.length; at += 32) hashes.push(rest.slice(at, at + 32) as Bytes);
  if (!(await speaksOf(span, leaf, hashes)))
    throw new LogError("A tag index does not fit the entry that speaks of it.", "not included");
  return { leaf, hashes };
}

// The entries that a bucket names. Raises LogError for a torn one.
export function readBucket(span: Span, raw: Bytes): Tagged[] {
  const step = WHERE + SHORT;
  if (raw.length % step) throw new LogError("A bucket of a tag index is torn.");
  const numbers = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const found: Tagged[] = [];
  for (let at = 0; at < raw.length; at += step)
    found.push({ index: firstOf(span) + numbers.getUint32(at), tag: raw.subarray(at + WHERE, at + step) as Bytes });
  return found;
}

// The first bytes of a tag, as buckets hold them.
export function shortened(tag: Uint8Array): Bytes {
  const short = new Uint8Array(SHORT);
  short.set(tag.subarray(0, SHORT));
  return short;
}

// The buckets of a span, from the tag of each entry in order; null for entries that are not ours.
export function bucketsOf({ level }: Span, tags: Iterable<Uint8Array | null>): Bytes[] {
  const parts: Uint8Array[][] = Array.from({ length: BUCKETS[level] }, () => []);
  let where = 0;
  for (const tag of tags) {
    if (tag) {
      const place = new Uint8Array(WHERE);
      new DataView(place.buffer).setUint32(0, where);
      parts[bucketOf(level, tag)]!.push(place, shortened(tag));
    }
    where++;
  }
  return parts.map(joined);
}

export const isNamed = (wanted: readonly Bytes[], tag: Uint8Array) => wanted.some((each) => same(each, tag));
