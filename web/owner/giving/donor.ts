// Who gives: asks the hub what was given, reads the log again and again, joins and leaves a programme, takes back.

import { signal } from "@preact/signals";
import { attempt, broken, type Result, type send } from "../../shared/api";
import { signedRecord, withdrawalRecord } from "../../shared/consent";
import type { Donation, Donations } from "../../shared/wire";
import { logReader, type ReadingDoors } from "./reading";
import { type Giving, next } from "./steps";

const AGAIN_MS = 5000;

export interface Doors extends ReadingDoors {
  hub: ReadingDoors["hub"] & { send: typeof send };
  rest: (ms: number) => Promise<void>;
  takenBack: () => void; // say so
}

export function donor(doors: Doors) {
  const at = signal<Giving>({ is: "asking" });
  let hasLeft = false;

  const comes = (what: Parameters<typeof next>[1]) => {
    if (!hasLeft) at.value = next(at.value, what);
  };

  const reader = logReader(doors, (programme, result) => comes({ is: "read", programme, result }));

  async function ask() {
    comes({ is: "asked", answer: await doors.hub.get<Donations>("/giving") });
    await readLog();
  }

  async function readLog() {
    const now = at.value;
    if (now.is === "there" && now.donations.given.length > 0) await reader.round(now.donations);
  }

  async function watch() {
    await ask();
    while (!hasLeft) {
      await doors.rest(AGAIN_MS);
      if (!hasLeft) await (at.value.is === "there" ? readLog() : ask());
    }
  }

  async function join(invitation: string): Promise<Result<void>> {
    const answer = await doors.hub.send("PUT", "/giving/programme", { invitation });
    if (answer.ok) await ask();
    return answer;
  }

  async function leaveProgramme(): Promise<Result<void>> {
    const answer = await doors.hub.send("DELETE", "/giving/programme");
    if (answer.ok) await ask();
    return answer;
  }

  // The owner signs; the hub passes it on. Until the programme has answered, it can be sent again.
  async function takeBack(donation: Donation) {
    const before = at.value;
    if (before.is !== "there" || before.withdrawal.is === "sending") return;
    comes({ is: "take-back", donation: donation.id });
    const result = await withdraw(donation);
    comes({ is: "taken-back", result });
    if (result.ok) doors.takenBack();
    await ask();
  }

  async function withdraw(donation: Donation): Promise<Result<unknown>> {
    const keys = doors.keys();
    if (!keys) return broken("Sign in first.");
    const record = withdrawalRecord(donation.id, keys.signPublic, donation.consent_sha256, doors.nowMs());
    const signed = await attempt(() => signedRecord(record, keys.sign));
    return signed.ok ? doors.hub.send("POST", `/giving/donations/${donation.id}/withdrawal`, signed.value) : signed;
  }

  const leave = () => {
    hasLeft = true;
  };

  return { at, reader, ask, watch, join, leaveProgramme, takeBack, leave };
}

export type Donor = ReturnType<typeof donor>;
