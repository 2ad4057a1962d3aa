// Who looked at what was given: the keeper's word for it, held against the log that witnesses cosigned.

import { type Bytes, b64, same, unb64 } from "../../shared/bytes";
import { commitment, dayTag, logKey } from "../../shared/consent";
import type { LogPolicy } from "../../shared/ledger";
import { readLog, type WholeLog } from "../../shared/log";
import { get, sealed } from "../../shared/throwing";
import { opener, ring } from "../state";

export interface Told {
  kind: string;
  leaf: string; // b64
  index: number | null; // null: not in the log yet
  due_ms: number | null;
  sealed_event: string; // b64
}

export interface Look {
  kind: string;
  at_ms: number;
  index: number | null;
  due_ms: number | null;
  event: Record<string, unknown>;
  fault: string | null; // null: the log proves it
}

export async function wholeLog(policy: LogPolicy): Promise<WholeLog> {
  return readLog(async (path) => {
    const found = await sealed(`/giving/log/${path}`);
    if (!found) throw new Error("The log is not there.");
    return found.bytes;
  }, policy);
}

// Every entry about a donation, each with what is wrong with it, and how many entries with this owner's tags nobody
// told of.
export async function looks(donation: string, log: WholeLog): Promise<Look[]> {
  const { entries } = await get<{ entries: Told[] }>(`/giving/donations/${donation}/entries`);
  const mine = ring.value && (await logKey(ring.value.sign));
  if (!mine) throw new Error("Sign in first.");
  const found: Look[] = [];
  for (const told of entries) found.push(await check(told, donation, log, mine));
  return found.sort((a, b) => a.at_ms - b.at_ms);
}

async function check(told: Told, donation: string, log: WholeLog, key: Bytes): Promise<Look> {
  const raw = unb64(told.leaf);
  const leaf = JSON.parse(new TextDecoder().decode(raw)) as { t: number; k: string; tag: string; c: string };
  const look: Look = {
    kind: leaf.k,
    at_ms: leaf.t * 1000,
    index: told.index,
    due_ms: told.due_ms,
    event: {},
    fault: null,
  };
  try {
    const opened = JSON.parse(new TextDecoder().decode(await opener.value!.open(unb64(told.sealed_event)))) as {
      event: Record<string, never>;
      salt: string;
    };
    look.event = opened.event;
    const committed = await commitment(unb64(opened.salt), opened.event);
    if (b64(committed) !== leaf.c || (opened.event as { donation?: string }).donation !== donation)
      look.fault = "What was told does not fit the log's entry.";
    else if (!(await isMine(key, look, leaf.tag))) look.fault = "The entry is not marked as yours.";
    else if (told.index === null)
      look.fault =
        Date.now() > (told.due_ms ?? 0) + 60_000
          ? "It should be in the log by now and is not."
          : "It is on its way into the log.";
    else if (!log.leaves[told.index]) look.fault = "The log does not reach that far: this look is not in it.";
    else if (!same(log.leaves[told.index]!, raw)) look.fault = "The log holds something else in this place.";
  } catch (error) {
    look.fault = `This entry cannot be read: ${(error as Error).message}`;
  }
  return look;
}

// A label carries the tag of the day on which its look began, which may be the day before.
async function isMine(key: Bytes, look: Look, tag: string): Promise<boolean> {
  if (b64(await dayTag(key, look.at_ms)) === tag) return true;
  return look.kind === "label" && b64(await dayTag(key, look.at_ms - 86_400_000)) === tag;
}

// Entries in the log with this owner's tags, on the days since `sinceMs`, that are not among `known` indexes. Labels are
// counted apart: they are no looks.
export async function untold(
  log: WholeLog,
  sinceMs: number,
  known: ReadonlySet<number>,
): Promise<{ hidden: number; labels: number }> {
  const key = ring.value && (await logKey(ring.value.sign));
  if (!key) return { hidden: 0, labels: 0 };
  const tags = new Set<string>();
  for (let at = sinceMs; at < Date.now() + 86_400_000; at += 86_400_000) tags.add(b64(await dayTag(key, at)));
  const found = { hidden: 0, labels: 0 };
  log.leaves.forEach((raw, index) => {
    try {
      const leaf = JSON.parse(new TextDecoder().decode(raw)) as { tag?: string; k?: string };
      if (leaf.tag && tags.has(leaf.tag) && !known.has(index)) leaf.k === "label" ? found.labels++ : found.hidden++;
    } catch {
      // an entry of somebody else's making: it can hold no tag of ours
    }
  });
  return found;
}
