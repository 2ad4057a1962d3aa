// A log of the programme that needs no witness: signed here, read as every log is.

import { type Bytes, b64, joined, sha256, utf8 } from "../shared/bytes";
import { rootOf } from "../shared/log";

const NAME = "programme.test/log";
const ED25519 = 1;

export interface TinyLog {
  policy: string;
  checkpoint: Bytes;
  entries: Bytes; // the one bundle
}

export async function tinyLog(leaves: Bytes[]): Promise<TinyLog> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const key = joined([Uint8Array.of(ED25519), new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey))]);
  const id = (await sha256(joined([utf8(`${NAME}\n`), key]))).slice(0, 4);
  const hash = [...id].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const text = `${NAME}\n${leaves.length}\n${b64(await rootOf(leaves))}\n`;
  const signature = new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, utf8(text)));
  return {
    policy: `log ${NAME}+${hash}+${b64(key)}\nquorum 0\n`,
    checkpoint: utf8(`${text}\n— ${NAME} ${b64(joined([id, signature]))}\n`),
    entries: joined(leaves.flatMap((leaf) => [Uint8Array.of(leaf.length >> 8, leaf.length & 255), leaf])),
  };
}
