// Reads the log of each programme that something was given to, and holds what its keeper claims about every donation
// against it. Fails closed: when one file, one claim or the owner's key is missing, nothing is proven; but only of that
// programme.

import { attempt, broken, type Failure, type get, isGone, type Result, type sealed } from "../../shared/api";
import type { Bytes } from "../../shared/bytes";
import { logKey } from "../../shared/consent";
import { LogError, type LogKey, readKey, StaleCheckpoint } from "../../shared/ledger";
import {
  type CheckedLog,
  Contradiction,
  HubChanged,
  holds,
  LogCache,
  type LogDoors,
  readLog,
  Unvouched,
} from "../../shared/log";
import type { HubMemory, LogMemory } from "../../shared/memory";
import { NoSuchFile } from "../../shared/tiles";
import { type Progress, readEvery } from "../../shared/whose";
import type { Donation, Donations, EntryClaims, Programme } from "../../shared/wire";
import { checked, type Entry, type OwnPlace, ownEntries, type Unclaimed, unclaimed } from "./entries";
import { entering } from "./standing";

// Claims are asked for that often at least, also when nothing of the owner's is new in the log. Ten clips with twenty
// looks each are 220 kB.
const CLAIMS_MS = 600_000;

export interface ReadingDoors {
  hub: { get: typeof get; sealed: typeof sealed };
  keys: () => { sign: CryptoKey; signPublic: string } | null;
  open: (sealed: Bytes) => Promise<Result<Bytes>>;
  nowMs: () => number; // the hub's time, as everything that it recorded
  // This browser's own time, by which a log is fresh or stale: a hub that passes on an old log could set its own clock
  // back as well.
  browserMs: () => number;
  memory: LogMemory;
  vouching: HubMemory;
}

export interface Read {
  log: CheckedLog;
  entries: Entries;
  unclaimed: Unclaimed; // entries with the owner's tags that the keeper did not mention
  isWhole: boolean; // every entry was read in this browser
}
export type Entries = Readonly<Record<string, Entry[]>>; // by donation

// What is held against being believed: the log was confirmed too long ago, or is not what this browser saw; or the
// household's own hub does not vouch for it.
export type Doubt = StaleCheckpoint | Contradiction | Unvouched | HubChanged;
export type ReadingFailure = Failure & {
  doubt?: Doubt;
  isFault?: boolean; // what was read does not hold together; else it could not be read
};
export type ReadingResult = { ok: true; value: Read } | ReadingFailure;

// A programme and what was given to it; null: one of before 0.4, or one that the hub does not know any more.
export interface Share {
  id: string;
  programme: Programme | null;
  given: Donation[];
}

export function sharesOf({ programme: joined, programmes, given }: Donations): Share[] {
  const shares = new Map<string, Share>();
  for (const donation of given) {
    const id = donation.programme_id ?? "";
    const programme = programmes.find((each) => each.id === id) ?? (joined?.id === id ? joined : null);
    const share = shares.get(id) ?? { id, programme, given: [] };
    shares.set(id, share);
    share.given.push(donation);
  }
  return [...shares.values()];
}

// What one page holds of one programme while it is open.
interface Session {
  log: LogCache;
  claims: Claims | null;
}

// What the keepers said when they were last asked, and for which entries of the owner's that was.
interface Claims {
  of: string;
  atMs: number;
  entries: Record<string, Entry[]>;
  claimed: Set<number>;
  isWhole: boolean; // of every donation
  isSettled: boolean; // everything is proven, and nothing is left to be claimed
}

export type LogReader = ReturnType<typeof logReader>;

// `tell` hears of each programme's reading when it has ended, so that one that is away keeps no other waiting.
export function logReader(doors: ReadingDoors, tell: (programme: string, result: ReadingResult) => void) {
  const sessions = new Map<string, Session>();
  const reading = new Set<string>();

  const sessionOf = (id: string) => {
    const session = sessions.get(id) ?? { log: new LogCache(), claims: null };
    sessions.set(id, session);
    return session;
  };

  async function one(share: Share, witness: string) {
    if (reading.has(share.id)) return;
    reading.add(share.id);
    try {
      tell(share.id, await readAgain(() => read(share, witness, sessionOf(share.id), doors)));
    } finally {
      reading.delete(share.id);
    }
  }

  // Ends with the first of them: the others are told of when they come, and not read twice at once.
  async function round(found: Donations): Promise<void> {
    const all = sharesOf(found).map((share) => one(share, found.witness.key));
    if (all.length > 0) await Promise.race(all);
  }

  // Reads every entry of one log; false when that is not wanted any more.
  async function every(found: Donations, id: string, progress: Progress): Promise<Result<boolean>> {
    const programme = found.programmes.find((each) => each.id === id);
    return attempt(async () => {
      if (!programme) throw new Error("Join the programme again.");
      const at = logDoors(programme, await hubKey(found.witness.key, doors), sessionOf(id), doors);
      return readEvery(await readLog(programme.policy, at), at, progress);
    });
  }

  return { round, every, trust: doors.vouching.keep };
}

