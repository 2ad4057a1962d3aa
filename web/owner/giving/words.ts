// What the log and the programme say of a donation, in words. Pure.

import { dayName, hhmmss, lasting, when } from "../../shared/time";
import type { Donation } from "../../shared/wire";
import type { Entry } from "./entries";
import type { KeyEnd, Standing } from "./standing";
import { isRead, type Reading } from "./steps";

const KINDS: Record<string, string> = {
  "consent.give": "You gave it",
  "view.open": "Looked at",
  "view.close": "Stopped looking",
  label: "Labelled",
  flag: "A reviewer said it should not have been shared",
  "consent.withdraw": "Taken back",
  shred: "Its key was destroyed",
};

export const happened = (entry: Entry) => KINDS[entry.kind] ?? entry.kind;
export const moment = (ms: number, nowMs: number) => `${dayName(ms, nowMs)}, ${hhmmss(ms)}`;

// Whether the entry can be believed, and why (not).
export function proofOf({ proof }: Entry, reading: Reading): { mark: "good" | "waiting" | "bad"; text: string } {
  if (proof.is === "faulty") return { mark: "bad", text: proof.fault };
  if (proof.is === "coming") return { mark: "waiting", text: "It is on its way into the log." };
  if (!isRead(reading)) return { mark: "waiting", text: "Not checked just now." };
  return { mark: "good", text: `Proven: entry ${proof.index} of the log` };
}

// Which clip it is, and until when it is given.
export function about(donation: Donation, stands: Standing, nowMs: number): string {
  const { onset_ms, length_ms, given_ms, withdrawn_ms, expires_ms } = donation;
  const since = when(withdrawn_ms ?? given_ms, nowMs);
  const until = {
    given: () => `kept until ${new Date(expires_ms).toLocaleDateString(undefined, { dateStyle: "long" })}`,
    unanswered: () => `taken back ${since}, not answered yet`,
    refused: () => `taken back ${since}`,
  }[stands.is]();
  return `${when(onset_ms, nowMs)}, ${lasting(length_ms)}; given ${when(given_ms, nowMs)}, ${until}`;
}

export function keyLine(key: KeyEnd): string {
  switch (key.is) {
    case "destroyed":
      return `The key was destroyed at ${hhmmss(key.atMs)}, ${key.isInTime ? "in time" : "late"}.`;
    case "overdue":
      return `The key should have been destroyed by ${hhmmss(key.byMs)}, and the log does not say so.`;
    case "due":
      return `The key is to be destroyed by ${hhmmss(key.byMs)}.`;
  }
}

// What was checked, of a log that holds nothing back.
export function checkedLine(reading: Extract<Reading, { is: "proven" }>, vouched: number | null): string {
  const { log, unclaimed } = reading;
  const { labels } = unclaimed;
  const witnesses = count(log.witnessed.length, "witness", "witnesses");
  const checked = `Checked in this browser: all ${log.checkpoint.size} entries of the log, cosigned by ${witnesses}.`;
  const among = labels ? ` Among them: ${count(labels, "label", "labels")} that reviewers wrote about your clips.` : "";
  return `${checked}${among}${vouched === null ? "" : ` Your own hub vouches for ${vouched} of them.`}`;
}

export function withheldLine(looks: number): string {
  return `The log holds ${count(looks, "entry", "entries")} marked as yours that the programme did not mention.`;
}

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;
