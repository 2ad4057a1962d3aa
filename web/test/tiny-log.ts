// A log of the programme and its one witness: signed and cosigned here, read as every log is.

import { type Bytes, b64, joined, sha256, utf8 } from "../shared/bytes";
import { foldedRoot, hashing } from "../shared/hashing";
import { entryTile, hashTile } from "../shared/tiles";

const WIDTH = 256;
const ED25519 = 1;
const COSIGNATURE = 4;

export interface TinyLog {
  policy: string;
  checkpoint: Bytes;
  entries: Bytes; // the one bundle
}

// Writes whatever it is told to, also what contradicts what it wrote before. Cosigned at a time, or by nobody.
export interface Writer {
  policy: string;
  write: (leaves: Bytes[], atMs: number | null) => Promise<TinyLog>;
}

export async function tinyWriter(maxAgeS = 600): Promise<Writer> {
  const [log, witness] = [await signer("programme.test/log", ED25519), await signer("friend.test", COSIGNATURE)];
  const policy = `log ${log.verifier}\nwitness friend ${witness.verifier}\nquorum 1\nmax-age-s ${maxAgeS}\n`;
  const write = async (leaves: Bytes[], atMs: number | null) => {
    const text = `${log.name}\n${leaves.length}\n${b64(await rootOf(leaves))}\n`;
    const lines = [log.line(await log.sign(utf8(text)))];
    if (atMs !== null) {
      const atS = Math.floor(atMs / 1000);
      const time = new Uint8Array(8);
      new DataView(time.buffer).setBigUint64(0, BigInt(atS));
      const cosigned = await witness.sign(utf8(`cosignature/v1\ntime ${atS}\n${text}`));
      lines.push(witness.line(joined([time, cosigned])));
    }
    const entries = joined(leaves.flatMap((leaf) => [Uint8Array.of(leaf.length >> 8, leaf.length & 255), leaf]));
    return { policy, checkpoint: utf8(`${text}\n${lines.join("")}`), entries };
  };
  return { policy, write };
}

export const tinyLog = async (leaves: Bytes[], atMs: number) => (await tinyWriter()).write(leaves, atMs);

async function signer(name: string, kind: number) {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const key = joined([Uint8Array.of(kind), new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey))]);
  const id = (await sha256(joined([utf8(`${name}\n`), key]))).slice(0, 4);
  const hash = [...id].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return {
    name,
    verifier: `${name}+${hash}+${b64(key)}`,
    sign: async (message: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, message)),
    line: (signature: Bytes) => `— ${name} ${b64(joined([id, signature]))}\n`,
  };
}

// The files of a tree: every hash tile and bundle, as a log of these entries shows them.
export async function tilesOf(leaves: Bytes[]): Promise<Map<string, Bytes>> {
  const by = await hashing();
  const files = new Map<string, Bytes>();
  const put = <T>(all: T[], path: (n: number, width: number) => string, raw: (some: T[]) => Bytes) => {
    for (let n = 0; n * WIDTH < all.length; n++) {
      const some = all.slice(n * WIDTH, (n + 1) * WIDTH);
      files.set(path(n, some.length), raw(some));
    }
  };
  put(leaves, entryTile, (some) =>
    joined(some.flatMap((leaf) => [Uint8Array.of(leaf.length >> 8, leaf.length), leaf])),
  );
  let hashes = leaves.map((leaf) => by.leaf(leaf));
  for (let level = 0; hashes.length > 0; level++) {
    put(hashes, (n, width) => hashTile(level, n, width), joined);
    const full = Math.floor(hashes.length / WIDTH);
    hashes = Array.from({ length: full }, (_, n) => foldedRoot(by, joined(hashes.slice(n * WIDTH, (n + 1) * WIDTH))));
  }
  return files;
}
