// Reads a log as far as one owner needs it, and believes nothing that it has not verified: each part in turn, from the
// first to the newest, under the keys that the one before names; the tree under its cosigned root; that it continues
// what this browser saw before; and that the household's own hub, which reads all of it, vouches for it.

import { type Bytes, b64 } from "./bytes";
import {
  type Checkpoint,
  type Confirmation,
  type Cosignature,
  checkFresh,
  cosignedAt,
  isFresh,
  LogError,
  type LogKey,
  lastConfirmed,
  openCheckpoint,
  quorumOf,
  readNote,
} from "./ledger";
import { type KnownCheckpoint, keyOf, type LogMemory, spelled } from "./memory";
import {
  changedKeys,
  checkBegin,
  firstPart,
  type Leaf,
  NEXT,
  type Part,
  pathIn,
  positionOf,
  readLeaf,
  readNext,
} from "./parts";
import { type FetchFile, Held, NoSuchFile, TileTree } from "./tiles";
import type { TaggedEntries, WholePart } from "./whose";

const MOST_ENTRIES = 2 ** 24; // of one part: more would keep the page busy for minutes
const SECOND_MS = 1000;

export interface CheckedPart {
  part: Part;
  note: string;
  tree: TileTree;
  witnessed: Cosignature[];
  first: Leaf | null; // of its entries; null where it is not ours, or the part is empty
  last: Leaf | null;
  next: Part | null; // what its last entry names, and only if it is finished
}

// Whom one must believe has changed, and the keys of before signed for it.
export interface KeyChange {
  atMs: number;
  what: string[];
}

export interface CheckedLog {
  parts: CheckedPart[]; // the newest last
  confirmed: Confirmation | null; // null: by a policy that asks for no witness
  maxAgeS: number; // of the confirmation, as the policy has it
  freshUntilS: number;
  changes: KeyChange[];
  isRemembered: boolean; // beyond this page
}

// What one page holds of one log while it is open: what was verified is not asked for again.
export class LogCache {
  readonly held = new Held();
  readonly parts = new Map<string, CheckedPart>();
  readonly wholes = new Map<string, WholePart>(); // parts of which every entry was read
  readonly found = new Map<string, { of: string; entries: TaggedEntries }>();
}

export interface LogDoors {
  fetchFile: FetchFile; // a file of the log by its path
  memory: LogMemory;
  nowMs: () => number; // by this browser: whoever passes on an old log could set its own clock back as well
  hub: LogKey; // with which this household's hub cosigns
  cache: LogCache;
}

export const newestOf = ({ parts }: CheckedLog) => parts.at(-1)!;
export const sizeOf = ({ parts }: CheckedLog) => parts.reduce((sum, { tree }) => sum + tree.size, 0);

// How a log contradicts itself, or what this browser saw of it. A part may not go on after its end, nor an index leave
// out entries.
export type Contradicting = "fork" | "rollback" | "goes on" | "false index";

// `evidence` is what `nightlatch log evidence` reads: all but a rollback is proven by it (an old checkpoint, sent
// again, looks the same as that).
export class Contradiction extends LogError {
  constructor(
    readonly how: Contradicting,
    readonly known: KnownCheckpoint,
    readonly evidence: string,
  ) {
    super("The log contradicts itself, or what this browser saw of it before.", how === "rollback" ? how : "fork");
  }
}

// The household's own hub does not say that it has read this log: `never`, or `lately`, where the policy asks for that.
export class Unvouched extends LogError {
  constructor(readonly lacks: "ever" | "lately") {
    super("Your own hub does not vouch for this log.", "too few cosignatures");
  }
}

// The hub vouches with another key than the one that this browser knows: it is a new hub, or another one.
export class HubChanged extends LogError {
  constructor(
    readonly was: string,
    readonly now: string,
  ) {
    super("Your hub vouches with another key than before.", "too few cosignatures");
  }
}

const BETWEEN = "\n----\n\n"; // as nightlatch/ledger/memory.py and contradictions.py write evidence
const RECEIPT = "c2sp.org/tlog-proof@v1";

// What evidence that was kept shows.
function shownBy(evidence: string): Contradicting {
  if (!evidence.startsWith(RECEIPT)) return "fork";
  return evidence.split(BETWEEN).length === 2 ? "goes on" : "false index";
}

