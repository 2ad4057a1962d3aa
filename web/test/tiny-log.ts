// A log of the programme, its one witness and the household's hub: signed and cosigned here, read as every log is.

import { type Bytes, b64, joined, sha256, utf8 } from "../shared/bytes";
import { canonical } from "../shared/consent";
import { foldedRoot, hashing } from "../shared/hashing";
import { readKey } from "../shared/ledger";
import { LogCache, type LogDoors } from "../shared/log";
import { inMemory, logMemory } from "../shared/memory";
import { PUBLIC_SALT, readLeaf } from "../shared/parts";
import { bucketPath, bucketsOf, dueAt, firstOf, headPath, indexEvent, SPANS } from "../shared/tags";
import { entryTile, hashTile, NoSuchFile } from "../shared/tiles";

const WIDTH = 256;
const ED25519 = 1;
const COSIGNATURE = 4;

export interface TinyLog {
  policy: string;
  hub: string; // the key of the household's hub, which cosigned as well
  checkpoint: Bytes;
  entries: Bytes; // the first bundle
  files: Map<string, Bytes>; // by path, the checkpoint among them
}

// Writes whatever it is told to, also what contradicts what it wrote before. Cosigned at a time, or by nobody.
export interface Writer {
  policy: string;
  hub: string;
  write: (leaves: Bytes[], atMs: number | null, by?: { hubMs?: number | null }) => Promise<TinyLog>;
}

export type Signer = Awaited<ReturnType<typeof signer>>;
export interface Signers {
  log: Signer;
  witness: Signer;
  hub: Signer;
}

export const signers = async (): Promise<Signers> => ({
  log: await signer("programme.test/log", ED25519),
  witness: await signer("friend.test", COSIGNATURE),
  hub: await signer("nightlatch.hub/1234", COSIGNATURE),
});

// With `part`, of that part of the log, as `NAME/part`.
export async function tinyWriter(
  more: { maxAgeS?: number; households?: number; part?: number; by?: Signers } = {},
): Promise<Writer> {
  const { maxAgeS = 600, households = 0, part = 0, by = await signers() } = more;
  const { witness, hub } = by;
  const log = part ? await by.log.named(`${by.log.name}/${part}`) : by.log;
  const policy =
    `log ${log.verifier}\nwitness friend ${witness.verifier}\nquorum 1\nmax-age-s ${maxAgeS}\n` +
    (households ? `households ${households}\n` : "");
  const write: Writer["write"] = async (leaves, atMs, { hubMs = atMs } = {}) => {
    const files = await tilesOf(leaves);
    const text = `${log.name}\n${leaves.length}\n${b64(await rootOf(leaves))}\n`;
    const lines = [log.line(await log.sign(utf8(text)))];
    if (atMs !== null) lines.push(await cosigned(text, witness, atMs));
    if (hubMs !== null) lines.push(await cosigned(text, hub, hubMs));
    const checkpoint = utf8(`${text}\n${lines.join("")}`);
    files.set("checkpoint", checkpoint);
    const entries = files.get(entryTile(0, Math.min(WIDTH, leaves.length))) ?? new Uint8Array(0);
    return { policy, hub: hub.verifier, checkpoint, entries, files };
  };
  return { policy, hub: hub.verifier, write };
}

async function rootOf(leaves: Bytes[]): Promise<Bytes> {
  const by = await hashing();
  return foldedRoot(by, joined(leaves.map((leaf) => by.leaf(leaf))));
}

async function cosigned(text: string, witness: Signer, atMs: number): Promise<string> {
  const atS = Math.floor(atMs / 1000);
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(atS));
  return witness.line(joined([time, await witness.sign(utf8(`cosignature/v1\ntime ${atS}\n${text}`))]));
}

export const tinyLog = async (leaves: Bytes[], atMs: number) => (await tinyWriter()).write(leaves, atMs);

// What one reader of these files needs; who they are asked for is written down.
export async function tinyDoors({ files, hub }: TinyLog, nowMs: number) {
  const asked: string[] = [];
  const doors: LogDoors = {
    fetchFile: async (path) => {
      asked.push(path);
      return files.get(path) ?? Promise.reject(new NoSuchFile(path));
    },
    memory: logMemory(inMemory()),
    nowMs: () => nowMs,
    hub: await readKey(hub),
    cache: new LogCache(),
  };
  return { doors, asked };
}

export async function signer(name: string, kind: number) {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const key = joined([Uint8Array.of(kind), new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey))]);
  const sign = async (message: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, message));
  const named = async (name: string) => {
    const id = (await sha256(joined([utf8(`${name}\n`), key]))).slice(0, 4);
    const hash = [...id].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const line = (signature: Bytes) => `— ${name} ${b64(joined([id, signature]))}\n`;
    return { name, verifier: `${name}+${hash}+${b64(key)}`, sign, line, named };
  };
  return named(name);
}

// An entry, as nightlatch/domain/view.py writes it; `tag` in base64.
export const leafOf = (k: string, atMs: number, tag: string, committed: Bytes) =>
  utf8(canonical({ c: b64(committed), k, t: Math.floor(atMs / 1000), tag, v: 1 }));

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

const LOG_TAG = b64(new Uint8Array(16));

// An entry in which the log speaks of itself.
export const publicLeaf = async (kind: string, event: Bytes, atMs: number) =>
  leafOf(kind, atMs, LOG_TAG, await sha256(joined([PUBLIC_SALT, event])));

// A long log: entries of others, some of the owner's at their places, and the indexes that are due. `leavesOut` is an
// entry that the indexes do not name.
export async function longLog(size: number, own: Map<number, Bytes>, atMs: number, leavesOut = -1) {
  const by = await hashing();
  const leaves: Bytes[] = [];
  const tags: (Bytes | null)[] = [];
  const files = new Map<string, Bytes>();
  while (leaves.length < size) {
    const index = leaves.length;
    const span = dueAt(index);
    if (span) {
      const first = firstOf(span);
      const buckets = bucketsOf(span, tags.slice(first, first + SPANS[span.level]));
      const hashes = buckets.map((bucket) => by.plain(bucket));
      const leaf = await publicLeaf("log.index", await indexEvent(span, hashes), atMs);
      files.set(headPath(span), joined([Uint8Array.of(leaf.length >> 8, leaf.length), leaf, ...hashes]));
      for (const [n, bucket] of buckets.entries()) files.set(bucketPath(span, n), bucket);
      leaves.push(leaf);
    } else {
      const tag = b64(Uint8Array.of(index % 251, index % 241, ...new Uint8Array(14)));
      leaves.push(own.get(index) ?? leafOf("view.open", atMs, tag, new Uint8Array(32)));
    }
    tags.push(index === leavesOut ? null : readLeaf(leaves[index]!)!.tag);
  }
  return { leaves, files };
}
