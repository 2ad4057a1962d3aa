// The parts of a log, as nightlatch/ledger/parts.py writes them: each month, and whenever a key changes, another begins
// where the last one ended. Part 0 has the log's name as its origin; part n is called NAME/n and lies under n/. The
// last entry of a part names the next one and its policy; the first entry of that one names where this one ended.

import { type Bytes, b64, joined, same, sha256, unb64, utf8 } from "./bytes";
import { canonical } from "./consent";
import { type Checkpoint, LogError, type LogKey, type LogPolicy, readPolicy } from "./ledger";

export const NEXT = "log.next";
export const BEGIN = "log.begin";
export const PUBLIC_SALT = new Uint8Array(32); // the event is no secret
const MOST_PARTS = 2 ** 13 - 1;
const INDEX_SPAN = 2 ** 40; // of a position; with 13 bits for the part it is a whole number that JavaScript can hold

// Where an entry is: in which part, and its index there.
export interface Position {
  part: number;
  index: number;
}

// One number for both; for part 0 it is the index.
export const numberOf = ({ part, index }: Position) => part * INDEX_SPAN + index;
export const positionOf = (number: number): Position => ({
  part: Math.floor(number / INDEX_SPAN),
  index: number % INDEX_SPAN,
});

// One part of a log and the policy under which it is believed; `base` is the name of the whole log.
export interface Part {
  base: string;
  number: number;
  policy: LogPolicy;
  policyText: string;
}

export const pathIn = ({ number }: Part, path: string) => (number ? `${number}/${path}` : path);

export async function firstPart(policyText: string): Promise<Part> {
  const policy = await readPolicy(policyText);
  return { base: policy.log.name, number: 0, policy, policyText };
}

// The policies of all parts in one file: that of a log with one part is that part's own.
export function policiesOf(parts: readonly Part[]): string {
  if (parts.length === 1) return parts[0]!.policyText;
  return parts.map(({ number, policyText }) => `# part ${number}\n${policyText}`).join("\n");
}

// The policy of the part with this origin, from such a file. Raises LogError for one that cannot be read.
export async function policyFor(origin: string, text: string): Promise<LogPolicy> {
  const texts = text.split(/^# part [0-9]+$/m).filter((each) => each.trim());
  const policies = await Promise.all((texts.length > 0 ? texts : [text]).map(readPolicy));
  return policies.find(({ log }) => log.name === origin) ?? policies[0]!;
}

// Which part of the log `base` has this origin. Raises LogError (wrong origin).
export function partOf(origin: string, base: string): number {
  if (origin === base) return 0;
  const number = origin.startsWith(`${base}/`) ? origin.slice(base.length + 1) : "";
  if (!/^[1-9][0-9]{0,3}$/.test(number) || Number(number) > MOST_PARTS)
    throw new LogError(`This checkpoint is of another log (${origin}).`, "wrong origin");
  return Number(number);
}

// What the log shows to everybody.
export interface Leaf {
  atS: number; // Unix time, by the clock of the program that appended it
  kind: string;
  tag: Bytes;
  commitment: Bytes;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const B64 = "((?:[\\w+/]{4})*(?:[\\w+/][AQgw]==|[\\w+/]{2}[AEIMQUYcgkosw048]=)?)".replaceAll("\\w", "A-Za-z0-9");
// How a leaf is written whose kind needs no escapes: all that there are. A log of a million entries is read with it.
const PLAIN = new RegExp(`^{"c":"${B64}","k":"([ !#-[\\]-~]*)","t":(0|-?[1-9][0-9]{0,14}),"tag":"${B64}","v":1}$`);

// Null for bytes that are not a leaf of ours: those have no tag.
export function readLeaf(raw: Bytes): Leaf | null {
  try {
    const text = UTF8.decode(raw);
    const plain = PLAIN.exec(text);
    if (plain) {
      const [, c, k, t, tag] = plain;
      return { atS: Number(t), kind: k!, tag: unb64(tag!), commitment: unb64(c!) };
    }
    const { c, k, t, tag } = JSON.parse(text) as Record<string, unknown>;
    if (typeof c !== "string" || typeof k !== "string" || typeof t !== "number" || typeof tag !== "string") return null;
    const leaf = { atS: t, kind: k, tag: unb64(tag), commitment: unb64(c) };
    const isOurs = canonical({ c: b64(leaf.commitment), k, t, tag: b64(leaf.tag), v: 1 }) === text;
    return isOurs ? leaf : null;
  } catch {
    return null;
  }
}

export const isLast = (leaf: Bytes) => readLeaf(leaf)?.kind === NEXT;

// Whether this entry commits to this event, in which the log speaks of itself.
export async function saysEvent(leaf: Bytes, kind: string, event: Bytes): Promise<boolean> {
  const told = readLeaf(leaf);
  return told?.kind === kind && same(told.commitment, await sha256(joined([PUBLIC_SALT, event])));
}

// The part that follows `part`, from its file `next` and its last entry. Raises LogError.
export async function readNext(raw: Bytes, leaf: Bytes, part: Part): Promise<Part> {
  if (!(await saysEvent(leaf, NEXT, raw)))
    throw new LogError("What the log says of its next part does not fit its last entry.", "not included");
  let found: Part;
  try {
    const { part: number, policy } = JSON.parse(new TextDecoder().decode(raw)) as Record<string, unknown>;
    if (typeof number !== "number" || typeof policy !== "string") throw new Error("no part");
    found = { base: part.base, number, policy: await readPolicy(policy), policyText: policy };
  } catch {
    throw new LogError("What the log says of its next part cannot be read.");
  }
  if (found.number !== part.number + 1 || partOf(found.policy.log.name, part.base) !== found.number)
    throw new LogError("The log's next part is another log.", "wrong origin");
  return found;
}

export const beginEvent = ({ origin, size, root }: Checkpoint) => utf8(canonical({ origin, root: b64(root), size }));

// Raises LogError unless a part's file `begin` and its first entry say that it follows `finished`.
export async function checkBegin(raw: Bytes, leaf: Bytes, finished: Checkpoint): Promise<void> {
  if (!(await saysEvent(leaf, BEGIN, raw)) || !same(raw, beginEvent(finished)))
    throw new LogError("A part of the log does not begin where the one before it ended.", "fork");
}

// What changed in whom one must believe, from one part to the next; empty when only the month did.
export function changedKeys(before: LogPolicy, after: LogPolicy): string[] {
  const isSame = (a: LogKey, b: LogKey) => same(a.key, b.key);
  const names = (of: LogPolicy, without: LogPolicy) =>
    of.witnesses.filter(({ key }) => !without.witnesses.some((each) => isSame(each.key, key))).map(({ name }) => name);
  const [come, gone] = [names(after, before), names(before, after)];
  return [
    ...(isSame(before.log, after.log) ? [] : ["the log's own key"]),
    ...come.map((name) => (gone.includes(name) ? `the key of the witness ${name}` : `the witness ${name} came`)),
    ...gone.filter((name) => !come.includes(name)).map((name) => `the witness ${name} went`),
    ...counted("quorum", before.quorum, after.quorum),
    ...counted("number of households", before.households, after.households),
  ];
}

const counted = (what: string, was: number, is: number) =>
  was === is ? [] : [`the ${what} went from ${was} to ${is}`];
