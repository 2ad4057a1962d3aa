// Where a donation stands: what the programme was asked and answered, and what the log proves of it. Pure.

import type { Donation, Letter } from "../../shared/wire";
import type { Entry } from "./entries";

export type Standing =
  | { is: "given"; untilMs: number }
  | { is: "coming"; asked: Letter | null } // nobody knows whether the programme has it
  | { is: "not-taken"; why: string } // so the programme says
  | { is: "unanswered"; sinceMs: number; asked: Letter | null; next: Next } // taken back here: it may still be shown
  | { is: "refused"; sinceMs: number; asked: Letter | null } // so the programme says, and its log does not prove it yet
  | { is: "proven"; sinceMs: number; key: KeyEnd | null }
  | { is: "never-came"; why: string }; // taken back, and the programme says that there is nothing

// Who can do something: the hub goes on asking; its owner signs (again), or joins the programme again.
export type Next = "hub" | "sign" | "join";

export type KeyEnd =
  | { is: "due"; byMs: number }
  | { is: "destroyed"; atMs: number; isInTime: boolean }
  | { is: "overdue"; byMs: number };

const GRACE_MS = 1000; // the log's times are whole seconds

// `entries` is null until the log has been read: until then nothing is said about it, good or bad.
export function standing(donation: Donation, entries: readonly Entry[] | null, nowMs: number): Standing {
  const { withdrawn_ms, refused_ms, shred_by_ms, not_taken, letter } = donation;
  const refusal = provenEntry(entries, "consent.withdraw");
  if (withdrawn_ms === null) {
    if (refusal) return refusedByLog(refusal, entries, nowMs); // its consent ended, or this hub forgot
    if (not_taken !== null) return { is: "not-taken", why: not_taken };
    return donation.arrived_ms === null
      ? { is: "coming", asked: letter }
      : { is: "given", untilMs: donation.expires_ms };
  }
  if (not_taken !== null && donation.proven_ms === null && letter === null) return { is: "never-came", why: not_taken };
  if (refused_ms === null)
    return { is: "unanswered", sinceMs: letter?.since_ms ?? withdrawn_ms, asked: letter, next: nextOf(donation) };
  if (donation.proven_ms === null && !refusal) return { is: "refused", sinceMs: refused_ms, asked: letter };
  return {
    is: "proven",
    sinceMs: refused_ms,
    key: shred_by_ms === null ? null : keyEnd(shred_by_ms, entries, nowMs),
  };
}

// What the log says of a clip that this hub does not know to have been taken back.
function refusedByLog({ event, at_ms }: Entry, entries: readonly Entry[] | null, nowMs: number): Standing {
  const { refused, shred_by } = event;
  const key = typeof shred_by === "number" ? keyEnd(shred_by, entries, nowMs) : null;
  return { is: "proven", sinceMs: typeof refused === "number" ? refused : at_ms, key };
}

function nextOf({ is_signed, programme_id }: Donation): Next {
  if (!is_signed) return "sign";
  return programme_id === null ? "join" : "hub";
}

const provenEntry = (entries: readonly Entry[] | null, kind: string) =>
  entries?.find((entry) => entry.kind === kind && entry.proof.is === "proven");

function keyEnd(byMs: number, entries: readonly Entry[] | null, nowMs: number): KeyEnd {
  if (!entries) return { is: "due", byMs };
  const shred = provenEntry(entries, "shred");
  if (shred) return { is: "destroyed", atMs: shred.at_ms, isInTime: shred.at_ms <= byMs + GRACE_MS };
  return nowMs > byMs ? { is: "overdue", byMs } : { is: "due", byMs };
}

// How long a gift may take into the log: its keeper promises the entry within a minute (keeper/book.py), and the hub of
// the household looks at the log at least once a minute.
export const INTO_LOG_MS = 120_000;

// Whether the log says that a clip was given. Null: it does, or that is not the question (any more).
export type Entering =
  | { is: "on its way"; sinceMs: number; byMs: number; hasArrived: boolean }
  | { is: "missing"; sinceMs: number }; // its programme has it, and its log should say so

// `entries` is null where the log cannot be read, or not yet. What counts is what the hub wrote down, so that a page
// which is opened again says the same.
export function entering(donation: Donation, entries: readonly Entry[] | null, nowMs: number): Entering | null {
  const { arrived_ms, given_ms, not_taken, withdrawn_ms } = donation;
  if (withdrawn_ms !== null || not_taken !== null) return null;
  const gift = entries?.find(({ kind }) => kind === "consent.give");
  if (gift && gift.proof.is !== "coming") return null; // a fault is said at its line
  const sinceMs = arrived_ms ?? given_ms;
  const byMs = sinceMs + INTO_LOG_MS;
  const onItsWay = { is: "on its way", sinceMs, byMs, hasArrived: arrived_ms !== null } as const;
  if (gift || nowMs <= byMs) return onItsWay; // of an entry that is coming, the keeper says until when
  return entries && arrived_ms !== null ? { is: "missing", sinceMs } : null;
}

// What a look was, beside the clip's other looks. A programme that refused one says that it ended without a picture.
export type Look =
  | "fine"
  | "after-refusal" // the programme had said that it shows the clip no more
  | "after-withdrawal" // the owner had taken the clip back, and the programme did not know or obey
  | "turned-away"; // a reviewer asked, and the programme says that nothing was shown

export function lookOf(entry: Entry, donation: Donation, entries: readonly Entry[]): Look {
  if (entry.kind !== "view.open" || entry.proof.is === "faulty") return "fine";
  if (entry.proof.is === "proven" && wasTurnedAway(entry.proof.index, entries)) return "turned-away";
  const refusal = provenEntry(entries, "consent.withdraw");
  const told = refusal?.event.refused;
  const refusedMs = Math.min(donation.refused_ms ?? Infinity, typeof told === "number" ? told : Infinity);
  const isBehind = isAfter(entry, refusal);
  if (isBehind || entry.at_ms > refusedMs) return "after-refusal";
  if (donation.withdrawn_ms !== null && entry.at_ms > donation.withdrawn_ms) return "after-withdrawal";
  return "fine";
}

// A view that was let in stands in the log before the refusal that ended it, whatever the clocks said.
function isAfter({ proof }: Entry, refusal: Entry | undefined): boolean {
  return proof.is === "proven" && refusal?.proof.is === "proven" && proof.index > refusal.proof.index;
}

function wasTurnedAway(view: number, entries: readonly Entry[]): boolean {
  const ends = entries.filter(
    ({ kind, event, proof }) => kind === "view.close" && proof.is === "proven" && event.view === view,
  );
  return ends.length > 0 && ends.every(({ event }) => event.pictures === 0);
}

// The worst look at a clip, if there is one that should not have been.
export function worstLook(donation: Donation, entries: readonly Entry[]): "after-refusal" | "after-withdrawal" | null {
  const looks = entries.map((entry) => lookOf(entry, donation, entries));
  if (looks.includes("after-refusal")) return "after-refusal";
  return looks.includes("after-withdrawal") ? "after-withdrawal" : null;
}
