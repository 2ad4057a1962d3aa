// What this browser remembers of every log that it ever verified: of each part, the largest size, its root and its
// signed note, whether it is finished, and the proof of a fork; and the key of the household's hub. Kept in IndexedDB,
// apart from the keys: it holds no secret, and signing out does not delete it, since whoever rewrites a log would
// otherwise only have to wait for that (or end the session and so bring it about). One memory for each key of a log,
// not for each household: the log is the same for all of them.

import { b64 } from "./bytes";
import type { Checkpoint, LogKey } from "./ledger";
import { objectStore } from "./store";

export interface KnownCheckpoint {
  size: number;
  root: string; // b64
  note: string; // signed
  seenMs: number; // by this browser's clock
  fork: string | null; // evidence that the log contradicted this; it stays
  ending?: string; // the receipt of the entry that ends this part of the log: nothing may follow it
}

export interface LogMemory {
  newest(log: LogKey): Promise<KnownCheckpoint | null>;
  keep(log: LogKey, seen: KnownCheckpoint): Promise<void>;
  accuse(log: LogKey, evidence: string): Promise<void>;
  isLasting(): boolean; // false where this browser keeps nothing
}

// The key with which this household's hub vouches for logs, as this browser first heard it.
export interface HubMemory {
  known(): Promise<string | null>;
  keep(key: string): Promise<void>;
}

type Change<T> = (known: T | null) => T | null;

// Where a record lies. `change` reads and writes it as one step, so that two tabs lose nothing to each other.
export interface Shelf<T = KnownCheckpoint> {
  get(key: string): Promise<T | null>;
  change(key: string, by: Change<T>): Promise<void>;
}

export const spelled = ({ size, root }: Checkpoint) => ({ size, root: b64(root) });

// One name for each key of a part: the part's name is in it.
export const keyOf = ({ name, key }: LogKey) => `${name}+${b64(key)}`;

// A smaller tree never takes the place of a larger one, and nothing that of an accusation or of a part's end.
export const larger =
  (seen: KnownCheckpoint): Change<KnownCheckpoint> =>
  (known) => {
    if (!known) return seen;
    if (known.fork || known.ending || known.size > seen.size) return known;
    if (known.size < seen.size) return seen;
    return seen.ending ? { ...known, ending: seen.ending } : known;
  };

// On `lasting`; and on `passing`, which lives as long as the page, for browsers that keep nothing (private windows).
export function logMemory(lasting: Shelf, passing: Shelf = inMemory()): LogMemory {
  const shelf = twofold(lasting, passing);
  const change = (log: LogKey, by: Change<KnownCheckpoint>) => shelf.change(keyOf(log), by);
  return {
    async newest(log) {
      const both = await shelf.both(keyOf(log));
      return both.reduce((known, seen) => (seen?.fork || !known ? seen : seen ? larger(seen)(known) : known));
    },
    keep: (log, seen) => change(log, larger(seen)),
    accuse: (log, evidence) => change(log, (known) => known && { ...known, fork: known.fork ?? evidence }),
    isLasting: shelf.isLasting,
  };
}

const HUB = "hub"; // a page has one

export function hubMemory(lasting: Shelf<string>, passing: Shelf<string> = inMemory()): HubMemory {
  const shelf = twofold(lasting, passing);
  return {
    async known() {
      const [kept, heard] = await shelf.both(HUB);
      return kept ?? heard ?? null;
    },
    keep: (key) => shelf.change(HUB, () => key),
  };
}

// On two shelves; where the first cannot be used, the second has to do.
function twofold<T>(lasting: Shelf<T>, passing: Shelf<T>) {
  let lasts = true;
  const attempted = async <R>(act: () => Promise<R>): Promise<R | null> => {
    try {
      const done = await act();
      lasts = true;
      return done;
    } catch {
      lasts = false;
      return null;
    }
  };
  return {
    both: async (key: string) => [await attempted(() => lasting.get(key)), await passing.get(key)],
    async change(key: string, by: Change<T>) {
      await passing.change(key, by);
      await attempted(() => lasting.change(key, by));
    },
    isLasting: () => lasts,
  };
}

export function inMemory<T = KnownCheckpoint>(): Shelf<T> {
  const held = new Map<string, T>();
  return {
    get: async (key) => held.get(key) ?? null,
    change: async (key, by) => {
      const now = by(held.get(key) ?? null);
      if (now) held.set(key, now);
    },
  };
}

export const logsInBrowser = () => inBrowser<KnownCheckpoint>("nightlatch-logs", "newest");
export const hubInBrowser = () => inBrowser<string>("nightlatch-hub", "key");

function inBrowser<T>(database: string, name: string): Shelf<T> {
  const store = objectStore(database, name);
  return {
    get: async (key) => ((await store("readonly", (s) => s.get(key))) as T | undefined) ?? null,
    change: async (key, by) => {
      await store("readwrite", (s) => {
        const asked = s.get(key) as IDBRequest<T | undefined>;
        asked.onsuccess = () => {
          const now = by(asked.result ?? null);
          if (now && now !== asked.result) s.put(now, key);
        };
        return asked;
      });
    },
  };
}
