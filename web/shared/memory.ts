// What this browser remembers of every log that it ever verified: the largest size, its root and its signed note, and
// the proof of a fork. Kept in IndexedDB, apart from the keys: it holds no secret, and signing out does not delete it,
// since whoever rewrites a log would otherwise only have to wait for that (or end the session and so bring it about).
// One memory for each key of a log, not for each household: the log is the same for all of them.

import { b64 } from "./bytes";
import type { Checkpoint, LogKey } from "./ledger";
import { objectStore } from "./store";

export interface KnownCheckpoint {
  size: number;
  root: string; // b64
  note: string; // signed
  seenMs: number; // by this browser's clock
  fork: string | null; // evidence that the log contradicted this; it stays
}

export interface LogMemory {
  newest(log: LogKey): Promise<KnownCheckpoint | null>;
  keep(log: LogKey, seen: KnownCheckpoint): Promise<void>;
  accuse(log: LogKey, evidence: string): Promise<void>;
  isLasting(): boolean; // false where this browser keeps nothing
}

type Change = (known: KnownCheckpoint | null) => KnownCheckpoint | null;

// Where a record lies. `change` reads and writes it as one step, so that two tabs lose nothing to each other.
export interface Shelf {
  get(key: string): Promise<KnownCheckpoint | null>;
  change(key: string, by: Change): Promise<void>;
}

export const spelled = ({ size, root }: Checkpoint) => ({ size, root: b64(root) });

const keyOf = ({ name, key }: LogKey) => `${name}+${b64(key)}`;

// A smaller tree never takes the place of a larger one, and nothing that of an accusation.
export const larger =
  (seen: KnownCheckpoint): Change =>
  (known) =>
    known && (known.fork || known.size >= seen.size) ? known : seen;

// On `lasting`; and on `passing`, which lives as long as the page, for browsers that keep nothing (private windows).
export function logMemory(lasting: Shelf, passing: Shelf = inMemory()): LogMemory {
  let lasts = true;
  const attempted = async <T>(act: () => Promise<T>): Promise<T | null> => {
    try {
      const done = await act();
      lasts = true;
      return done;
    } catch {
      lasts = false;
      return null;
    }
  };
  const change = async (log: LogKey, by: Change) => {
    await passing.change(keyOf(log), by);
    await attempted(() => lasting.change(keyOf(log), by));
  };
  return {
    async newest(log) {
      const both = [await attempted(() => lasting.get(keyOf(log))), await passing.get(keyOf(log))];
      return both.reduce((known, seen) => (seen?.fork || !known ? seen : seen ? larger(seen)(known) : known));
    },
    keep: (log, seen) => change(log, larger(seen)),
    accuse: (log, evidence) => change(log, (known) => known && { ...known, fork: known.fork ?? evidence }),
    isLasting: () => lasts,
  };
}

export function inMemory(): Shelf {
  const held = new Map<string, KnownCheckpoint>();
  return {
    get: async (key) => held.get(key) ?? null,
    change: async (key, by) => {
      const now = by(held.get(key) ?? null);
      if (now) held.set(key, now);
    },
  };
}

export function inBrowser(): Shelf {
  const store = objectStore("nightlatch-logs", "newest");
  return {
    get: async (key) => ((await store("readonly", (s) => s.get(key))) as KnownCheckpoint | undefined) ?? null,
    change: async (key, by) => {
      await store("readwrite", (s) => {
        const asked = s.get(key) as IDBRequest<KnownCheckpoint | undefined>;
        asked.onsuccess = () => {
          const now = by(asked.result ?? null);
          if (now && now !== asked.result) s.put(now, key);
        };
        return asked;
      });
    },
  };
}
