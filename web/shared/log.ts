// Reads a whole log (C2SP tlog-tiles), and computes its root from every entry: what is shown as logged is in the tree
// that the witnesses cosigned, and nothing with the owner's tags is left out.

import { type Bytes, b64, joined, same, sha256 } from "./bytes";
import { type Checkpoint, LogError, type LogPolicy, leafHash, verifyCheckpoint } from "./ledger";

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

// A receipt file (c2sp.org/tlog-proof) of one entry, with the entry itself as its extra: checkable without any server.
export async function receiptOf(log: WholeLog, index: number): Promise<string> {
  const path = await pathTo(log.leaves, index);
  const hashes = path.map((hash) => `${b64(hash)}\n`).join("");
  return `c2sp.org/tlog-proof@v1\nextra ${b64(log.leaves[index]!)}\nindex ${index}\n${hashes}\n${log.note}`;
}

export interface WholeLog {
  note: string;
  checkpoint: Checkpoint;
  witnessed: { name: string; at_s: number }[];
  leaves: Bytes[];
}

// `fetchFile` gives a file of the log by its path. Raises LogError when anything does not fit.
export async function readLog(fetchFile: (path: string) => Promise<Bytes>, policy: LogPolicy): Promise<WholeLog> {
  const note = new TextDecoder().decode(await fetchFile("checkpoint"));
  const { checkpoint, witnessed } = await verifyCheckpoint(note, policy, null);
  const leaves: Bytes[] = [];
  for (let n = 0; n * WIDTH < checkpoint.size; n++) {
    const wide = Math.min(WIDTH, checkpoint.size - n * WIDTH);
    const bundle = entriesOf(await fetchFile(`tile/entries/${tileName(n)}${wide < WIDTH ? `.p/${wide}` : ""}`));
    if (bundle.length < wide) throw new LogError("The log does not show all of its entries.");
    leaves.push(...bundle.slice(0, wide));
  }
  if (!same(await rootOf(leaves), checkpoint.root))
    throw new LogError("The log's entries are not those that were cosigned.");
  return { note, checkpoint, witnessed, leaves };
}

// What a reviewer said of the clip, in words; null for an entry that is no label.
export function said(entry: { kind: string; event: Record<string, unknown> }): string | null {
  const label = entry.event.label as { subjects?: string[]; happenings?: string[]; verdict?: string } | undefined;
  if (entry.kind !== "label" || typeof label !== "object" || !Array.isArray(label.subjects)) return null;
  return [...label.subjects, ...(label.happenings ?? []), label.verdict ?? "unsure"]
    .map((word) => word.replaceAll("_", " "))
    .join(", ");
}