// Raises LogError when anything does not fit, also with what `doors.memory` holds, which then remembers what was read.
export async function readLog(policy: string, doors: LogDoors): Promise<CheckedLog> {
  const parts: CheckedPart[] = [];
  for (let part: Part | null = await firstPart(policy); part; part = parts.at(-1)!.next)
    parts.push(await readPart(part, parts.at(-1) ?? null, doors));
  const newest = parts.at(-1)!;
  const { policy: asked } = newest.part;
  const nowMs = doors.nowMs();
  checkFresh(newest.witnessed, asked, nowMs);
  const vouchedS = await vouched(parts, doors.hub);
  if (asked.households > 0 && !isFresh(vouchedS, asked.maxAgeS, nowMs)) throw new Unvouched("lately");
  const confirmed = lastConfirmed(newest.witnessed, asked.quorum, nowMs);
  const oldestS = Math.min(confirmed?.at_s ?? 0, asked.households > 0 ? vouchedS : Number.POSITIVE_INFINITY);
  return {
    parts,
    confirmed,
    maxAgeS: asked.maxAgeS,
    freshUntilS: oldestS + asked.maxAgeS,
    changes: changesIn(parts),
    isRemembered: doors.memory.isLasting(),
  };
}

// When the household's hub last cosigned, of all parts. Raises Unvouched.
async function vouched(parts: readonly CheckedPart[], hub: LogKey): Promise<number> {
  let atS = 0;
  for (const { note } of parts) {
    const cosigned = await cosignedAt(readNote(note), hub);
    if (cosigned === null) throw new Unvouched("ever");
    atS = cosigned;
  }
  return atS;
}

function changesIn(parts: readonly CheckedPart[]): KeyChange[] {
  return parts.flatMap(({ part, last, next }) => {
    const what = next ? changedKeys(part.policy, next.policy) : [];
    return what.length > 0 ? [{ atMs: (last?.atS ?? 0) * SECOND_MS, what }] : [];
  });
}

async function readPart(part: Part, before: CheckedPart | null, doors: LogDoors): Promise<CheckedPart> {
  const { log } = part.policy;
  const { memory, cache } = doors;
  // Before the log is asked: another tab may see more of it meanwhile.
  const known = await memory.newest(log);
  if (known?.fork) throw new Contradiction(shownBy(known.fork), known, known.fork);
  const had = cache.parts.get(keyOf(log));
  if (had?.next) return had; // it is finished: nothing of it can change any more
  const raw = await checkpointOf(part, known, doors.fetchFile);
  const { checkpoint, note } = await openCheckpoint(raw, log);
  const noteText = new TextDecoder().decode(raw);
  if (known) await checkSize(known, checkpoint, noteText, log, memory);
  const witnessed = await quorumOf(note, part.policy);
  if (checkpoint.size > MOST_ENTRIES)
    throw new LogError(`A part of the log says that it has more than ${MOST_ENTRIES} entries. Ask the programme.`);
  const isSame = had?.tree.size === checkpoint.size && b64(had.tree.checkpoint.root) === b64(checkpoint.root);
  const fetchFile = (path: string) => doors.fetchFile(pathIn(part, path));
  const tree = isSame ? had.tree : await TileTree.open(checkpoint, fetchFile, cache.held);
  if (known) await checkContinues(known, tree, noteText, log, memory);
  const ends = isSame ? had : await endsOf(part, tree, before, fetchFile);
  const ending = ends.next ? { ending: await receiptIn(tree, noteText, tree.size - 1) } : {};
  await memory.keep(log, { ...spelled(checkpoint), note: noteText, seenMs: doors.nowMs(), fork: null, ...ending });
  const { first, last, next } = ends;
  const read: CheckedPart = { part, note: noteText, tree, witnessed, first, last, next };
  cache.parts.set(keyOf(log), read);
  return read;
}

// A part that was there and is gone is a log that went back.
async function checkpointOf(part: Part, known: KnownCheckpoint | null, fetchFile: FetchFile): Promise<Bytes> {
  try {
    return await fetchFile(pathIn(part, "checkpoint"));
  } catch (error) {
    if (known && part.number > 0 && error instanceof NoSuchFile) throw new Contradiction("rollback", known, known.note);
    throw error;
  }
}

