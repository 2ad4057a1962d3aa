// What the keeper claims about a donation, held against the log.

import { expect, test } from "vitest";
import { type Against, type Checking, checked, unclaimed } from "../owner/giving/entries";
import { broken } from "../shared/api";
import { type Bytes, b64, same, utf8 } from "../shared/bytes";
import { commitment, dayTag } from "../shared/consent";
import { readLeaf } from "../shared/parts";
import type { EntryClaim } from "../shared/wire";
import { leafOf } from "./tiny-log";

const NOON_MS = Date.UTC(2026, 10, 28, 12);
const DAY_MS = 86_400_000;
const KEY = utf8("the owner's key for tags in a log");
const SALT = utf8("0123456789abcdef");
const BY: Checking = { logKey: KEY, open: async (sealed) => ({ ok: true, value: sealed }), nowMs: NOON_MS };

// A leaf and what the keeper would say of it; nothing is sealed here, so opening gives back what it gets.
async function made(like: { kind?: string; atMs?: number; donation?: string; key?: Bytes; tagMs?: number } = {}) {
  const { kind = "view.open", atMs = NOON_MS, donation = "d1", key = KEY } = like;
  const event = { donation, kind };
  const leaf = leafOf(kind, atMs, b64(await dayTag(key, like.tagMs ?? atMs)), await commitment(SALT, event));
  const sealed_event = b64(utf8(JSON.stringify({ event, salt: b64(SALT) })));
  const claim: EntryClaim = { kind, leaf: b64(leaf), index: 0, due_ms: null, sealed_event };
  return { claim, leaf };
}

const log = (...leaves: Bytes[]): Against => ({
  holds: async (at, entry) => (at < leaves.length ? same(leaves[at]!, entry) : null),
  confirmedMs: NOON_MS,
});
const proof = async (claim: EntryClaim, of: Against, by = BY) => (await checked([claim], "d1", of, by))[0]!.proof;

test("an entry that stands in the log and fits it is proven", async () => {
  const { claim, leaf } = await made();
  const [entry] = await checked([claim], "d1", log(leaf), BY);
  expect(entry).toMatchObject({ kind: "view.open", at_ms: NOON_MS, event: { donation: "d1" } });
  expect(entry!.proof).toEqual({ is: "proven", index: 0 });
});

test("the oldest entry comes first", async () => {
  const [late, early] = [await made(), await made({ atMs: NOON_MS - 5000 })];
  const found = await checked([late.claim, { ...early.claim, index: 1 }], "d1", log(late.leaf, early.leaf), BY);
  expect(found.map((entry) => entry.at_ms)).toEqual([NOON_MS - 5000, NOON_MS]);
});

test("an entry that is not in the log yet is on its way until it is due", async () => {
  const claim = { ...(await made()).claim, index: null, due_ms: NOON_MS };
  expect(await proof(claim, log())).toEqual({ is: "coming" });
  const late = await proof(claim, log(), { ...BY, nowMs: NOON_MS + 60_001 });
  expect(late).toMatchObject({ is: "faulty", fault: expect.stringContaining("by now") });
});

test("an entry just made is no fault while the log does not show it, whenever it is said to be due", async () => {
  const claim = { ...(await made({ kind: "consent.give" })).claim, index: null };
  expect(await proof(claim, log())).toEqual({ is: "coming" });
  expect(await proof({ ...claim, index: 7 }, log())).toEqual({ is: "coming" });
  const never = { ...claim, due_ms: Number.MAX_SAFE_INTEGER };
  expect(await proof(never, log(), { ...BY, nowMs: NOON_MS + 3_660_000 })).toEqual({ is: "coming" });
  expect(await proof(never, log(), { ...BY, nowMs: NOON_MS + 3_660_001 })).toMatchObject({ is: "faulty" });
  const ahead = { ...(await made({ atMs: NOON_MS + 121_000 })).claim, index: null };
  expect(await proof(ahead, log())).toMatchObject({ fault: expect.stringContaining("future") });
});

test("an index that a log of after it was due does not reach, or that holds something else, is a fault", async () => {
  const { claim, leaf } = await made({ atMs: NOON_MS - 61_000 });
  const other = await made({ atMs: NOON_MS - 1000 });
  expect(await proof({ ...claim, index: 1 }, log(leaf))).toMatchObject({ fault: expect.stringContaining("reach") });
  expect(await proof(claim, log(other.leaf))).toMatchObject({ fault: expect.stringContaining("something else") });
});

test("an event that does not fit its leaf, or is of another donation, is a fault", async () => {
  const { claim, leaf } = await made();
  const other = await made({ kind: "label" });
  const swapped = { ...claim, sealed_event: other.claim.sealed_event };
  expect(await proof(swapped, log(leaf))).toMatchObject({ fault: expect.stringContaining("does not match") });
  const foreign = await made({ donation: "d2" });
  expect(await proof(foreign.claim, log(foreign.leaf))).toMatchObject({ is: "faulty" });
});

test("an event that does not open is a fault, and proves nothing", async () => {
  const { claim, leaf } = await made();
  const by = { ...BY, open: async () => broken("This file does not open.") };
  expect(await proof(claim, log(leaf), by)).toMatchObject({ fault: expect.stringContaining("does not open") });
  const garbled = { ...claim, sealed_event: b64(utf8("{")) };
  expect(await proof(garbled, log(leaf))).toMatchObject({ fault: expect.stringContaining("cannot be read") });
});

test("an entry without the owner's tag is a fault; a label may carry the tag of the day before", async () => {
  const foreign = await made({ key: utf8("somebody else's key") });
  expect(await proof(foreign.claim, log(foreign.leaf))).toMatchObject({ fault: expect.stringContaining("yours") });
  const label = await made({ kind: "label", tagMs: NOON_MS - DAY_MS });
  expect(await proof(label.claim, log(label.leaf))).toEqual({ is: "proven", index: 0 });
  const look = await made({ tagMs: NOON_MS - DAY_MS });
  expect(await proof(look.claim, log(look.leaf))).toMatchObject({ is: "faulty" });
});

test("looks and labels that nobody claimed are counted; those of a moment ago may still be", async () => {
  const entries = [{}, { atMs: NOON_MS - DAY_MS }, { kind: "label" }, { atMs: NOON_MS - 60_000 }];
  const own = await Promise.all(
    entries.map(async (like, position) => ({ position, read: async () => readLeaf((await made(like)).leaf) })),
  );
  expect(await unclaimed(own, new Set([0]), NOON_MS)).toEqual({ looks: 1, labels: 1, recent: 1 });
  expect(await unclaimed(own, new Set([0]), NOON_MS + 120_000)).toEqual({ looks: 2, labels: 1, recent: 0 });
  expect(await unclaimed(own, new Set([0]), NOON_MS - 300_000)).toEqual({ looks: 2, labels: 1, recent: 0 });
});
