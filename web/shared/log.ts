// Reads a whole log (C2SP tlog-tiles), and computes its root from every entry: what is shown as logged is in the tree
// that the witnesses cosigned, and nothing with the owner's tags is left out.

import { type Bytes, b64, joined, same, sha256 } from "./bytes";
import {
  type Checkpoint,
  type Confirmation,
  type Cosignature,
  LogError,
  type LogPolicy,
  lastConfirmed,
  leafHash,
  openCheckpoint,
  verifyCheckpoint,
} from "./ledger";
import { type KnownCheckpoint, type LogMemory, spelled } from "./memory";

const WIDTH = 256;

// How tlog-tiles writes the number of a tile: groups of three digits, all but the last with an x.
export function tileName(n: number): string {
  const groups = [String(n % 1000).padStart(3, "0")];
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  return groups.join("/");
}

// The entries of a bundle: each with its length in two bytes before it.
export function entriesOf(bundle: Bytes): Bytes[] {
  const found: Bytes[] = [];
  for (let at = 0; at < bundle.length; ) {
    const length = ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0);
    if (at + 2 + length > bundle.length) throw new LogError("A bundle of the log is cut short.");
    found.push(bundle.slice(at + 2, at + 2 + length) as Bytes);
    at += 2 + length;
  }
  return found;
}

async function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(joined([new Uint8Array([1]), left, right]));
}

// RFC 6962, 2.1: pairs are joined level by level; an odd one at the end goes up as it is.
export async function rootOf(leaves: readonly Bytes[]): Promise<Bytes> {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  let level = await Promise.all(leaves.map(leafHash));
  while (level.length > 1) {
    const pairs: Promise<Bytes>[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) pairs.push(nodeHash(level[i]!, level[i + 1]!));
    const odd = level.length % 2 ? [level.at(-1)!] : [];
    level = [...(await Promise.all(pairs)), ...odd];
  }
  return level[0]!;
}

// The way up from one leaf to the root (RFC 6962, 2.1.1), the lowest hash first.
export async function pathTo(leaves: readonly Bytes[], index: number): Promise<Bytes[]> {
  if (leaves.length <= 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return index < k
    ? [...(await pathTo(left, index)), await rootOf(right)]
    : [...(await pathTo(right, index - k)), await rootOf(left)];
}

// The proof that a log begins with its first `old` entries (RFC 6962, 2.1.2).
export async function consistencyOf(leaves: readonly Bytes[], old: number, isWhole = true): Promise<Bytes[]> {
  if (old === leaves.length) return isWhole ? [] : [await rootOf(leaves)];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return old <= k
    ? [...(await consistencyOf(left, old, isWhole)), await rootOf(right)]
    : [...(await consistencyOf(right, old - k, false)), await rootOf(left)];
}

// A receipt file (c2sp.org/tlog-proof) of one entry, with the entry itself as its extra: checkable without any server.
export async function receiptOf(log: WholeLog, index: number): Promise<string> {
  const path = await pathTo(log.leaves, index);
  const hashes = path.map((hash) => `${b64(hash)}\n`).join("");
  return `c2sp.org/tlog-proof@v1\nextra ${b64(log.leaves[index]!)}\nindex ${index}\n${hashes}\n${log.note}`;
}

export interface WholeLog {
  note: string;
  checkpoint: Checkpoint;
  witnessed: Cosignature[];
  confirmed: Confirmation | null; // null: by a policy that asks for no witness
  maxAgeS: number; // of the confirmation, as the policy has it
  isRemembered: boolean; // beyond this page
  leaves: Bytes[];
}

// The log contradicts what this browser saw of it. `evidence` is what `nightlatch log evidence` reads: a fork is proven
// by it, a rollback is not (an old checkpoint, sent again, looks the same).
export class Contradiction extends LogError {
  constructor(
    why: "fork" | "rollback",
    readonly known: KnownCheckpoint,
    readonly evidence: string,
  ) {
    super("The log contradicts what this browser saw of it before.", why);
  }
}

const BETWEEN = "\n----\n\n"; // as nightlatch/ledger/memory.py writes evidence

// `fetchFile` gives a file of the log by its path. `nowMs` is this browser's time: whoever passes on an old log could
// set its own clock back as well. Raises LogError when anything does not fit, also with what `memory` holds, which
// then remembers what was read.
export async function readLog(
  fetchFile: (path: string) => Promise<Bytes>,
  policy: LogPolicy,
  memory: LogMemory,
  nowMs: () => number,
): Promise<WholeLog> {
  const { log } = policy;
  // Before the log is asked: another tab may see more of it meanwhile.
  const known = await memory.newest(log);
  if (known?.fork) throw new Contradiction("fork", known, known.fork);
  const raw = await fetchFile("checkpoint");
  const { checkpoint } = await openCheckpoint(raw, log);
  const note = new TextDecoder().decode(raw);
  const contradicted = async (why: "fork" | "rollback", ...proof: string[]) => {
    const evidence = [known!.note, note, ...proof].join(BETWEEN);
    if (why === "fork") await memory.accuse(log, evidence);
    return new Contradiction(why, known!, evidence);
  };
  // Two trees of one size: the log's two signatures speak for themselves, whoever cosigned, and whenever.
  if (known?.size === checkpoint.size && known.root !== b64(checkpoint.root)) throw await contradicted("fork");
  const atMs = nowMs();
  const { witnessed } = await verifyCheckpoint(raw, policy, atMs);
  if (known && known.size > checkpoint.size) throw await contradicted("rollback");
  const leaves = await leavesOf(fetchFile, checkpoint);
  if (known && known.size < checkpoint.size) {
    const before = await rootOf(leaves.slice(0, known.size));
    if (b64(before) !== known.root) {
      const steps = [before, ...(await consistencyOf(leaves, known.size))];
      throw await contradicted("fork", steps.map((step) => `${b64(step)}\n`).join(""));
    }
  }
  await memory.keep(log, { ...spelled(checkpoint), note, seenMs: atMs, fork: null });
  const confirmed = lastConfirmed(witnessed, policy.quorum, atMs);
  const { maxAgeS } = policy;
  return { note, checkpoint, witnessed, confirmed, maxAgeS, isRemembered: memory.isLasting(), leaves };
}

// Every entry of a checkpoint, from which its root was computed.
async function leavesOf(fetchFile: (path: string) => Promise<Bytes>, { size, root }: Checkpoint): Promise<Bytes[]> {
  const leaves: Bytes[] = [];
  for (let n = 0; n * WIDTH < size; n++) {
    const wide = Math.min(WIDTH, size - n * WIDTH);
    const bundle = entriesOf(await fetchFile(`tile/entries/${tileName(n)}${wide < WIDTH ? `.p/${wide}` : ""}`));
    if (bundle.length < wide) throw new LogError("The log does not show all of its entries.", "not included");
    leaves.push(...bundle.slice(0, wide));
  }
  if (!same(await rootOf(leaves), root))
    throw new LogError("The log's entries are not those that were cosigned.", "not included");
  return leaves;
}

// What a reviewer said of the clip, in words; null for an entry that is not a label.
export function said(entry: { kind: string; event: Record<string, unknown> }): string | null {
  const label = entry.event.label as { subjects?: string[]; happenings?: string[]; verdict?: string } | undefined;
  if (entry.kind !== "label" || typeof label !== "object" || !Array.isArray(label.subjects)) return null;
  return [...label.subjects, ...(label.happenings ?? []), label.verdict ?? "unsure"]
    .map((word) => word.replaceAll("_", " "))
    .join(", ");
}