// How a part begins and ends: after the one before it, and, if it is finished, before the next.
async function endsOf(part: Part, tree: TileTree, before: CheckedPart | null, fetchFile: FetchFile) {
  const isEmpty = tree.size === 0;
  if (before) {
    if (isEmpty) throw new LogError("A part of the log does not say where the one before it ended.", "not included");
    await checkBegin(await fetchFile("begin"), await tree.entry(0), before.tree.checkpoint);
  }
  const first = before ? readLeaf(await tree.entry(0)) : null;
  const entry = isEmpty ? null : await tree.entry(tree.size - 1);
  const last = entry && readLeaf(entry);
  const next = entry && last?.kind === NEXT ? await readNext(await fetchFile("next"), entry, part) : null;
  return { first, last, next };
}

// What shows a contradiction is remembered: nothing that is signed with this key is believed any more.
export async function accuse(
  how: Contradicting,
  known: KnownCheckpoint,
  log: LogKey,
  memory: LogMemory,
  ...parts: string[]
): Promise<Contradiction> {
  const evidence = parts.join(BETWEEN);
  await memory.accuse(log, evidence);
  return new Contradiction(how, known, evidence);
}

// Raises Contradiction. Two trees of one size: the log's two signatures speak for themselves, whoever cosigned, and
// whenever; and so does a part that has gone on after its end.
async function checkSize(known: KnownCheckpoint, now: Checkpoint, note: string, log: LogKey, memory: LogMemory) {
  if (known.size === now.size && known.root !== b64(now.root))
    throw await accuse("fork", known, log, memory, known.note, note);
  if (known.ending && known.size < now.size) throw await accuse("goes on", known, log, memory, known.ending, note);
  if (known.size > now.size) throw new Contradiction("rollback", known, [known.note, note].join(BETWEEN));
}

// Raises Contradiction for a tree that does not begin with the one that is known.
async function checkContinues(known: KnownCheckpoint, tree: TileTree, note: string, log: LogKey, memory: LogMemory) {
  if (known.size >= tree.size) return;
  const before = await tree.root(known.size);
  if (b64(before) === known.root) return;
  const steps = [before, ...(await tree.consistency(known.size))].map((step) => `${b64(step)}\n`);
  throw await accuse("fork", known, log, memory, known.note, note, steps.join(""));
}

// Whether the log holds this entry at this place; null where it does not reach that far.
export async function holds(log: CheckedLog, number: number, entry: Bytes): Promise<boolean | null> {
  const { part, index } = positionOf(number);
  const tree = log.parts[part]?.tree;
  return tree && index < tree.size ? tree.holds(index, entry) : null;
}

// A receipt file (c2sp.org/tlog-proof) of one entry, with the entry itself as its extra: checkable without any server.
export async function receiptOf(log: CheckedLog, number: number): Promise<string> {
  const { part, index } = positionOf(number);
  const { tree, note } = log.parts[part]!;
  return receiptIn(tree, note, index);
}

export async function receiptIn(tree: TileTree, note: string, index: number): Promise<string> {
  const hashes = (await tree.inclusion(index)).map((hash) => `${b64(hash)}\n`).join("");
  return `${RECEIPT}\nextra ${b64(await tree.entry(index))}\nindex ${index}\n${hashes}\n${note}`;
}

// Between which times (Unix seconds) the entries of a part were made. Both the log's own word and that of the witnesses
// of its ends are taken, whichever is further away: the log alone could leave days out.
export function timesOf({ parts }: CheckedLog, part: number): { fromS: number; toS: number } {
  const { first, last, next, witnessed } = parts[part]!;
  const before = part > 0 ? parts[part - 1]!.witnessed.map(({ at_s }) => at_s) : [Number.NEGATIVE_INFINITY];
  const after = next ? witnessed.map(({ at_s }) => at_s) : [Number.POSITIVE_INFINITY];
  return {
    fromS: Math.min(...before, first?.atS ?? Number.POSITIVE_INFINITY),
    toS: Math.max(...after, last?.atS ?? Number.NEGATIVE_INFINITY),
  };
}

// What a reviewer said of the clip, in words; null for an entry that is not a label.
export function said(entry: { kind: string; event: Record<string, unknown> }): string | null {
  const label = entry.event.label as { subjects?: string[]; happenings?: string[]; verdict?: string } | undefined;
  if (entry.kind !== "label" || typeof label !== "object" || !Array.isArray(label.subjects)) return null;
  return [...label.subjects, ...(label.happenings ?? []), label.verdict ?? "unsure"]
    .map((word) => word.replaceAll("_", " "))
    .join(", ");
}
