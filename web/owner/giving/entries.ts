// Who looked at what was given: the keeper's word for it, held against the log that witnesses cosigned. An entry is
// proven only if it opens with the owner's key, fits its leaf, carries the owner's tag and stands in the log.

import { attempt, type Result } from "../../shared/api";
import { type Bytes, b64, unb64 } from "../../shared/bytes";
import { commitment, dayTag } from "../../shared/consent";
import { type CheckedLog, type LogDoors, timesOf } from "../../shared/log";
import { type Leaf, numberOf, readLeaf } from "../../shared/parts";
import { isReadWhole, type TaggedEntries, tagged } from "../../shared/whose";
import type { EntryClaim } from "../../shared/wire";

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const GRACE_MS = 60_000; // after an entry is due: the log is read now and then, not at once
const LONGEST_DUE_MS = 3_600_000; // after its own time: the programme cannot say that an entry comes next year
const CLAIM_MS = 120_000; // the keeper hears of an entry after the log has it

export interface Entry {
  leaf: string; // b64, as the log holds it
  kind: string;
  at_ms: number;
  event: Record<string, unknown>; // empty when it does not open
  proof: Proof;
}
export type Proof =
  | { is: "proven"; index: number } // part and index as one number
  | { is: "coming" } // not in the log yet, and not due
  | { is: "faulty"; fault: string };

// What the owner's browser needs to check entries: the key of this owner's tags, and a way to open what is sealed.
export interface Checking {
  logKey: Bytes;
  open: (sealed: Bytes) => Promise<Result<Bytes>>;
  nowMs: number;
}

// The log, as entries are held against it: whether this entry is in that place (null: it does not reach that far), and
// until when it is known.
export interface Against {
  holds: (position: number, entry: Bytes) => Promise<boolean | null>;
  confirmedMs: number;
}

const parsed = <T>(bytes: Bytes) => JSON.parse(new TextDecoder().decode(bytes)) as T;

// Every claim about a donation as an entry, the oldest first. Raises when a leaf is no leaf at all.
export async function checked(
  claims: readonly EntryClaim[],
  donation: string,
  log: Against,
  by: Checking,
): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const claim of claims) found.push(await check(claim, donation, log, by));
  return found.sort((a, b) => a.at_ms - b.at_ms);
}

async function check(claim: EntryClaim, donation: string, log: Against, by: Checking): Promise<Entry> {
  const raw = unb64(claim.leaf);
  const leaf = readLeaf(raw);
  if (!leaf) throw new Error("The programme shows something that is no entry of a log.");
  const { leaf: id } = claim;
  const entry: Entry = { leaf: id, kind: leaf.kind, at_ms: leaf.atS * SECOND_MS, event: {}, proof: { is: "coming" } };
  const fitting = await attempt(() => fits(entry, leaf, claim, donation, by));
  const fault = fitting.ok ? fitting.value : `This entry cannot be read: ${fitting.text}`;
  entry.proof = fault === null ? await placed(claim, raw, entry, log, by.nowMs) : { is: "faulty", fault };
  return entry;
}

// What is wrong with what the programme says of an entry; null when nothing is.
async function fits(entry: Entry, leaf: Leaf, claim: EntryClaim, donation: string, by: Checking) {
  const opened = await by.open(unb64(claim.sealed_event));
  if (!opened.ok) return `This entry cannot be read: ${opened.text}`;
  const { event, salt } = parsed<{ event: Record<string, never>; salt: string }>(opened.value);
  entry.event = event;
  const isCommitted = b64(await commitment(unb64(salt), event)) === b64(leaf.commitment);
  if (!isCommitted || (event as { donation?: string }).donation !== donation) {
    return "What the programme says does not match the log's entry.";
  }
  return (await isMine(by.logKey, entry, b64(leaf.tag))) ? null : "The entry is not marked as yours.";
}

