// Which entries of a log carry an owner's tags. Of a long log the indexes say so, whose heads stand at fixed places in
// the tree; the entries behind the last index are read themselves. Reading every entry needs no index, and makes each
// again: one that leaves an entry out is a lie that the log has signed.

import { type Bytes, b64, same } from "./bytes";
import { GrowingTree, hashing } from "./hashing";
import { LogError } from "./ledger";
import { accuse, type CheckedLog, type CheckedPart, type LogCache, type LogDoors, receiptIn } from "./log";
import { keyOf } from "./memory";
import { pathIn, readLeaf } from "./parts";
import {
  bucketOf,
  bucketPath,
  bucketsOf,
  coverOf,
  dueAt,
  entryOf,
  firstOf,
  headPath,
  INDEX,
  type IndexHead,
  isNamed,
  partsOf,
  readBucket,
  readHead,
  SHORT,
  SPANS,
  type Span,
  shortened,
  speaksOf,
} from "./tags";
import { entriesOf, entryTile, type FetchFile, NoSuchFile } from "./tiles";

const WIDTH = 256;
const AHEAD = 8; // bundles that are asked for at once

// Where the entries are in their part, and whether all entries were read to find them.
export interface TaggedEntries {
  indexes: number[];
  isWhole: boolean;
}

// A part of which every entry was read: the first bytes of each entry's tag, and whether it is ours at all.
export interface WholePart {
  size: number;
  tags: Uint8Array;
  ours: Uint8Array;
}

interface Source {
  checked: CheckedPart;
  fetchFile: FetchFile;
  cache: LogCache;
}

const sourceOf = (checked: CheckedPart, { fetchFile, cache }: LogDoors): Source => ({
  checked,
  fetchFile: (path) => fetchFile(pathIn(checked.part, path)),
  cache,
});

// Whether every entry of a part was read, in which nothing had to be found.
export const isReadWhole = ({ part, tree }: CheckedPart, { cache }: LogDoors) =>
  cache.wholes.get(keyOf(part.policy.log))?.size === tree.size;

// Raises LogError. An index names eight bytes of a tag: whoever needs to be sure of the rest reads the entry.
export async function tagged(part: CheckedPart, wanted: readonly Bytes[], doors: LogDoors): Promise<TaggedEntries> {
  const name = keyOf(part.part.policy.log);
  const whole = doors.cache.wholes.get(name);
  const of = [b64(part.tree.checkpoint.root), whole?.size, ...wanted.map(b64)].join();
  const known = doors.cache.found.get(name);
  if (known?.of === of) return known.entries;
  const source = sourceOf(part, doors);
  const { spans, tail } = coverOf(whole?.size ?? 0, part.tree.size);
  const [indexed, read] = await Promise.all([
    Promise.all(spans.map((span) => inSpan(span, wanted, source))),
    inEntries(tail, part.tree.size, wanted, source),
  ]);
  const indexes = [...(whole ? inWhole(whole, wanted) : []), ...indexed.flatMap((each) => each.indexes), ...read];
  const entries = { indexes: [...new Set(indexes)], isWhole: indexed.every((each) => each.isWhole) };
  doors.cache.found.set(name, { of, entries });
  return entries;
}

async function inSpan(span: Span, wanted: readonly Bytes[], source: Source): Promise<TaggedEntries> {
  const head = await headOf(span, source);
  if (!head) return withoutIndex(span, wanted, source);
  const numbers = [...new Set(wanted.map((tag) => bucketOf(span.level, tag)))];
  const short = wanted.map(shortened);
  const found = await Promise.all(
    numbers.map(async (number) => {
      const bucket = readBucket(span, await bucketIn(span, number, head.hashes[number]!, source));
      return bucket.filter(({ tag }) => isNamed(short, tag)).map(({ index }) => index);
    }),
  );
  return { indexes: found.flat(), isWhole: false };
}