// A log that grew meanwhile may not have the files at its old edge any more: then its new checkpoint is asked for.
async function readAgain(act: () => Promise<ReadingResult>): Promise<ReadingResult> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof NoSuchFile)) return failureOf(error);
  }
  return act().catch(failureOf);
}

// Raises what the log says against being believed, and NoSuchFile.
async function read(share: Share, witness: string, session: Session, doors: ReadingDoors): Promise<ReadingResult> {
  const { programme, given } = share;
  const keys = doors.keys();
  if (!programme) return broken("Join the programme again to see who looked.");
  if (!keys) return broken("Sign in first.");
  const at = logDoors(programme, await hubKey(witness, doors), session, doors);
  const log = await readLog(programme.policy, at);
  const key = await logKey(keys.sign);
  const sinceMs = Math.min(...given.map((each) => each.given_ms));
  const { own, isWhole } = await ownEntries(log, sinceMs, key, at);
  const claims = await claimsOf(given, own, log, key, session, doors);
  if (!claims.ok) return claims;
  const { entries, claimed } = claims.value;
  const left = await unclaimed(own, claimed, doors.browserMs());
  claims.value.isSettled = claims.value.isWhole && left.looks + left.recent === 0 && isProven(entries);
  return { ok: true, value: { log, entries, unclaimed: left, isWhole } };
}

function failureOf(error: unknown): ReadingFailure {
  const failure = {
    ...broken(error instanceof Error ? error.message : String(error)),
    isFault: error instanceof LogError,
  };
  for (const kind of [StaleCheckpoint, Contradiction, Unvouched, HubChanged])
    if (error instanceof kind) return { ...failure, doubt: error };
  return failure;
}

function logDoors({ id }: Programme, hub: LogKey, { log }: Session, doors: ReadingDoors): LogDoors {
  const fetchFile = async (path: string) => {
    const file = await doors.hub.sealed(`/giving/logs/${id}/${path}`);
    if (!file.ok) throw isGone(file) ? new NoSuchFile(file.text) : new Error(file.text);
    if (!file.value) throw new NoSuchFile("The log is not there.");
    return file.value.bytes;
  };
  return { fetchFile, memory: doors.memory, nowMs: doors.browserMs, hub, cache: log };
}

// The key that the hub vouches with, which this browser keeps from the first time on.
async function hubKey(witness: string, { vouching }: ReadingDoors): Promise<LogKey> {
  const known = await vouching.known();
  if (known !== null && known !== witness) throw new HubChanged(known, witness);
  if (!witness) throw new Unvouched("ever");
  const key = await readKey(witness);
  if (known === null) await vouching.keep(witness);
  return key;
}

// What the keeper claims of each donation, checked. Asked again only when an entry of the owner's came into the log,
// something is still to come or amiss, or ten minutes have passed.
async function claimsOf(
  given: readonly Donation[],
  own: readonly OwnPlace[],
  log: CheckedLog,
  key: Bytes,
  session: Session,
  doors: ReadingDoors,
): Promise<Result<Claims>> {
  const nowMs = doors.browserMs();
  const of = JSON.stringify([
    given.map(({ id, withdrawn_ms }) => [id, withdrawn_ms]),
    own.map((each) => each.position),
  ]);
  const had = session.claims;
  if (had?.isSettled && had.of === of && nowMs - had.atMs < CLAIMS_MS) return { ok: true, value: had };
  const entries: Record<string, Entry[]> = {};
  const claimed = new Set<number>();
  const against = {
    holds: (position: number, entry: Bytes) => holds(log, position, entry),
    confirmedMs: (log.confirmed?.at_s ?? 0) * 1000,
  };
  let isWhole = true;
  for (const donation of given) {
    const claims = await doors.hub.get<EntryClaims>(`/giving/donations/${donation.id}/entries`);
    if (!claims.ok && entering(donation, null, doors.nowMs())) {
      isWhole = false; // given a moment ago: nothing can be claimed of it yet, and that proves nothing against the rest
      entries[donation.id] = [];
      continue;
    }
    if (!claims.ok) return claims;
    const by = { logKey: key, open: doors.open, nowMs: doors.nowMs() };
    entries[donation.id] = await checked(claims.value.entries, donation.id, against, by);
    for (const { index } of claims.value.entries) if (index !== null) claimed.add(index);
  }
  session.claims = { of, atMs: nowMs, entries, claimed, isWhole, isSettled: false };
  return { ok: true, value: session.claims };
}

const isProven = (entries: Entries) =>
  Object.values(entries).every((each) => each.every(({ proof }) => proof.is === "proven"));
