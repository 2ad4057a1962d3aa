// Who looked at what was given: the keeper's word for it, held against the log that witnesses cosigned. An entry is
// proven only if it opens with the owner's key, fits its leaf, carries the owner's tag and stands in the log.

import { attempt, type Result } from "../../shared/api";
import { type Bytes, b64, same, unb64 } from "../../shared/bytes";
import { commitment, dayTag } from "../../shared/consent";
import type { WholeLog } from "../../shared/log";
import type { EntryClaim } from "../../shared/wire";

const DAY_MS = 86_400_000;
const GRACE_MS = 60_000; // after an entry is due: the log is read now and then, not at once

export interface Entry {
  leaf: string; // b64, as the log holds it
  kind: string;
  at_ms: number;
  event: Record<string, unknown>; // empty when it does not open
  proof: Proof;
}
export type Proof =
  | { is: "proven"; index: number }
  | { is: "coming" } // not in the log yet, and not due
  | { is: "faulty"; fault: string };

// What the owner's browser needs to check entries: the key of this owner's tags, and a way to open what is sealed.
export interface Checking {
  logKey: Bytes;
  open: (sealed: Bytes) => Promise<Result<Bytes>>;
  nowMs: number;
}

interface Leaf {
  t: number; // seconds
  k: string;
  tag: string;
  c: string;
}

const parsed = <T>(bytes: Bytes) => JSON.parse(new TextDecoder().decode(bytes)) as T;

// Every claim about a donation as an entry, the oldest first. Raises when a leaf is no leaf at all.
export async function checked(
  claims: readonly EntryClaim[],
  donation: string,
  log: WholeLog,
  by: Checking,
): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const claim of claims) found.push(await check(claim, donation, log, by));
  return found.sort((a, b) => a.at_ms - b.at_ms);
}

async function check(claim: EntryClaim, donation: string, log: WholeLog, by: Checking): Promise<Entry> {
  const raw = unb64(claim.leaf);
  const leaf = parsed<Leaf>(raw);
  const { leaf: id } = claim;
  const entry: Entry = { leaf: id, kind: leaf.k, at_ms: leaf.t * 1000, event: {}, proof: { is: "coming" } };
  const fitting = await attempt(async () => {
    const opened = await by.open(unb64(claim.sealed_event));
    if (!opened.ok) return `This entry cannot be read: ${opened.text}`;
    const { event, salt } = parsed<{ event: Record<string, never>; salt: string }>(opened.value);
    entry.event = event;
    const isCommitted = b64(await commitment(unb64(salt), event)) === leaf.c;
    if (!isCommitted || (event as { donation?: string }).donation !== donation) {
      return "What the programme says does not match the log's entry.";
    }
    return (await isMine(by.logKey, entry, leaf.tag)) ? null : "The entry is not marked as yours.";
  });
  const fault = fitting.ok ? fitting.value : `This entry cannot be read: ${fitting.text}`;
  entry.proof = fault === null ? placed(claim, raw, log, by.nowMs) : { is: "faulty", fault };
  return entry;
}

function placed(claim: EntryClaim, leaf: Bytes, log: WholeLog, nowMs: number): Proof {
  if (claim.index === null) {
    const isLate = nowMs > (claim.due_ms ?? 0) + GRACE_MS;
    return isLate ? { is: "faulty", fault: "It should be in the log by now, but it is not." } : { is: "coming" };
  }
  const there = log.leaves[claim.index];
  if (!there) return { is: "faulty", fault: "The log does not reach that far: this entry is not in it." };
  if (!same(there, leaf)) return { is: "faulty", fault: "The log holds something else in this place." };
  return { is: "proven", index: claim.index };
}

// A label carries the tag of the day on which its look began, which may be the day before.
async function isMine(key: Bytes, entry: Entry, tag: string): Promise<boolean> {
  if (b64(await dayTag(key, entry.at_ms)) === tag) return true;
  return entry.kind === "label" && b64(await dayTag(key, entry.at_ms - DAY_MS)) === tag;
}

export interface Unclaimed {
  looks: number;
  labels: number; // they are not looks
}

// Entries in the log with this owner's tags, on the days since `sinceMs`, that the keeper did not claim.
export async function unclaimed(
  log: WholeLog,
  sinceMs: number,
  claimed: ReadonlySet<number>,
  by: Pick<Checking, "logKey" | "nowMs">,
): Promise<Unclaimed> {
  const tags = new Set<string>();
  for (let at = sinceMs; at < by.nowMs + DAY_MS; at += DAY_MS) tags.add(b64(await dayTag(by.logKey, at)));
  const found = { looks: 0, labels: 0 };
  log.leaves.forEach((raw, index) => {
    const leaf = tagged(raw);
    if (!leaf || !tags.has(leaf.tag) || claimed.has(index)) return;
    if (leaf.k === "label") found.labels++;
    else found.looks++;
  });
  return found;
}

function tagged(raw: Bytes): Pick<Leaf, "tag" | "k"> | null {
  try {
    const leaf = parsed<Partial<Leaf>>(raw);
    return leaf.tag ? { tag: leaf.tag, k: leaf.k ?? "" } : null;
  } catch {
    return null; // an entry of somebody else's making: it can hold no tag of ours
  }
}
