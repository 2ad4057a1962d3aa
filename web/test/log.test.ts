// A log as one owner reads it: in parts, by its indexes, or every entry.

import { beforeAll, describe, expect, test } from "vitest";
import { ownEntries } from "../owner/giving/entries";
import { type Bytes, b64, utf8 } from "../shared/bytes";
import { dayTag } from "../shared/consent";
import { type LogError, readReceipt, verifyReceipt } from "../shared/ledger";
import { type LogDoors, readLog, receiptOf, said } from "../shared/log";
import { beginEvent, firstPart, numberOf, policiesOf, policyFor } from "../shared/parts";
import { readEvery } from "../shared/whose";
import {
  leafOf,
  longLog,
  publicLeaf,
  type Signers,
  signer,
  signers,
  type TinyLog,
  tinyDoors,
  tinyWriter,
} from "./tiny-log";

const NOW_MS = Date.UTC(2026, 10, 28, 12);
const DAY_MS = 86_400_000;
const KEY = utf8("the owner's key for tags in a log");
const UNWANTED = { tell: () => {}, isWanted: () => true };

const look = async (atMs: number, key = KEY) =>
  leafOf("view.open", atMs, b64(await dayTag(key, atMs)), new Uint8Array(32));
const why = (act: Promise<unknown>) => act.then(() => null).catch((error: LogError) => error.why ?? error.message);
const own = async (doors: LogDoors, policy: string, sinceMs = NOW_MS - DAY_MS) => {
  const found = await ownEntries(await readLog(policy, doors), sinceMs, KEY, doors);
  return { ...found, at: found.own.map(({ position }) => position) };
};

const SIZE = 70_000;
const PLACES = [3, 4_095, 4_097, 65_535, 65_538, 69_999];

async function long(size: number, leavesOut?: number): Promise<TinyLog> {
  const owned = new Map<number, Bytes>();
  for (const at of PLACES) owned.set(at, await look(NOW_MS - at));
  const { leaves, files } = await longLog(size, owned, NOW_MS, leavesOut);
  const written = await (await tinyWriter()).write(leaves, NOW_MS);
  for (const [path, raw] of files) written.files.set(path, raw);
  return written;
}

let log: TinyLog;
let lying: TinyLog; // its second index leaves out an entry

beforeAll(async () => {
  [log, lying] = [await long(SIZE), await long(9_000, 4_097)];
}, 120_000);

describe("a long log", { timeout: 60_000 }, () => {
  test("is read by its indexes, and every own entry is found", async () => {
    const { doors, asked } = await tinyDoors(log, NOW_MS);
    const found = await own(doors, log.policy);
    expect(found).toMatchObject({ at: PLACES, isWhole: false });
    const bytes = asked.reduce((sum, path) => sum + log.files.get(path)!.length, 0);
    expect(asked.length).toBeLessThan(60);
    expect(bytes).toBeLessThan(1_200_000);
  });

  test("costs its checkpoint when nothing has changed", async () => {
    const { doors, asked } = await tinyDoors(log, NOW_MS);
    await own(doors, log.policy);
    asked.length = 0;
    await own(doors, log.policy);
    expect(asked).toEqual(["checkpoint"]);
  });

  test("that changes a bucket, a head or the place of one is not believed", async () => {
    const { doors, asked } = await tinyDoors(log, NOW_MS);
    await own(doors, log.policy);
    const bucket = asked.find((path) => path.startsWith("tags/1/000/") && !path.endsWith("head"))!;
    for (const [path, raw] of [
      [bucket, new Uint8Array(0)],
      ["tags/1/000/head", log.files.get("tags/0/000/head")!],
      ["tags/0/016/head", lying.files.get("tags/0/001/head")!],
    ] as [string, Bytes][]) {
      const again = await tinyDoors({ ...log, files: new Map([...log.files, [path, raw]]) }, NOW_MS);
      expect(["not included", "malformed"]).toContain(await why(own(again.doors, log.policy)));
    }
  });

  test("whose index is withheld is not believed", async () => {
    const files = new Map([...log.files].filter(([path]) => path !== "tags/1/000/head"));
    const { doors } = await tinyDoors({ ...log, files }, NOW_MS);
    await expect(own(doors, log.policy)).rejects.toThrow("tags/1/000/head");
  });
});

