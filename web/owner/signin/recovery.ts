// Signing in with the recovery sheet: its words are the key, which answers a challenge and takes a new passphrase.

import { signal } from "@preact/signals";
import { attempt, type Failure, type get, type Result, type send } from "../../shared/api";
import { type Bytes, b64, joined, unb64, utf8 } from "../../shared/bytes";
import { fromWords, type Kdf, lockedKeys, type Stretched, type WrongWord, wrap, wrongWords } from "../../shared/keys";
import type { Challenge } from "../../shared/wire";
import { type Chosen, type Judge, refusal } from "../passphrase";

export type Recovering = { is: "asking"; failure: Failure | null } | { is: "recovering" };

export interface Doors {
  hub: { get: typeof get; send: typeof send };
  stretch: (passphrase: string) => Promise<{ kdf: Kdf; stretched: Stretched }>; // slow on purpose
  judge: Judge;
  deviceName: string;
  unlock: (root: Bytes) => Promise<Result<void>>;
}

const typed = (text: string) => text.split(/\s+/).filter(Boolean);

export const countOf = (text: string) => typed(text).length;

// Words that are not on the list. One that is still being typed is not wrong yet.
export function slips(text: string): WrongWord[] {
  const isDone = /\s$/.test(text);
  return wrongWords(text).filter(({ index }) => isDone || index < countOf(text) - 1);
}

export function mended(text: string, index: number, word: string): string {
  return typed(text)
    .map((each, place) => (place === index ? word : each))
    .join(" ");
}

export function recovery(doors: Doors) {
  const now = signal<Recovering>({ is: "asking", failure: null });

  async function recover(words: string, chosen: Chosen) {
    if (now.value.is !== "asking") return;
    now.value = { is: "recovering" };
    const root = await attempt(async () => fromWords(words));
    if (!root.ok) return stop(root);
    const failure = await refusal(chosen, doors.judge);
    if (failure) return stop(failure);
    const done = await replaced(root.value, chosen.passphrase, doors);
    stop(done.ok ? null : done);
  }

  const stop = (failure: Failure | null) => {
    now.value = { is: "asking", failure };
  };

  return { now, recover };
}

async function replaced(root: Bytes, passphrase: string, doors: Doors): Promise<Result<void>> {
  const asked = await doors.hub.get<Challenge>("/recovery");
  if (!asked.ok) return asked;
  const body = await attempt(() => answered(asked.value.challenge, root, passphrase, doors));
  if (!body.ok) return body;
  const done = await doors.hub.send("POST", "/recovery", body.value);
  return done.ok ? doors.unlock(root) : done;
}

async function answered(challenge: string, root: Bytes, passphrase: string, doors: Doors) {
  const { sign } = await lockedKeys(root);
  const message = joined([utf8("nightlatch recovery v1\n"), unb64(challenge)]);
  const { kdf, stretched } = await doors.stretch(passphrase);
  return {
    challenge,
    signature: b64(new Uint8Array(await crypto.subtle.sign("Ed25519", sign, message))),
    kdf,
    login_key: b64(stretched.loginKey),
    wrapped_root: await wrap(root, stretched.wrapKey),
    device_name: doors.deviceName,
  };
}
