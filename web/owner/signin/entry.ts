// Signing in with the passphrase: stretched here, so that the hub never sees it.

import { signal } from "@preact/signals";
import { attempt, type Failure, type get, type Result, type send } from "../../shared/api";
import { type Bytes, b64 } from "../../shared/bytes";
import { type Kdf, type Stretched, unwrap } from "../../shared/keys";
import type { Login, Welcome } from "../../shared/wire";

export type Entering =
  | { is: "asking"; failure: Failure | null }
  | { is: "unlocking" }
  | { is: "waiting"; failure: Failure; untilMs: number }; // too many tries

export interface Doors {
  hub: { get: typeof get; send: typeof send };
  stretch: (passphrase: string, kdf: Kdf) => Promise<Stretched>; // slow on purpose
  deviceName: string;
  nowMs: () => number;
  unlock: (root: Bytes) => Promise<Result<void>>;
}

const TOO_MANY = 429;

// What follows a try; an owner who is in no longer sees this page.
export function after(done: Result<void>, nowMs: number): Entering {
  if (done.ok) return { is: "asking", failure: null };
  if (done.status !== TOO_MANY) return { is: "asking", failure: done };
  return { is: "waiting", failure: done, untilMs: nowMs + 1000 * (done.retryAfterS ?? 1) };
}

// A wait that is over leaves nothing behind.
export function at(now: Entering, nowMs: number): Entering {
  return now.is === "waiting" && nowMs >= now.untilMs ? { is: "asking", failure: null } : now;
}

export function secondsLeft(now: Entering, nowMs: number): number {
  return now.is === "waiting" ? Math.max(0, Math.ceil((now.untilMs - nowMs) / 1000)) : 0;
}

export function entry(doors: Doors) {
  const now = signal<Entering>({ is: "asking", failure: null });

  async function enter(passphrase: string) {
    if (at(now.value, doors.nowMs()).is !== "asking") return;
    now.value = { is: "unlocking" };
    now.value = after(await unlocked(passphrase, doors), doors.nowMs());
  }

  return { now, enter };
}

async function unlocked(passphrase: string, doors: Doors): Promise<Result<void>> {
  const asked = await doors.hub.get<Login>("/login");
  if (!asked.ok) return asked;
  const stretched = await attempt(() => doors.stretch(passphrase, asked.value.kdf));
  if (!stretched.ok) return stretched;
  const { loginKey, wrapKey } = stretched.value;
  const body = { login_key: b64(loginKey), device_name: doors.deviceName };
  const answer = await doors.hub.send<Welcome>("POST", "/login", body);
  if (!answer.ok) return answer;
  const root = await attempt(() => unwrap(answer.value.wrapped_root, wrapKey));
  return root.ok ? doors.unlock(root.value) : root;
}
