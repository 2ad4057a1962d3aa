// What this browser remembers of a log: the largest tree, and that it forked.

import { expect, test } from "vitest";
import { utf8 } from "../shared/bytes";
import type { LogKey } from "../shared/ledger";
import { hubMemory, inMemory, type KnownCheckpoint, logMemory, type Shelf } from "../shared/memory";

const key = (name: string, bytes: string): LogKey => ({ name, id: utf8("id"), kind: 1, key: utf8(bytes) });
const LOG = key("example.org/log", "a key");
const seen = (size: number): KnownCheckpoint => ({ size, root: `root ${size}`, note: "", seenMs: size, fork: null });
const UNUSABLE: Shelf = {
  get: () => Promise.reject(new Error("a private window")),
  change: () => Promise.reject(new Error("a private window")),
};

test("the largest tree stays, whichever tab comes last", async () => {
  const memory = logMemory(inMemory());
  for (const size of [3, 7, 5]) await memory.keep(LOG, seen(size));
  expect(await memory.newest(LOG)).toEqual(seen(7));
});

test("another page finds it again", async () => {
  const shelf = inMemory();
  await logMemory(shelf).keep(LOG, seen(7));
  expect(await logMemory(shelf).newest(LOG)).toEqual(seen(7));
});

test("logs of other keys or names are others", async () => {
  const memory = logMemory(inMemory());
  await memory.keep(LOG, seen(7));
  expect(await memory.newest(key("example.org/log", "another key"))).toBeNull();
  expect(await memory.newest(key("example.org/other", "a key"))).toBeNull();
});

test("an accusation stays, and the first evidence with it", async () => {
  const memory = logMemory(inMemory());
  await memory.keep(LOG, seen(7));
  await memory.accuse(LOG, "two notes");
  await memory.accuse(LOG, "two other notes");
  await memory.keep(LOG, seen(9));
  expect(await memory.newest(LOG)).toEqual({ ...seen(7), fork: "two notes" });
});

test("what another tab found out counts here", async () => {
  const shelf = inMemory();
  const [here, there] = [logMemory(shelf), logMemory(shelf)];
  for (const each of [here, there]) await each.keep(LOG, seen(7));
  await there.keep(LOG, seen(9));
  expect(await here.newest(LOG)).toEqual(seen(9));
  await there.accuse(LOG, "two notes");
  await here.keep(LOG, seen(11));
  expect((await here.newest(LOG))?.fork).toBe("two notes");
});

test("where the browser keeps nothing, the page remembers as long as it lives, and says so", async () => {
  const memory = logMemory(UNUSABLE);
  await memory.keep(LOG, seen(7));
  expect(await memory.newest(LOG)).toEqual(seen(7));
  expect(memory.isLasting()).toBe(false);
});

test("the end of a part stays: nothing larger takes its place", async () => {
  const memory = logMemory(inMemory());
  await memory.keep(LOG, seen(7));
  await memory.keep(LOG, { ...seen(7), ending: "a receipt" });
  await memory.keep(LOG, seen(9));
  expect(await memory.newest(LOG)).toEqual({ ...seen(7), ending: "a receipt" });
});

test("the hub's key is known from the first time on, and changes when the owner says so", async () => {
  const shelf = inMemory<string>();
  expect(await hubMemory(shelf).known()).toBeNull();
  await hubMemory(shelf).keep("a key");
  expect(await hubMemory(shelf).known()).toBe("a key");
  await hubMemory(shelf).keep("another");
  expect(await hubMemory(shelf).known()).toBe("another");
});
