// Keeps the unlocked keys for this device in IndexedDB as keys that cannot be read out, so that a reload does not ask
// for the passphrase again. Signing out deletes them.

import { objectStore } from "./store";

export interface Keyring {
  household: string;
  open: CryptoKey;
  recipient?: string; // of the same key; absent in keyrings of older pages
  sign: CryptoKey;
  signPublic: string;
}

const store = objectStore("nightlatch", "keyring");

export const keep = (ring: Keyring) => store("readwrite", (s) => s.put(ring, "owner"));
export const kept = () => store("readonly", (s) => s.get("owner")) as Promise<Keyring | undefined>;
export const forget = () => store("readwrite", (s) => s.delete("owner"));
