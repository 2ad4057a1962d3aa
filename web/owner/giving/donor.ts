// Who gives: asks the hub what was given, reads the log again and again, joins and leaves a programme, takes back.

import { signal } from "@preact/signals";
import { attempt, broken, type Result, type send } from "../../shared/api";
import { signedRecord, withdrawalRecord } from "../../shared/consent";
import type { Donation, Donations } from "../../shared/wire";
import { type ReadingDoors, read } from "./reading";
import { type Giving, next } from "./steps";

const AGAIN_MS = 5000;

export interface Doors extends ReadingDoors {
  hub: ReadingDoors["hub"] & { send: typeof send };
  rest: (ms: number) => Promise<void>;
  takenBack: () => void; // say so
  asking: { get: () => string | null; set: (donation: string | null) => void }; // survives a reload
}

export function donor(doors: Doors) {
  const at = signal<Giving>({ is: "asking" });
  const asking = signal<string | null>(doors.asking.get()); // the donation that the owner is asked about
  let hasLeft = false;
  let readings = 0;

  const comes = (what: Parameters<typeof next>[1]) => {
    if (!hasLeft) at.value = next(at.value, what);
  };

  async function ask() {
    comes({ is: "asked", answer: await doors.hub.get<Donations>("/giving") });
    await readLog();
  }

  // A reading that a later one has overtaken is dropped: it may be of donations that were known before.
  async function readLog() {
    const now = at.value;
    if (now.is !== "there" || now.donations.given.length === 0) return;
    const mine = ++readings;
    const result = await read(now.donations, doors);
    if (mine === readings) comes({ is: "read", result });
  }

  async function watch() {
    await ask();
    while (!hasLeft) {
      await doors.rest(AGAIN_MS);
      if (!hasLeft) await ask();
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

  // Whether to take a clip back is asked before, and the question stays until it is answered.
  function wonder(donation: string | null) {
    asking.value = donation;
    doors.asking.set(donation);
  }

  // The owner signs once; the hub keeps that and asks the programme until it is done. What is said here is what the
  // programme has answered by then.
  async function takeBack(donation: Donation) {
    const before = at.value;
    if (before.is !== "there" || before.withdrawal.is === "sending") return;
    comes({ is: "take-back", donation: donation.id });
    const result = await withdraw(donation, doors);
    comes({ is: "taken-back", result });
    if (result.ok && result.value.refused_ms !== null) doors.takenBack();
    await ask();
  }

  const leave = () => {
    hasLeft = true;
  };

  return { at, asking, ask, watch, join, leaveProgramme, wonder, takeBack, leave };
}

// What was signed already is not signed again.
async function withdraw({ id, is_signed, consent_sha256 }: Donation, doors: Doors): Promise<Result<Donation>> {
  const path = `/giving/donations/${id}`;
  if (is_signed) return doors.hub.send("POST", `${path}/asking`);
  const keys = doors.keys();
  if (!keys) return broken("Sign in first.");
  const record = withdrawalRecord(id, keys.signPublic, consent_sha256, doors.nowMs());
  const signed = await attempt(() => signedRecord(record, keys.sign));
  return signed.ok ? doors.hub.send("POST", `${path}/withdrawal`, signed.value) : signed;
}

export type Donor = ReturnType<typeof donor>;
