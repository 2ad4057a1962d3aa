// Verifies the programme's log in the browser: RFC 6962 inclusion, C2SP signed notes, checkpoints, cosignatures and
// tlog-proof receipts. Nothing here trusts the server that the bytes came from; everything that fails says what failed.

import { type Bytes, b64, joined, same, sha256, unb64, utf8 } from "./bytes";

// Why a checkpoint, a receipt or a log proves nothing: the words of nightlatch/ledger/errors.py.
export type Why =
  | "malformed"
  | "wrong origin"
  | "not signed by the log"
  | "too few cosignatures"
  | "stale"
  | "not included"
  | "fork"
  | "rollback";

export class LogError extends Error {
  constructor(
    text: string,
    readonly why: Why = "malformed",
  ) {
    super(text);
  }
}

const ED25519 = 0x01;
const COSIGNATURE = 0x04;
const LONGEST = 1024 * 1024; // a note, in characters
const MOST_SIGNATURES = 100;
const MAX_AGE_S = 600;
const MOST_HOUSEHOLDS = 64;
const TOO_MANY_HOUSEHOLDS = "The log's policy asks for more households than a log knows: at most 64.";
const CLOCK_SLACK_S = 120; // a witness's clock may be that far ahead of ours

// Lines and white space as Python reads them: the browser's own \s knows neither U+0085 nor U+001C, and knows U+FEFF.
const WHITE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const ENDS = "\\n-\\r\\x1c-\\x1e\\x85\\u2028\\u2029";
const LINE_ENDS = new RegExp(`\r\n|[${ENDS}]`);
const GAPS = new RegExp(`[${WHITE}]+`);
const NAME = new RegExp(`^[^${WHITE}+]+$`);
const SIGNATURE = new RegExp(`^— ([^${WHITE}]+) ([^${WHITE}]+)$`);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/; // atob takes more than this
const NUMBER = /^(?:0|[1-9][0-9]{0,14})$/; // 2^53 has sixteen digits

export interface LogKey {
  name: string;
  id: Bytes; // 4 bytes
  kind: number;
  key: Bytes; // 32 bytes
}

export interface LogPolicy {
  log: LogKey;
  witnesses: { name: string; key: LogKey }[]; // by the policy's name for them
  quorum: number;
  maxAgeS: number;
  households: number; // hubs of households that gave, among them that of the household whose clip is looked at
}

export interface Cosignature {
  name: string; // the policy's
  witness: string; // the key's
  at_s: number;
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

const decoded = (text: string): Bytes | null => (BASE64.test(text) ? unb64(text) : null);

// A verifier key as C2SP signed-note writes it: name+hash+base64(kind, key).
export async function readKey(text: string): Promise<LogKey> {
  const [name = "", hash, ...rest] = text.split("+");
  const raw = decoded(rest.join("+"));
  const kind = raw?.[0];
  if (!raw || !NAME.test(name) || raw.length !== 33 || (kind !== ED25519 && kind !== COSIGNATURE))
    throw new LogError("This is not the key of a log or witness. It looks like name+0123abcd+base64.");
  const id = (await sha256(joined([utf8(`${name}\n`), raw]))).slice(0, 4) as Bytes;
  if ([...id].map((b) => b.toString(16).padStart(2, "0")).join("") !== hash)
    throw new LogError(`The key of ${name} is damaged: its hash does not match. Copy it again.`);
  return { name, id, kind, key: raw.slice(1) as Bytes };
}

interface Note {
  text: string; // with its last newline
  signatures: { name: string; id: Bytes; bytes: Bytes }[];
}

export function readNote(raw: string | Bytes): Note {
  const note = typeof raw === "string" ? raw : textOf(raw);
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n") || note.length > LONGEST) throw new LogError("This is not a signed note.");
  if ([...note].some((c) => c < " " && c !== "\n")) throw new LogError("A signed note has no control characters.");
  const signatures = note
    .slice(split + 2, -1)
    .split("\n")
    .map((line) => {
      const parts = SIGNATURE.exec(line);
      const raw = parts && decoded(parts[2]!);
      if (!parts || !raw || raw.length < 5) throw new LogError("This signed note has a line that is not a signature.");
      return { name: parts[1]!, id: raw.slice(0, 4) as Bytes, bytes: raw.slice(4) as Bytes };
    });
  if (signatures.length > MOST_SIGNATURES) throw new LogError("This signed note has too many signatures.");
  return { text: note.slice(0, split + 1), signatures };
}

function textOf(raw: Bytes): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw new LogError("A signed note is UTF-8 text.");
  }
}

