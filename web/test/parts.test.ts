// The page reads and refuses parts, indexes and trees as tests/ledger/parts.json says that Python does.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Bytes, b64, unb64, utf8 } from "../shared/bytes";
import { GrowingTree, hashing } from "../shared/hashing";
import type { LogError } from "../shared/ledger";
import { checkBegin, firstPart, isLast, numberOf, partOf, positionOf, readLeaf, readNext } from "../shared/parts";
import {
  bucketPath,
  bucketsOf,
  dueAt,
  entryOf,
  headPath,
  type Level,
  readBucket,
  readHead,
  speaksOf,
} from "../shared/tags";
import { Held, TileTree } from "../shared/tiles";
import { tilesOf } from "./tiny-log";

interface Span {
  level: Level;
  n: number;
}
interface Refusal {
  name: string;
  why?: string;
}
interface NextCase extends Refusal {
  part: number;
  policy: string;
  event: string;
  leaf: string;
  next?: { part: number; policy: string };
}
interface BeginCase extends Refusal {
  event: string;
  leaf: string;
  finished: { origin: string; size: number; root: string };
}
interface IndexCase extends Span {
  leaves: string[];
  head: string;
  buckets: Record<string, string>;
  named: Record<string, [number, string][]>;
}
interface TreeCase {
  size: number;
  root: string;
  inclusion: Record<string, string[]>;
  consistency: Record<string, string[]>;
  before: Record<string, string>;
}
const cases = JSON.parse(readFileSync(new URL("../../tests/ledger/parts.json", import.meta.url), "utf8"));

const hex = (bytes: Uint8Array) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
const refusal = async (act: Promise<unknown>) => act.then(() => null).catch((error: LogError) => error.why);

test("a position is one number", () => {
  for (const { part, index, number } of cases.positions) {
    expect(numberOf({ part, index })).toBe(number);
    expect(positionOf(number)).toEqual({ part, index });
  }
});

test.each<{ origin: string; part?: number; why?: string }>(cases.origins)("the origin $origin", async (one) => {
  if (one.part !== undefined) expect(partOf(one.origin, cases.base)).toBe(one.part);
  else expect(await refusal((async () => partOf(one.origin, cases.base))())).toBe(one.why);
});

test.each<NextCase>(cases.next)("the next part: $name", async (one) => {
  const part = { ...(await firstPart(one.policy)), base: cases.base, number: one.part };
  const asked = readNext(unb64(one.event), unb64(one.leaf), part);
  if (one.why !== undefined) {
    expect(await refusal(asked)).toBe(one.why);
    return;
  }
  expect(await asked).toMatchObject({ number: one.next!.part, policyText: one.next!.policy, base: cases.base });
  expect(isLast(unb64(one.leaf))).toBe(true);
});

test.each<BeginCase>(cases.begin)("a part begins: $name", async (one) => {
  const finished = { ...one.finished, root: unb64(one.finished.root) };
  expect(await refusal(checkBegin(unb64(one.event), unb64(one.leaf), finished))).toBe(one.why ?? null);
});

test("a leaf is read in one spelling only, whichever way it is read", () => {
  const leaf = '{"c":"AAECAw==","k":"view.open","t":7,"tag":"BwcH","v":1}';
  expect(readLeaf(utf8(leaf))).toMatchObject({ atS: 7, kind: "view.open", tag: Uint8Array.of(7, 7, 7) });
  const escaped = leaf.replace("view.open", 'a \\"kind\\" é');
  expect(readLeaf(utf8(escaped))).toMatchObject({ kind: 'a "kind" é' });
  for (const [from, to] of [
    ["AAECAw==", "AAECAx=="],
    ["AAECAw==", "AAECAw="],
    ["BwcH", "Bwc_"],
    [":7", ":07"],
    [":7", ":-0"],
    [":7", ":7.0"],
    [":7", ":9007199254740993"],
    [":1}", ":2}"],
    [":1}", ":1} "],
    ["view.open", "view\\u002eopen"],
    ["{", "\ufeff{"],
  ] as const)
    expect([to, readLeaf(utf8(leaf.replace(from, to)))]).toEqual([to, null]);
});

test("indexes stand at their places", () => {
  for (const { index, due } of cases.spans)
    expect(dueAt(index)).toEqual(due === null ? null : { level: due[0], n: due[1] });
  for (const { level, n, bucket, entry, head, path } of cases.paths)
    expect([entryOf({ level, n }), headPath({ level, n }), bucketPath({ level, n }, bucket)]).toEqual([
      entry,
      head,
      path,
    ]);
});