// A log of before 0.4 made no indexes: its entries are read, or the smaller indexes among them.
async function withoutIndex(span: Span, wanted: readonly Bytes[], source: Source): Promise<TaggedEntries> {
  if (span.level === 0) {
    const first = firstOf(span);
    return { indexes: await inEntries(first, first + SPANS[0], wanted, source), isWhole: true };
  }
  const found = await Promise.all(partsOf(span).map((each) => inSpan(each, wanted, source)));
  return { indexes: found.flatMap(({ indexes }) => indexes), isWhole: found.every((each) => each.isWhole) };
}

// The head of an index, which is believed because its entry stands in its place; null if another entry stands there.
async function headOf(span: Span, { checked, fetchFile, cache }: Source): Promise<IndexHead | null> {
  const hash = await checked.tree.leafHash(entryOf(span));
  const name = b64(hash);
  let raw = cache.held.files.get(name);
  try {
    raw ??= await fetchFile(headPath(span));
  } catch (error) {
    if (!(error instanceof NoSuchFile) || (await isIndex(checked, entryOf(span)))) throw error;
    return null;
  }
  const head = await readHead(span, raw);
  if (!same((await hashing()).leaf(head.leaf), hash))
    throw new LogError("A tag index is not the one that the log has signed.", "not included");
  if (!cache.held.files.has(name)) cache.held.keep(cache.held.files, name, raw, raw.length);
  return head;
}

const isIndex = async ({ tree }: CheckedPart, index: number) => readLeaf(await tree.entry(index))?.kind === INDEX;

async function bucketIn(span: Span, number: number, hash: Bytes, { fetchFile, cache }: Source): Promise<Bytes> {
  const name = b64(hash);
  const known = cache.held.files.get(name);
  if (known) return known;
  const raw = await fetchFile(bucketPath(span, number));
  if (!same((await hashing()).plain(raw), hash))
    throw new LogError("A bucket of a tag index is not the one that the log has signed.", "not included");
  cache.held.keep(cache.held.files, name, raw, raw.length);
  return raw;
}

// The entries themselves, from one index to another.
async function inEntries(from: number, to: number, wanted: readonly Bytes[], { checked }: Source): Promise<number[]> {
  const bundles: Promise<Bytes[]>[] = [];
  const first = Math.floor(from / WIDTH);
  for (let n = first; n * WIDTH < to; n++) bundles.push(checked.tree.bundle(n));
  const entries = (await Promise.all(bundles)).flat();
  const found: number[] = [];
  for (const [n, entry] of entries.entries()) {
    const index = first * WIDTH + n;
    const leaf = index >= from && index < to ? readLeaf(entry) : null;
    if (leaf && isNamed(wanted, leaf.tag)) found.push(index);
  }
  return found;
}

function inWhole({ size, tags, ours }: WholePart, wanted: readonly Bytes[]): number[] {
  const short = wanted.map(shortened);
  const firsts = new Set(short.map((tag) => tag[0]!));
  const found: number[] = [];
  for (let index = 0; index < size; index++) {
    const at = index * SHORT;
    if (ours[index] && firsts.has(tags[at]!) && isNamed(short, tags.subarray(at, at + SHORT))) found.push(index);
  }
  return found;
}

export interface Progress {
  tell: (read: number) => void; // entries so far
  isWanted: () => boolean;
}

// Reads every entry of every part and makes every index again. False when it is not wanted any more. Raises LogError; a
// false index is a Contradiction, which is remembered as a fork is.
export async function readEvery(log: CheckedLog, doors: LogDoors, progress: Progress): Promise<boolean> {
  let before = 0;
  for (const part of log.parts) {
    const name = keyOf(part.part.policy.log);
    const { size } = part.tree;
    if ((doors.cache.wholes.get(name)?.size ?? -1) < size) {
      const tell = (read: number) => progress.tell(before + read);
      const read = await readWhole(sourceOf(part, doors), { ...progress, tell });
      if (!read) return false;
      const { whole, heads } = read;
      await checkIndexes(whole, heads, part, doors);
      doors.cache.wholes.set(name, whole);
    }
    before += size;
    progress.tell(before);
  }
  return true;
}