describe("reading every entry of a long log", { timeout: 60_000 }, () => {
  test("is done when that is asked for, and from then on only its end is read", async () => {
    const { doors, asked } = await tinyDoors(log, NOW_MS);
    const told: number[] = [];
    const read = await readLog(log.policy, doors);
    const { fetchFile } = doors; // the log grows meanwhile: what was at its edge is gone
    doors.fetchFile = (path) => fetchFile(path.replace(/[.]p.*/, ".gone"));
    expect(await readEvery(read, doors, { tell: (n) => told.push(n), isWanted: () => true })).toBe(true);
    expect(told.at(-1)).toBe(SIZE);
    doors.fetchFile = fetchFile;
    asked.length = 0;
    expect(await own(doors, log.policy)).toMatchObject({ at: PLACES, isWhole: true });
    expect(asked.length).toBeLessThan(15);
  });

  test("is what happens by itself to one of before there were indexes", async () => {
    const owned = await look(NOW_MS);
    const leaves = Array.from({ length: 9000 }, (_, n) => (n === 5000 ? owned : utf8(`entry ${n}`)));
    const old = await (await tinyWriter()).write(leaves, NOW_MS);
    const { doors } = await tinyDoors(old, NOW_MS);
    expect(await own(doors, old.policy)).toMatchObject({ at: [5000], isWhole: true });
    expect(await readEvery(await readLog(old.policy, doors), doors, UNWANTED)).toBe(true);
  });

  test("ends when the owner leaves", async () => {
    const { doors } = await tinyDoors(log, NOW_MS);
    expect(await readEvery(await readLog(log.policy, doors), doors, { tell: () => {}, isWanted: () => false })).toBe(
      false,
    );
  });

  test("finds out an index that leaves an entry out, and the log is believed no more", async () => {
    const { doors } = await tinyDoors(lying, NOW_MS);
    expect((await own(doors, lying.policy)).at).not.toContain(4_097);
    const read = await readLog(lying.policy, doors);
    await expect(readEvery(read, doors, UNWANTED)).rejects.toMatchObject({ how: "false index" });
    const { fork } = (await doors.memory.newest((await firstPart(lying.policy)).policy.log))!;
    await expect(readLog(lying.policy, doors)).rejects.toMatchObject({ how: "false index", evidence: fork });
    const [spoken, first, lines] = fork!.split("\n----\n\n");
    expect([readReceipt(spoken!).index, readReceipt(first!).index]).toEqual([8_192, 4_096]);
    expect(lines!.trim().split("\n")).toHaveLength(4_096);
  });
});

const LATE_MS = NOW_MS - 3 * DAY_MS;

// The first part ended three days ago; the second is `by` others, if any.
async function parted(by: Signers, next = by, beginning?: { size: number }) {
  const [first, second] = [await tinyWriter({ by }), await tinyWriter({ by: next, part: 1 })];
  const event = utf8(`{"part":1,"policy":${JSON.stringify(second.policy)}}`);
  const leaves = [await look(LATE_MS), await publicLeaf("log.next", event, LATE_MS)];
  const ended = await first.write(leaves, LATE_MS);
  const finished = await finishedBy(ended, leaves.length);
  const begin = beginEvent({ ...finished, ...beginning });
  const more = [await publicLeaf("log.begin", begin, LATE_MS), await look(NOW_MS - DAY_MS), await look(NOW_MS)];
  const newest = await second.write(more, NOW_MS);
  ended.files.set("next", event);
  for (const [path, raw] of newest.files) ended.files.set(`1/${path}`, raw);
  ended.files.set("1/begin", begin);
  return { log: ended, first, second, leaves, more };
}