async function verifies(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  if (signature.length !== 64) return false;
  const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
}

export function readCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  const [origin, size, root] = lines;
  if (!origin || !size || !NUMBER.test(size) || !root || lines.slice(0, -1).includes(""))
    throw new LogError("This is not a checkpoint of a log.");
  const hash = decoded(root);
  if (hash?.length !== 32) throw new LogError("This checkpoint has no root.");
  return { origin, size: Number(size), root: hash };
}

// A checkpoint that this log signed.
export async function openCheckpoint(
  raw: string | Bytes,
  log: LogKey,
): Promise<{ checkpoint: Checkpoint; note: Note }> {
  const note = readNote(raw);
  const checkpoint = readCheckpoint(note.text);
  if (checkpoint.origin !== log.name) throw new LogError("This checkpoint is of another log.", "wrong origin");
  let isSigned = false;
  for (const s of by(log, note)) isSigned ||= await verifies(log.key, s.bytes, utf8(note.text));
  if (!isSigned) throw new LogError("The log did not sign this checkpoint.", "not signed by the log");
  return { checkpoint, note };
}

const by = (key: LogKey, note: Note) => note.signatures.filter((s) => s.name === key.name && same(s.id, key.id));

// When this witness cosigned, in seconds; null when it did not.
async function cosignedAt(note: Note, witness: LogKey): Promise<number | null> {
  for (const s of by(witness, note)) {
    if (s.bytes.length !== 72) continue;
    const at_s = new DataView(s.bytes.buffer, s.bytes.byteOffset, 8).getBigUint64(0);
    const message = utf8(`cosignature/v1\ntime ${at_s}\n${note.text}`);
    if (await verifies(witness.key, s.bytes.slice(8) as Bytes, message)) return Number(at_s);
  }
  return null;
}

// The checkpoint of a note that the log signed and enough witnesses cosigned, lately (unless `nowMs` is null).
export async function verifyCheckpoint(
  raw: string | Bytes,
  policy: LogPolicy,
  nowMs: number | null,
): Promise<{ checkpoint: Checkpoint; witnessed: Cosignature[] }> {
  const { checkpoint, note } = await openCheckpoint(raw, policy.log);
  const witnessed: Cosignature[] = [];
  for (const { name, key } of policy.witnesses) {
    const at_s = await cosignedAt(note, key);
    if (at_s !== null) witnessed.push({ name, witness: key.name, at_s });
  }
  if (witnessed.length < policy.quorum) {
    const text = `Only ${witnessed.length} of ${policy.quorum} witnesses cosigned this checkpoint.`;
    throw new LogError(text, "too few cosignatures");
  }
  if (nowMs !== null) {
    const nowS = Math.floor(nowMs / 1000);
    const isFresh = ({ at_s }: Cosignature) => nowS - at_s >= -CLOCK_SLACK_S && nowS - at_s <= policy.maxAgeS;
    if (witnessed.filter(isFresh).length < policy.quorum)
      throw new StaleCheckpoint(lastConfirmed(witnessed, policy.quorum, nowMs), policy.maxAgeS);
  }
  return { checkpoint, witnessed };
}

// How many witnesses have confirmed the log at this time or later.
export interface Confirmation {
  by: number;
  at_s: number;
}

// The latest time since which a quorum has cosigned; null when that takes cosignatures from the future.
export function lastConfirmed(
  witnessed: readonly Pick<Cosignature, "at_s">[],
  quorum: number,
  nowMs: number,
): Confirmation | null {
  const latest = Math.floor(nowMs / 1000) + CLOCK_SLACK_S;
  const times = witnessed.map(({ at_s }) => at_s).filter((at_s) => at_s <= latest);
  const at_s = times.sort((a, b) => b - a)[quorum - 1];
  return at_s === undefined ? null : { by: times.filter((each) => each >= at_s).length, at_s };
}