test.each<IndexCase>(cases.indexes)("an index of level $level", async ({ level, n, leaves, ...one }) => {
  const made = bucketsOf(
    { level, n },
    leaves.map(unb64).map((raw) => readLeaf(raw)?.tag ?? null),
  );
  const full = [...made.entries()].filter(([, bucket]) => bucket.length > 0);
  const name = (bucket: number) => bucket.toString(16).padStart(2, "0");
  expect(Object.fromEntries(full.map(([bucket, raw]) => [name(bucket), b64(raw)]))).toEqual(one.buckets);
  for (const [bucket, named] of Object.entries(one.named)) {
    const found = readBucket({ level, n }, unb64(one.buckets[bucket]!));
    expect(found.map(({ index, tag }) => [index, hex(tag)])).toEqual(named);
  }
  const { leaf, hashes } = await readHead({ level, n }, unb64(one.head));
  const by = await hashing();
  expect(hashes).toEqual(made.map((bucket) => by.plain(bucket)));
  expect(await speaksOf({ level, n }, leaf, hashes)).toBe(true);
});

test.each<Refusal & Span & { head?: string; bucket?: string }>(cases.torn)("is refused: $name", async (one) => {
  const act = async () =>
    one.head === undefined ? readBucket(one, unb64(one.bucket!)) : readHead(one, unb64(one.head));
  expect(await refusal(act())).toBe(one.why);
});

describe("a tree that is read tile by tile", () => {
  const leaves = (size: number) => Array.from({ length: size }, (_, n) => utf8(`entry ${n}`));

  const opened = async ({ size, root }: TreeCase, files: Map<string, Bytes>) => {
    const asked: string[] = [];
    const fetchFile = async (path: string) => {
      asked.push(path);
      return files.get(path) ?? Promise.reject(new Error(path));
    };
    const checkpoint = { origin: cases.base, size, root: unb64(root) };
    return { tree: await TileTree.open(checkpoint, fetchFile, new Held()), asked };
  };

  test.each<TreeCase>(cases.trees)("of $size entries gives Python's roots and proofs", async (one) => {
    const { tree } = await opened(one, await tilesOf(leaves(one.size)));
    for (const [index, path] of Object.entries(one.inclusion)) {
      expect((await tree.inclusion(Number(index))).map(b64)).toEqual(path);
      expect(new TextDecoder().decode(await tree.entry(Number(index)))).toBe(`entry ${index}`);
      expect(await tree.holds(Number(index), utf8("another"))).toBe(false);
    }
    for (const [old, path] of Object.entries(one.consistency)) {
      expect((await tree.consistency(Number(old))).map(b64)).toEqual(path);
      expect(b64(await tree.root(Number(old)))).toBe(one.before[old]);
    }
    const grown = new GrowingTree(await hashing());
    for (const entry of leaves(one.size)) grown.append((await hashing()).leaf(entry));
    expect(b64(grown.root())).toBe(one.root);
  });

  test("believes no tile, edge or entry that was changed", async () => {
    const one = (cases.trees as TreeCase[]).find(({ size }) => size === 66_000)!;
    const files = await tilesOf(leaves(one.size));
    const spoilt = (path: string) =>
      new Map([...files, [path, files.get(path)!.map((b, i) => (i ? b : b ^ 1)) as Bytes]]);
    for (const path of ["tile/0/257.p/208", "tile/1/001.p/1", "tile/2/000.p/1"])
      expect(await refusal(opened(one, spoilt(path)))).toBe("not included");
    for (const path of ["tile/0/000", "tile/1/000"]) {
      const { tree } = await opened(one, spoilt(path));
      expect(await refusal(tree.leafHash(0))).toBe("not included");
      expect(await tree.holds(65_999, utf8("entry 65999"))).toBe(true);
    }
    const renamed = files.get("tile/entries/000")!.map((b, i) => (i === 2 ? b ^ 1 : b)) as Bytes;
    const { tree } = await opened(one, new Map([...files, ["tile/entries/000", renamed]]));
    expect(await refusal(tree.entry(5))).toBe("not included");
  });

  test("holds no more than a page can", () => {
    const held = new Held(100);
    held.keep(held.files, "a", utf8("a"), 60);
    expect(() => held.keep(held.files, "b", utf8("b"), 60)).toThrow("more for you to read than a browser can hold");
  });

  test("reads a handful of tiles", async () => {
    const one = (cases.trees as TreeCase[]).find(({ size }) => size === 66_000)!;
    const { tree, asked } = await opened(one, await tilesOf(leaves(one.size)));
    await tree.holds(70, utf8("entry 70"));
    await tree.holds(71, utf8("entry 71"));
    expect(asked).toEqual(["tile/0/257.p/208", "tile/1/001.p/1", "tile/2/000.p/1", "tile/1/000", "tile/0/000"]);
  });
});