const finishedBy = async ({ checkpoint }: TinyLog, size: number) => {
  const [origin, , root] = new TextDecoder().decode(checkpoint).split("\n");
  return { origin: origin!, size, root: Uint8Array.from(atob(root!), (c) => c.charCodeAt(0)) as Bytes };
};

describe("a log in parts", () => {
  let by: Signers;

  beforeAll(async () => {
    by = await signers();
  });

  test("is followed to its newest; the finished part may be old, and its entries are found", async () => {
    const { log } = await parted(by);
    const { doors, asked } = await tinyDoors(log, NOW_MS);
    const found = await own(doors, log.policy, LATE_MS - DAY_MS);
    expect(found.at).toEqual([0, numberOf({ part: 1, index: 1 }), numberOf({ part: 1, index: 2 })]);
    const read = await readLog(log.policy, doors);
    expect(read.changes).toEqual([]);
    asked.length = 0;
    await readLog(log.policy, doors);
    expect(asked).toEqual(["1/checkpoint"]);
  });

  test("need not be read before anything was given, and then is not said to have been", async () => {
    const { log } = await parted(by);
    const { doors, asked } = await tinyDoors(log, NOW_MS);
    expect(await own(doors, log.policy)).toMatchObject({ isWhole: false });
    const read = await readLog(log.policy, doors);
    expect(await readEvery(read, doors, UNWANTED)).toBe(true);
    expect(await own(doors, log.policy)).toMatchObject({ isWhole: true });
    expect(asked).not.toContain("tags/0/000/head");
  });

  test("gives receipts of every part, which its policy checks", async () => {
    const { log, first, second, leaves, more } = await parted(by);
    const { doors } = await tinyDoors(log, NOW_MS);
    const read = await readLog(log.policy, doors);
    const old = await receiptOf(read, 0);
    expect(readReceipt(old).extra).toEqual(leaves[0]);
    const policies = read.parts.map(({ part }) => part.policy);
    expect(read.parts.map(({ part }) => part.policyText)).toEqual([first.policy, second.policy]);
    expect((await verifyReceipt(old, leaves[0]!, policies[0]!, null)).index).toBe(0);
    const late = await receiptOf(read, numberOf({ part: 1, index: 2 }));
    expect((await verifyReceipt(late, more[2]!, policies[1]!, null)).index).toBe(2);
    expect(await why(verifyReceipt(late, more[2]!, policies[0]!, null))).toBe("wrong origin");
    const file = policiesOf(read.parts.map(({ part }) => part));
    for (const { log } of policies) expect((await policyFor(log.name, file)).log).toEqual(log);
    expect((await policyFor("another log", first.policy)).log).toEqual(policies[0]!.log);
    await expect(policyFor("another log", "")).rejects.toThrow("names no log");
  });
});

