// Reads the whole log and holds what the keeper claims about every donation against it. Fails closed: when one file,
// one claim or the owner's key is missing, nothing is proven.

import { attempt, broken, type Failure, type get, type Result, type sealed } from "../../shared/api";
import type { Bytes } from "../../shared/bytes";
import { logKey } from "../../shared/consent";
import { readPolicy, StaleCheckpoint } from "../../shared/ledger";
import { Contradiction, readLog, type WholeLog } from "../../shared/log";
import type { LogMemory } from "../../shared/memory";
import type { Donations, EntryClaims, Programme } from "../../shared/wire";
import { checked, type Entry, type Unclaimed, unclaimed } from "./entries";

export interface ReadingDoors {
  hub: { get: typeof get; sealed: typeof sealed };
  keys: () => { sign: CryptoKey; signPublic: string } | null;
  open: (sealed: Bytes) => Promise<Result<Bytes>>;
  nowMs: () => number; // the hub's time, as everything that it recorded
  // This browser's own time, by which a log is fresh or stale: a hub that passes on an old log could set its own clock
  // back as well.
  browserMs: () => number;
  memory: LogMemory;
}

export interface Read {
  log: WholeLog;
  entries: Entries;
  unclaimed: Unclaimed; // entries with the owner's tags that the keeper did not mention
}
export type Entries = Readonly<Record<string, Entry[]>>; // by donation

// What the log itself says against being believed: it was confirmed too long ago, or is not what this browser saw.
export type Doubt = StaleCheckpoint | Contradiction;
export type ReadingFailure = Failure & { doubt?: Doubt };

export async function read(found: Donations, doors: ReadingDoors): Promise<{ ok: true; value: Read } | ReadingFailure> {
  const { given } = found;
  const programme = found.programme ?? found.programmes[0];
  const keys = doors.keys();
  if (!programme) return broken("Join the programme again to see who looked.");
  if (!keys) return broken("Sign in first.");
  const log = await wholeLog(programme, doors);
  if (!log.ok) return log;
  const by = { logKey: await logKey(keys.sign), open: doors.open, nowMs: doors.nowMs() };
  const entries: Record<string, Entry[]> = {};
  const claimed = new Set<number>();
  for (const { id } of given) {
    const claims = await doors.hub.get<EntryClaims>(`/giving/donations/${id}/entries`);
    if (!claims.ok) return claims;
    const held = await attempt(() => checked(claims.value.entries, id, log.value, by));
    if (!held.ok) return held;
    entries[id] = held.value;
    for (const { index } of claims.value.entries) if (index !== null) claimed.add(index);
  }
  const sinceMs = Math.min(...given.map((each) => each.given_ms));
  return { ok: true, value: { log: log.value, entries, unclaimed: await unclaimed(log.value, sinceMs, claimed, by) } };
}

async function wholeLog(
  { id, policy }: Programme,
  { hub, memory, browserMs }: ReadingDoors,
): Promise<{ ok: true; value: WholeLog } | ReadingFailure> {
  const fetchFile = async (path: string) => {
    const file = await hub.sealed(`/giving/logs/${id}/${path}`);
    if (!file.ok) throw new Error(file.text);
    if (!file.value) throw new Error("The log is not there.");
    return file.value.bytes;
  };
  try {
    return { ok: true, value: await readLog(fetchFile, await readPolicy(policy), memory, browserMs) };
  } catch (error) {
    const failure = broken(error instanceof Error ? error.message : String(error));
    return error instanceof StaleCheckpoint || error instanceof Contradiction ? { ...failure, doubt: error } : failure;
  }
}
