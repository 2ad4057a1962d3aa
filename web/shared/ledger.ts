// Verifies the programme's log in the browser: RFC 6962 inclusion, C2SP signed notes, checkpoints, cosignatures and
// tlog-proof receipts. Nothing here trusts the server that the bytes came from; everything that fails says what failed.

import { type Bytes, joined, same, sha256, unb64, utf8 } from "./bytes";

export class LogError extends Error {}

const ED25519 = 0x01;
const COSIGNATURE = 0x04;

export interface LogKey {
  name: string;
  id: Bytes; // 4 bytes
  kind: number;
  key: Bytes; // 32 bytes
}

export interface LogPolicy {
  log: LogKey;
  witnesses: LogKey[];
  quorum: number;
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
}

export interface Receipt {
  index: number;
  path: Bytes[];
  note: string;
  extra: Bytes | null; // ours holds the entry
}

// A verifier key as C2SP signed-note writes it: name+hash+base64(kind, key).
export async function readKey(text: string): Promise<LogKey> {
  const [name, hash, rest] = [text.split("+")[0], text.split("+")[1], text.split("+").slice(2).join("+")];
  if (!name || !hash || !rest || /\s/.test(name)) throw new LogError("This is not a key of a log.");
  const raw = unb64(rest);
  const kind = raw[0]!;
  if (raw.length !== 33 || (kind !== ED25519 && kind !== COSIGNATURE))
    throw new LogError("This log key is of a kind that is not known here.");
  const id = (await sha256(joined([utf8(`${name}\n`), raw]))).slice(0, 4) as Bytes;
  if ([...id].map((b) => b.toString(16).padStart(2, "0")).join("") !== hash)
    throw new LogError("This log key is damaged: its hash does not match.");
  return { name, id, kind, key: raw.slice(1) as Bytes };
}

interface Note {
  text: string; // with its last newline
  signatures: { name: string; id: Bytes; bytes: Bytes }[];
}

export function readNote(note: string): Note {
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) throw new LogError("This is not a signed note.");
  const signatures = note
    .slice(split + 2, -1)
    .split("\n")
    .map((line) => {
      const parts = /^— (\S+) (\S+)$/.exec(line);
      const raw = parts && unb64(parts[2]!);
      if (!parts || !raw || raw.length < 5) throw new LogError("This signed note has a line that is not a signature.");
      return { name: parts[1]!, id: raw.slice(0, 4) as Bytes, bytes: raw.slice(4) as Bytes };
    });
  return { text: note.slice(0, split + 1), signatures };
}

async function verifies(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  if (signature.length !== 64) return false;
  const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
}

export function readCheckpoint(text: string): Checkpoint {
  const [origin, size, root] = text.split("\n");
  if (!origin || !size || !/^(0|[1-9]\d{0,14})$/.test(size) || !root) throw new LogError("This is not a checkpoint.");
  const hash = unb64(root);
  if (hash.length !== 32) throw new LogError("This checkpoint has no root.");
  return { origin, size: Number(size), root: hash };
}

// The checkpoint of a note that the log signed and enough witnesses cosigned; with the times at which they did.
export async function verifyCheckpoint(
  note: string,
  policy: LogPolicy,
): Promise<{ checkpoint: Checkpoint; witnessed: { name: string; at_s: number }[] }> {
  const { text, signatures } = readNote(note);
  const checkpoint = readCheckpoint(text);
  if (checkpoint.origin !== policy.log.name) throw new LogError("This checkpoint is of another log.");
  const body = utf8(text);
  const by = (key: LogKey) => signatures.filter((s) => s.name === key.name && same(s.id, key.id));
  let isSigned = false;
  for (const s of by(policy.log)) isSigned ||= await verifies(policy.log.key, s.bytes, body);
  if (!isSigned) throw new LogError("The log did not sign this checkpoint.");
  const witnessed: { name: string; at_s: number }[] = [];
  for (const witness of policy.witnesses) {
    for (const s of by(witness)) {
      if (s.bytes.length !== 72) continue;
      const at_s = Number(new DataView(s.bytes.buffer, s.bytes.byteOffset, 8).getBigUint64(0));
      const message = joined([utf8(`cosignature/v1\ntime ${at_s}\n`), body]);
      if (await verifies(witness.key, s.bytes.slice(8) as Bytes, message)) {
        witnessed.push({ name: witness.name, at_s });
        break;
      }
    }
  }
  if (witnessed.length < policy.quorum)
    throw new LogError(`Only ${witnessed.length} of ${policy.quorum} witnesses cosigned this checkpoint.`);
  return { checkpoint, witnessed };
}

