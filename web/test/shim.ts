// Node's WebCrypto before version 24 has no ChaCha20-Poly1305 (RFC 8439): its OpenSSL has, so that our reading of the
// age payload is what the vectors test, as it is in browsers.

import { createDecipheriv } from "node:crypto";

const TAG = 16;
const keys = new WeakMap<object, Uint8Array>();

export function addChaCha() {
  const { subtle } = crypto;
  const importKey = subtle.importKey.bind(subtle) as (...all: unknown[]) => Promise<CryptoKey>;
  const decrypt = subtle.decrypt.bind(subtle) as (...all: unknown[]) => Promise<ArrayBuffer>;
  const named = (algorithm: unknown) => (algorithm as { name?: string }).name === "ChaCha20-Poly1305";
  Object.assign(subtle, {
    importKey: async (format: string, raw: ArrayBuffer, algorithm: unknown, ...rest: unknown[]) => {
      if (!named(algorithm)) return importKey(format, raw, algorithm, ...rest);
      const key = Object.freeze({ type: "secret" }) as CryptoKey;
      keys.set(key, new Uint8Array(raw));
      return key;
    },
    decrypt: async (algorithm: { iv: Uint8Array }, key: CryptoKey, data: Uint8Array) => {
      const secret = keys.get(key);
      if (!secret) return decrypt(algorithm, key, data);
      const cut = data.length - TAG;
      if (cut < 0) throw new Error("shorter than a tag");
      const decipher = createDecipheriv("chacha20-poly1305", secret, algorithm.iv, { authTagLength: TAG });
      decipher.setAuthTag(data.subarray(cut));
      const plain = decipher.update(data.subarray(0, cut));
      decipher.final();
      return Uint8Array.from(plain).buffer;
    },
  });
}