// A checkpoint that a quorum cosigned, but too long ago, or (`last` is null) in the future.
export class StaleCheckpoint extends LogError {
  constructor(
    readonly last: Confirmation | null,
    readonly maxAgeS: number,
  ) {
    super("This checkpoint is too old, or a clock is wrong. Ask the log again.", "stale");
  }
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
  const extra = lines[0]?.startsWith("extra ") ? decoded(lines.shift()!.slice(6)) : undefined;
  const index = /^index (0|[1-9]\d{0,14})$/.exec(lines.shift() ?? "");
  const path = lines.map(decoded).filter((hash) => hash?.length === 32) as Bytes[];
  if (!index || extra === null || path.length > 63 || path.length < lines.length)
    throw new LogError("This receipt is damaged.");
  return { index: Number(index[1]), path, note: text.slice(split + 2), extra: extra ?? null };
}

// The policy file, a line each: `log KEY`, `witness NAME KEY`, `quorum N`, `max-age-s N`, `households N`; # begins a
// remark. Reads and refuses what nightlatch/ledger/policy.py does (tests/ledger/policies.json holds both to it).
export async function readPolicy(text: string): Promise<LogPolicy> {
  const found: PolicyDraft = { witnesses: [] };
  for (const [n, line] of text.split(LINE_ENDS).entries()) {
    const words = line.split("#")[0]!.split(GAPS).filter(Boolean);
    try {
      if (words.length > 0) await readLine(words, found);
    } catch (error) {
      throw new LogError(`Line ${n + 1} of the log's policy cannot be used: ${(error as Error).message}`);
    }
  }
  const { log, witnesses, quorum = witnesses.length, maxAgeS = MAX_AGE_S, households = 0 } = found;
  if (!log || quorum > witnesses.length)
    throw new LogError("The log's policy names no log, or a quorum that its witnesses cannot reach.");
  if (quorum === 0) throw new LogError("The log's policy asks for no witness. Name one, and a quorum of at least 1.");
  if (new Set(witnesses.map(({ key }) => b64(key.key))).size < witnesses.length)
    throw new LogError("The log's policy names one witness twice.");
  if (households > MOST_HOUSEHOLDS) throw new LogError(TOO_MANY_HOUSEHOLDS);
  return { log, witnesses, quorum, maxAgeS, households };
}

type PolicyDraft = Partial<LogPolicy> & Pick<LogPolicy, "witnesses">;

async function readLine([what, ...words]: string[], found: PolicyDraft): Promise<void> {
  const [first = "", second = ""] = words;
  const isNumber = words.length === 1 && NUMBER.test(first);
  if (what === "log" && words.length === 1) found.log = await keyOf(ED25519, first);
  else if (what === "witness" && words.length === 2)
    found.witnesses.push({ name: first, key: await keyOf(COSIGNATURE, second) });
  else if (what === "quorum" && isNumber) found.quorum = Number(first);
  else if (what === "max-age-s" && isNumber) found.maxAgeS = Number(first);
  else if (what === "households" && isNumber) found.households = Number(first);
  else throw new LogError("it is no log, witness, quorum, max-age-s or households.");
}

async function keyOf(kind: number, text: string): Promise<LogKey> {
  const key = await readKey(text);
  if (key.kind !== kind) throw new LogError("this is a witness's key where the log's belongs, or the other way round.");
  return key;
}

// Everything at once: this leaf is in the log, at the receipt's index, under a checkpoint that enough witnesses saw.
export async function verifyReceipt(
  text: string,
  leaf: Bytes,
  policy: LogPolicy,
  nowMs: number | null,
): Promise<{ index: number; size: number; witnessed: Cosignature[] }> {
  const receipt = readReceipt(text);
  const { checkpoint, witnessed } = await verifyCheckpoint(receipt.note, policy, nowMs);
  if (!(await isIncluded(leaf, receipt.index, checkpoint.size, receipt.path, checkpoint.root)))
    throw new LogError("The proof is for another entry: this one is not in the log.", "not included");
  return { index: receipt.index, size: checkpoint.size, witnessed };
}