// An entry that is not in the log is on its way until it is due and a little longer: until then by the hub's clock when
// the programme does not say where it is, and by the log's last confirmation when the log does not reach that far yet.
async function placed(claim: EntryClaim, raw: Bytes, entry: Entry, log: Against, nowMs: number): Promise<Proof> {
  const { index } = claim;
  const dueMs = Math.min(claim.due_ms ?? entry.at_ms, entry.at_ms + LONGEST_DUE_MS);
  const isAhead = entry.at_ms > nowMs + CLAIM_MS;
  const there = index === null ? null : await log.holds(index, raw);
  if (there === true && index !== null) return { is: "proven", index };
  if (there === false) return { is: "faulty", fault: "The log holds something else in this place." };
  if (isAhead) return { is: "faulty", fault: "It is dated in the future, and is not in the log." };
  const isLate = dueMs + GRACE_MS < (index === null ? nowMs : Math.min(nowMs, log.confirmedMs));
  if (!isLate) return { is: "coming" };
  const fault =
    index === null
      ? "It should be in the log by now, but it is not."
      : "The log does not reach that far: this entry is not in it.";
  return { is: "faulty", fault };
}

// A label carries the tag of the day on which its look began, which may be the day before.
async function isMine(key: Bytes, entry: Entry, tag: string): Promise<boolean> {
  if (b64(await dayTag(key, entry.at_ms)) === tag) return true;
  return entry.kind === "label" && b64(await dayTag(key, entry.at_ms - DAY_MS)) === tag;
}

export interface Unclaimed {
  looks: number;
  labels: number; // they are not looks
  recent: number; // neither, yet: the programme may still mention them
}

// Where an entry with one of this owner's tags is. An index names eight bytes of a tag: `read` gives the entry if it
// has the whole tag, else null. A claimed one need not be read: its tile shows that it is there.
export interface OwnPlace {
  position: number;
  read: () => Promise<Leaf | null>;
}

// The entries that carry this owner's tags, on the days since `sinceMs`, in every part of the log; and whether all
// entries were read to find them.
export async function ownEntries(
  log: CheckedLog,
  sinceMs: number,
  logKey: Bytes,
  doors: LogDoors,
): Promise<{ own: OwnPlace[]; isWhole: boolean }> {
  const own: OwnPlace[] = [];
  let isWhole = true;
  for (const [number, part] of log.parts.entries()) {
    const { fromS, toS } = timesOf(log, number);
    const untilMs = Math.min(doors.nowMs(), toS * SECOND_MS) + DAY_MS;
    const tags = await dayTags(logKey, Math.max(sinceMs, fromS * SECOND_MS - DAY_MS), untilMs);
    const found: TaggedEntries =
      tags.length > 0 ? await tagged(part, tags, doors) : { indexes: [], isWhole: isReadWhole(part, doors) };
    isWhole &&= found.isWhole;
    const names = new Set(tags.map(b64));
    const read = async (index: number) => {
      const leaf = readLeaf(await part.tree.entry(index));
      return leaf && names.has(b64(leaf.tag)) ? leaf : null;
    };
    for (const index of found.indexes)
      own.push({ position: numberOf({ part: number, index }), read: () => read(index) });
  }
  return { own, isWhole };
}

async function dayTags(key: Bytes, fromMs: number, untilMs: number): Promise<Bytes[]> {
  const tags: Promise<Bytes>[] = [];
  for (let at = fromMs; at < untilMs; at += DAY_MS) tags.push(dayTag(key, at));
  return Promise.all(tags);
}

// Own entries that the keeper did not claim. One that is dated within two minutes of now may still be claimed; one that
// is dated further ahead may not, since it could wait for ever.
export async function unclaimed(
  own: readonly OwnPlace[],
  claimed: ReadonlySet<number>,
  nowMs: number,
): Promise<Unclaimed> {
  const found = { looks: 0, labels: 0, recent: 0 };
  for (const { position, read } of own) {
    const leaf = claimed.has(position) ? null : await read();
    if (!leaf) continue;
    if (leaf.kind === "label") found.labels++;
    else if (Math.abs(nowMs - leaf.atS * SECOND_MS) <= CLAIM_MS) found.recent++;
    else found.looks++;
  }
  return found;
}