// With the entries that speak of spans, in order.
async function readWhole(source: Source, progress: Progress): Promise<{ whole: WholePart; heads: Bytes[] } | null> {
  const { tree } = source.checked;
  const by = await hashing();
  const grown = new GrowingTree(by);
  const whole: WholePart = {
    size: tree.size,
    tags: new Uint8Array(tree.size * SHORT),
    ours: new Uint8Array(tree.size),
  };
  const heads: Bytes[] = [];
  const asked: Promise<Bytes[]>[] = [];
  const last = Math.ceil(tree.size / WIDTH);
  for (let n = 0; n < last; n++) {
    for (let next = asked.length; next < Math.min(n + AHEAD, last); next++) asked.push(quietly(bundleOf(next, source)));
    for (const entry of await asked[n]!) {
      take(entry, grown.size, whole);
      if (dueAt(grown.size)) heads.push(entry);
      grown.append(by.leaf(entry));
    }
    delete asked[n];
    if (!progress.isWanted()) return null;
    progress.tell(grown.size);
  }
  if (grown.size !== tree.size || !same(grown.root(), tree.checkpoint.root))
    throw new LogError("The log's entries are not those that were cosigned.", "not included");
  return { whole, heads };
}

// What is asked for ahead may fail before it is waited for.
function quietly<T>(asked: Promise<T>): Promise<T> {
  asked.catch(() => {});
  return asked;
}

// The last one, which is not full, is held since the log was read: by now the log may have grown and show a wider one.
async function bundleOf(n: number, { checked, fetchFile }: Source): Promise<Bytes[]> {
  if ((n + 1) * WIDTH > checked.tree.size) return checked.tree.bundle(n);
  return entriesOf(await fetchFile(entryTile(n, WIDTH))).slice(0, WIDTH);
}

function take(entry: Bytes, index: number, { tags, ours }: WholePart): void {
  const leaf = readLeaf(entry);
  if (!leaf) return;
  ours[index] = 1;
  tags.set(shortened(leaf.tag), index * SHORT);
}

async function checkIndexes(whole: WholePart, heads: readonly Bytes[], part: CheckedPart, doors: LogDoors) {
  const by = await hashing();
  let next = 0;
  for (let index = 0; index < whole.size; index++) {
    const span = dueAt(index);
    const head = span && heads[next++]!;
    if (!head || readLeaf(head)?.kind !== INDEX) continue;
    const hashes = bucketsOf(span, tagsIn(whole, span)).map((bucket) => by.plain(bucket));
    if (!(await speaksOf(span, head, hashes))) throw await falseIndex(span, part, doors);
  }
}

// The entry that speaks falsely, the first of its span, and all entries of the span, as nightlatch/ledger/
// contradictions.py reads them.
async function falseIndex(span: Span, { part, tree, note }: CheckedPart, { memory }: LogDoors): Promise<LogError> {
  const { log } = part.policy;
  const known = await memory.newest(log);
  if (!known) return new LogError("The log has signed an index that is not of its entries.", "not included");
  const first = firstOf(span);
  const lines: string[] = [];
  for (let at = first; at < first + SPANS[span.level]; at += WIDTH)
    for (const entry of await tree.bundle(at / WIDTH)) lines.push(`${b64(entry)}\n`);
  const receipts = [await receiptIn(tree, note, entryOf(span)), await receiptIn(tree, note, first)];
  return accuse("false index", known, log, memory, ...receipts, lines.join(""));
}

function* tagsIn({ tags, ours }: WholePart, span: Span): Generator<Uint8Array | null> {
  const first = firstOf(span);
  for (let index = first; index < first + SPANS[span.level]; index++)
    yield ours[index] ? tags.subarray(index * SHORT, (index + 1) * SHORT) : null;
}
