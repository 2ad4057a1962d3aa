// Where a donation stands: what the programme answered, and what the log proves of its key. Pure.

import type { Donation } from "../../shared/wire";
import type { Entry } from "./entries";

export type Standing =
  | { is: "given"; untilMs: number }
  | { is: "unanswered"; sinceMs: number } // taken back here, but the programme has not answered: it may still be shown
  | { is: "refused"; sinceMs: number; key: KeyEnd | null };

export type KeyEnd =
  | { is: "due"; byMs: number }
  | { is: "destroyed"; atMs: number; isInTime: boolean }
  | { is: "overdue"; byMs: number };

const GRACE_MS = 1000; // the log's times are whole seconds

// `entries` is null until the log has been read: until then nothing is said about it, good or bad.
export function standing(donation: Donation, entries: readonly Entry[] | null, nowMs: number): Standing {
  const { withdrawn_ms, refused_ms, shred_by_ms, expires_ms } = donation;
  if (withdrawn_ms === null) return { is: "given", untilMs: expires_ms };
  if (refused_ms === null && shred_by_ms === null) return { is: "unanswered", sinceMs: withdrawn_ms };
  const sinceMs = refused_ms ?? withdrawn_ms;
  return { is: "refused", sinceMs, key: shred_by_ms === null ? null : keyEnd(shred_by_ms, entries, nowMs) };
}

function keyEnd(byMs: number, entries: readonly Entry[] | null, nowMs: number): KeyEnd {
  if (!entries) return { is: "due", byMs };
  const shred = entries.find((entry) => entry.kind === "shred" && entry.proof.is === "proven");
  if (shred) return { is: "destroyed", atMs: shred.at_ms, isInTime: shred.at_ms <= byMs + GRACE_MS };
  return nowMs > byMs ? { is: "overdue", byMs } : { is: "due", byMs };
}
