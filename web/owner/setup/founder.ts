// Founds a household: makes the owner's key in this browser, and hands the hub what it may have of it.

import { signal } from "@preact/signals";
import { attempt, type Result, type send } from "../../shared/api";
import { type Bytes, b64, utf8 } from "../../shared/bytes";
import {
  type Kdf,
  lockedKeys,
  newRoot,
  recipientOf,
  type Stretched,
  signingPublic,
  words,
  wrap,
} from "../../shared/keys";
import type { SetUp as Claimed } from "../../shared/wire";
import { type Judge, refusal } from "../passphrase";
import { type Form, type Happening, known, type NewKey, nameOf, next, places, type SetUp } from "./steps";

export interface Doors {
  hub: { send: typeof send };
  stretch: (passphrase: string) => Promise<{ kdf: Kdf; stretched: Stretched }>; // slow on purpose
  judge: Judge;
  random: () => number;
  deviceName: string;
  unlock: (root: Bytes) => Promise<Result<void>>;
}

export function founder(code: string, isCodeNeeded: boolean, doors: Doors) {
  const now = signal<SetUp>({
    form: { name: "", passphrase: "", repeat: "", code },
    at: { step: "welcome", failure: null },
  });
  let founded: Claimed | null = null;

  const comes = (what: Happening) => {
    now.value = next(now.value, what);
  };

  async function make() {
    const form = now.value.form;
    const failure = await refusal({ ...form, known: known(form) }, doors.judge);
    if (now.value.form !== form) return; // what was judged is no longer what stands there
    if (failure) return comes({ is: "refused", failure });
    const root = newRoot();
    comes({ is: "made", key: { root, words: words(root), recipient: await recipientOf(root) } });
  }

  // What was typed is held against the sheet first: without the right words nothing is sent.
  async function finish() {
    const before = now.value.at;
    comes({ is: "finish" });
    const { at, form } = now.value;
    if (before.step !== "check" || at.step !== "finishing") return;
    const done = await found(form, at.check.key);
    if (!done.ok) comes({ is: "failed", failure: done });
  }

  // A second try picks up where the first one stopped: a hub is founded once.
  async function found(form: Form, key: NewKey): Promise<Result<void>> {
    if (!founded) {
      const body = await attempt(() => household(form, key));
      if (!body.ok) return body;
      const answer = await doors.hub.send<Claimed>("POST", "/household", body.value);
      if (!answer.ok) return answer;
      founded = answer.value;
    }
    const { household: made, hub_key } = founded;
    const signature = await attempt(() => enrolment(key.root, made.id, hub_key));
    if (!signature.ok) return signature;
    const enrolled = await doors.hub.send("POST", "/household/enrolment", { signature: signature.value });
    return enrolled.ok ? doors.unlock(key.root) : enrolled;
  }

  // The root leaves this browser only wrapped with a key that the passphrase gives.
  async function household(form: Form, { root, recipient }: NewKey) {
    const { kdf, stretched } = await doors.stretch(form.passphrase);
    return {
      ...(isCodeNeeded ? { setup_code: form.code } : {}),
      name: nameOf(form),
      kdf,
      login_key: b64(stretched.loginKey),
      wrapped_root: await wrap(root, stretched.wrapKey),
      recipient,
      signing_key: await signingPublic(root),
      device_name: doors.deviceName,
    };
  }

  return {
    now,
    make,
    finish,
    write: (part: Partial<Form>) => comes({ is: "written", part }),
    check: () => comes({ is: "on-paper", asked: places(24, doors.random) }),
    type: (index: number, word: string) => comes({ is: "typed", index, word }),
    showAgain: () => comes({ is: "show-again" }),
  };
}

export type Founder = ReturnType<typeof founder>;

// With this signature the cloud knows that the owner of the key wants this hub.
async function enrolment(root: Bytes, household: string, hubKey: string): Promise<string> {
  const { sign } = await lockedKeys(root);
  const statement = utf8(`nightlatch enrol v1\n${household}\n${hubKey}`);
  return b64(new Uint8Array(await crypto.subtle.sign("Ed25519", sign, statement)));
}
