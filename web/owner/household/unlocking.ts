// The owner's key, unlocked once more by the passphrase: to show its words again, or to lock it with another one.

import { attempt, broken, type get, type Result, type send } from "../../shared/api";
import { type Bytes, b64 } from "../../shared/bytes";
import { type Kdf, recipientOf, stretch, unwrap, words, wrap } from "../../shared/keys";
import type { WrappedRoot } from "../../shared/wire";
import { type Chosen, type Judge, refusal } from "../passphrase";

export interface Hub {
  get: typeof get;
  send: typeof send;
}

export interface Sheet {
  words: string[];
  recipient: string;
}

interface Unlocked {
  root: Bytes;
  loginKey: Bytes;
}

export async function sheetBy(hub: Hub, passphrase: string): Promise<Result<Sheet>> {
  const unlocked = await unlockedBy(hub, passphrase);
  if (!unlocked.ok) return unlocked;
  const { root } = unlocked.value;
  return attempt(async () => ({ words: words(root), recipient: await recipientOf(root) }));
}

interface Change {
  old: string;
  next: Chosen;
  kdf: Kdf; // how it is stretched
}

export async function changePassphrase(hub: Hub, judge: Judge, { old, next, kdf }: Change): Promise<Result<void>> {
  if (next.passphrase === old) return broken("The new passphrase is the one that you have now. Choose another.");
  const failure = await refusal(next, judge);
  if (failure) return failure;
  const unlocked = await unlockedBy(hub, old);
  if (!unlocked.ok) return unlocked;
  const { root, loginKey } = unlocked.value;
  const body = await attempt(async () => {
    const stretched = await stretch(next.passphrase, kdf);
    const wrapped_root = await wrap(root, stretched.wrapKey);
    return { old_login_key: b64(loginKey), kdf, login_key: b64(stretched.loginKey), wrapped_root };
  });
  return body.ok ? hub.send("POST", "/passphrase", body.value) : body;
}

async function unlockedBy({ get }: Hub, passphrase: string): Promise<Result<Unlocked>> {
  const locked = await get<WrappedRoot>("/wrapped-root");
  if (!locked.ok) return locked;
  return attempt(async () => {
    const { wrapKey, loginKey } = await stretch(passphrase, locked.value.kdf);
    return { root: await unwrap(locked.value.wrapped_root, wrapKey), loginKey };
  });
}