export async function leafHash(leaf: Bytes): Promise<Bytes> {
  return sha256(joined([new Uint8Array([0]), leaf]));
}

async function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(joined([new Uint8Array([1]), left, right]));
}

// RFC 9162, 2.1.3.2 (the same tree as RFC 6962).
export async function isIncluded(
  leaf: Bytes,
  index: number,
  size: number,
  path: readonly Bytes[],
  root: Bytes,
): Promise<boolean> {
  if (!(index >= 0 && index < size)) return false;
  let fn = BigInt(index);
  let sn = BigInt(size - 1);
  let hash = await leafHash(leaf);
  for (const step of path) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      hash = await nodeHash(step, hash);
      while (!(fn & 1n) && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else hash = await nodeHash(hash, step);
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && same(hash, root);
}

// A tlog-proof file: version, optional extra, index, hashes, an empty line, the checkpoint's note.
export function readReceipt(text: string): Receipt {
  const split = text.indexOf("\n\n");
  const lines = text.slice(0, Math.max(0, split)).split("\n");
  if (split < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") throw new LogError("This is not a receipt of a log.");
  const extra = lines[0]?.startsWith("extra ") ? unb64(lines.shift()!.slice(6)) : null;
  const index = /^index (0|[1-9]\d{0,14})$/.exec(lines.shift() ?? "");
  const path = lines.map(unb64);
  if (!index || path.length > 63 || path.some((hash) => hash.length !== 32))
    throw new LogError("This receipt is damaged.");
  return { index: Number(index[1]), path, note: text.slice(split + 2), extra };
}

// The policy file: one line a key. `log KEY`, `witness NAME KEY`, `quorum N`; lines with # are remarks.
export async function readPolicy(text: string): Promise<LogPolicy> {
  let log: LogKey | null = null;
  const witnesses: LogKey[] = [];
  let quorum: number | null = null;
  for (const line of text.split("\n")) {
    const words = line.split("#")[0]!.trim().split(/\s+/);
    if (words[0] === "log" && words[1]) log = await readKey(words.at(-1)!);
    else if (words[0] === "witness" && words[1]) witnesses.push(await readKey(words.at(-1)!));
    else if (words[0] === "quorum" && words[1]) quorum = Number(words[1]);
  }
  if (!log || quorum === null || !(quorum >= 0 && quorum <= witnesses.length))
    throw new LogError("The policy cannot be read: it needs a log, witnesses and a quorum.");
  return { log, witnesses, quorum };
}

// Everything at once: this leaf is in the log, at the receipt's index, under a checkpoint that enough witnesses saw.
export async function verifyReceipt(
  text: string,
  leaf: Bytes,
  policy: LogPolicy,
): Promise<{ index: number; size: number; witnessed: { name: string; at_s: number }[] }> {
  const receipt = readReceipt(text);
  const { checkpoint, witnessed } = await verifyCheckpoint(receipt.note, policy);
  if (!(await isIncluded(leaf, receipt.index, checkpoint.size, receipt.path, checkpoint.root)))
    throw new LogError("The proof is for another entry: this one is not in the log.");
  return { index: receipt.index, size: checkpoint.size, witnessed };
}
