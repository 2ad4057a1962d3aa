// Keeps the unlocked keys for this device in IndexedDB as keys that cannot be read out, so that a reload does not ask
// for the passphrase again. Signing out deletes them.

export interface Keyring {
  household: string;
  open: CryptoKey;
  recipient?: string; // of the same key; absent in keyrings of older pages
  sign: CryptoKey;
  signPublic: string;
}

function store(mode: IDBTransactionMode, act: (s: IDBObjectStore) => IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("nightlatch", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keyring");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const request = act(opening.result.transaction("keyring", mode).objectStore("keyring"));
      request.onsuccess = () => {
        opening.result.close();
        resolve(request.result);
      };
      request.onerror = () => reject(request.error);
    };
  });
}

export const keep = (ring: Keyring) => store("readwrite", (s) => s.put(ring, "owner"));
export const kept = () => store("readonly", (s) => s.get("owner")) as Promise<Keyring | undefined>;
export const forget = () => store("readwrite", (s) => s.delete("owner"));