describe("a log in parts that do not fit", () => {
  let by: Signers;

  beforeAll(async () => {
    by = await signers();
  });

  test("whose keys changed is believed, and says so", async () => {
    const { log } = await parted(by, {
      ...by,
      log: await signer(by.log.name, 1),
      witness: await signer("other.test", 4),
    });
    const { doors } = await tinyDoors(log, NOW_MS);
    const { changes } = await readLog(log.policy, doors);
    expect(changes).toEqual([{ atMs: LATE_MS, what: ["the log's own key", "the key of the witness friend"] }]);
  });

  test("that does not begin where the one before ended is not believed", async () => {
    const { log } = await parted(by, by, { size: 3 });
    const { doors } = await tinyDoors(log, NOW_MS);
    expect(await why(readLog(log.policy, doors))).toBe("fork");
  });

  test("under keys that the part before did not name is not believed", async () => {
    const { log, more } = await parted(by);
    const stranger = await tinyWriter({ part: 1, by: { ...(await signers()), hub: by.hub } });
    for (const [path, raw] of (await stranger.write(more, NOW_MS)).files) log.files.set(`1/${path}`, raw);
    const { doors } = await tinyDoors(log, NOW_MS);
    expect(await why(readLog(log.policy, doors))).toBe("not signed by the log");
  });

  test("whose newest is old is stale, though the part before may be", async () => {
    const { log, second, more } = await parted(by);
    log.files.set("1/checkpoint", (await second.write(more, NOW_MS - DAY_MS)).checkpoint);
    const { doors } = await tinyDoors(log, NOW_MS);
    expect(await why(readLog(log.policy, doors))).toBe("stale");
  });

  test("that goes back a part has gone back; one that goes on after its end is a fork", async () => {
    const { log, first, leaves } = await parted(by);
    const { doors } = await tinyDoors(log, NOW_MS);
    await readLog(log.policy, doors);
    const back = await first.write(leaves.slice(0, 1), NOW_MS);
    const again = async (shown: TinyLog) => {
      const { doors: other } = await tinyDoors(shown, NOW_MS);
      return why(readLog(log.policy, { ...other, memory: doors.memory }));
    };
    expect(await again(back)).toBe("rollback");
    const files = new Map([...log.files].filter(([path]) => !path.startsWith("1/")));
    expect(await again({ ...log, files })).toBe("rollback");
    const longer = await first.write([...leaves, utf8("more")], NOW_MS);
    expect(await again(longer)).toBe("fork");
    const known = await doors.memory.newest((await firstPart(log.policy)).policy.log);
    const [receipt, note] = known!.fork!.split("\n----\n\n");
    expect([readReceipt(receipt!).index, note]).toEqual([1, new TextDecoder().decode(longer.checkpoint)]);
    expect(await again(log)).toBe("fork");
  });
});

describe("the household's own hub", () => {
  const read = async (households: number, hubMs: number | null) => {
    const written = await (await tinyWriter({ households })).write([await look(NOW_MS)], NOW_MS, { hubMs });
    const { doors } = await tinyDoors(written, NOW_MS);
    return why(readLog(written.policy, doors));
  };

  test("must have cosigned, whoever else did", async () => {
    expect(await read(0, NOW_MS)).toBeNull();
    expect(await read(0, null)).toBe("too few cosignatures");
  });

  test("may have done so some time ago, unless the policy asks for households", async () => {
    expect(await read(0, NOW_MS - DAY_MS)).toBeNull();
    expect(await read(1, NOW_MS - DAY_MS)).toBe("too few cosignatures");
    expect(await read(1, NOW_MS - 1000)).toBeNull();
  });

  test("and its own cosignature makes the log old where the policy asks for households", async () => {
    const until = async (households: number) => {
      const written = await (await tinyWriter({ households })).write([], NOW_MS, { hubMs: NOW_MS - 60_000 });
      return (await readLog(written.policy, (await tinyDoors(written, NOW_MS)).doors)).freshUntilS;
    };
    expect([await until(0), await until(1)]).toEqual([NOW_MS / 1000 + 600, NOW_MS / 1000 + 540]);
  });

  test("must be the one that is known", async () => {
    const written = await (await tinyWriter()).write([], NOW_MS);
    const { doors } = await tinyDoors({ ...written, hub: (await tinyWriter()).hub }, NOW_MS);
    expect(await why(readLog(written.policy, doors))).toBe("too few cosignatures");
  });
});

describe("what a reviewer said", () => {
  const entry = (kind: string, event: Record<string, unknown>) => ({ kind, event });

  test("is put into words", () => {
    const label = { subjects: ["person", "other_animal"], happenings: ["trying_doors"], spans: [], verdict: "threat" };
    expect(said(entry("label", { label }))).toBe("person, other animal, trying doors, threat");
    expect(said(entry("label", { label: { subjects: ["nothing"] } }))).toBe("nothing, unsure");
  });

  test("is nothing for an entry that is no label, or one that only names its hash", () => {
    expect(said(entry("view.open", { label: { subjects: ["person"] } }))).toBeNull();
    expect(said(entry("label", { label: "ab".repeat(32) }))).toBeNull();
    expect(said(entry("label", {}))).toBeNull();
  });
});
