// What was given, who looked, and taking it back, step by step. Pure: what came, and what is known after it.

import type { Failure, Result } from "../../shared/api";
import { type Confirmation, StaleCheckpoint } from "../../shared/ledger";
import { Contradiction, type HubChanged, type Unvouched } from "../../shared/log";
import type { Donation, Donations } from "../../shared/wire";
import type { Entries, Read, ReadingFailure, ReadingResult } from "./reading";
import { entering } from "./standing";

// Entries that were read before stay in sight when a reading fails, but nothing of them counts as proven.
export type Reading =
  | { is: "reading" }
  | ({ is: "proven" } & Read)
  | ({ is: "withheld" } & Read) // the log holds looks that the programme did not mention
  | { is: "stale"; last: Confirmation | null; maxAgeS: number; entries: Entries } // confirmed too long ago, or not yet
  | { is: "contradicted"; by: Contradiction; entries: Entries } // the log is not what this browser saw of it
  | { is: "unvouched"; by: Unvouched | HubChanged; entries: Entries } // the household's own hub does not vouch for it
  | { is: "unproven"; failure: ReadingFailure; last?: Confirmation | null | undefined; entries: Entries };

export type Withdrawal =
  | { is: "idle" }
  | { is: "sending"; donation: string }
  | { is: "failed"; donation: string; failure: Failure };

// One for each programme that something was given to, by its id: what one log says takes nothing from another.
export type Readings = Readonly<Record<string, Reading>>;

export interface There {
  is: "there";
  donations: Donations;
  readings: Readings;
  withdrawal: Withdrawal;
}
export type Giving = { is: "asking" } | { is: "unknown"; failure: Failure } | There;

export type Happening =
  | { is: "asked"; answer: Result<Donations> }
  | { is: "read"; programme: string; result: ReadingResult }
  | { is: "take-back"; donation: string }
  | { is: "taken-back"; result: Result<unknown> };

export function next(at: Giving, what: Happening): Giving {
  if (what.is === "asked") return asked(at, what.answer);
  if (at.is !== "there") return at;
  switch (what.is) {
    case "read":
      return { ...at, readings: { ...at.readings, [what.programme]: readingAfter(readingOf(at, what), what.result) } };
    case "take-back":
      if (at.withdrawal.is === "sending") return at;
      return { ...at, withdrawal: { is: "sending", donation: what.donation } };
    case "taken-back":
      if (at.withdrawal.is !== "sending") return at;
      return { ...at, withdrawal: withdrawalAfter(at.withdrawal.donation, what.result) };
  }
}

// An answer that fails takes nothing away that is known already.
function asked(at: Giving, answer: Result<Donations>): Giving {
  if (at.is === "there") return answer.ok ? { ...at, donations: answer.value } : at;
  if (!answer.ok) return { is: "unknown", failure: answer };
  return { is: "there", donations: answer.value, readings: {}, withdrawal: { is: "idle" } };
}

export const readingOf = ({ readings }: There, { programme }: { programme: string }): Reading =>
  readings[programme] ?? { is: "reading" };

function readingAfter(had: Reading, result: ReadingResult): Reading {
  if (result.ok) return { is: result.value.unclaimed.looks > 0 ? "withheld" : "proven", ...result.value };
  const entries = entriesOf(had);
  const { doubt } = result;
  if (!doubt) return { is: "unproven", failure: result, last: lastOf(had), entries };
  if (doubt instanceof StaleCheckpoint) return { is: "stale", last: doubt.last, maxAgeS: doubt.maxAgeS, entries };
  if (doubt instanceof Contradiction) return { is: "contradicted", by: doubt, entries };
  return { is: "unvouched", by: doubt, entries };
}

// When the log was last known to be confirmed, which a log that cannot be read does not say.
function lastOf(reading: Reading): Confirmation | null | undefined {
  if (isRead(reading)) return reading.log.confirmed;
  return reading.is === "stale" || reading.is === "unproven" ? reading.last : undefined;
}

// A log that was fresh when it was read does not stay so: a hub that no longer answers leaves nothing green.
export function asOf(reading: Reading, browserMs: number): Reading {
  if (!isRead(reading)) return reading;
  const { confirmed, maxAgeS, freshUntilS } = reading.log;
  if (!confirmed || Math.floor(browserMs / 1000) <= freshUntilS) return reading;
  return { is: "stale", last: confirmed, maxAgeS, entries: reading.entries };
}

function withdrawalAfter(donation: string, result: Result<unknown>): Withdrawal {
  return result.ok ? { is: "idle" } : { is: "failed", donation, failure: result };
}

// A log that could not be read yet, while all that was given to it was given a moment ago: the hub is about to read it.
// What was read and speaks against the log is no waiting: it is said at once.
export function isAwaited(reading: Reading, given: readonly Donation[], nowMs: number): boolean {
  const isUnread = reading.is === "unproven" && reading.last === undefined && !reading.failure.isFault;
  return isUnread && given.every((donation) => entering(donation, null, nowMs) !== null);
}

export function entriesOf(reading: Reading): Entries {
  return reading.is === "reading" ? {} : reading.entries;
}

export function isRead(reading: Reading): reading is { is: "proven" | "withheld" } & Read {
  return reading.is === "proven" || reading.is === "withheld";
}
