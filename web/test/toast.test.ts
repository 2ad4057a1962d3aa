import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { say, sayWhy, toast, withUndo } from "../owner/toast";
import { broken, type Result } from "../shared/api";

const page = new EventTarget();
Object.assign(globalThis, {
  addEventListener: page.addEventListener.bind(page),
  removeEventListener: page.removeEventListener.bind(page),
});
let done: string[] = [];
const deletion = (name: string, result: Result<void> = { ok: true, value: undefined }) =>
  withUndo(
    `Deleting ${name}.`,
    async () => {
      done.push(name);
      return result;
    },
    () => done.push(`${name} is back`),
  );

beforeEach(() => {
  vi.useFakeTimers();
  done = [];
});
afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

test("what is said goes by itself", () => {
  say("Saved.");
  expect(toast.value).toEqual({ text: "Saved." });
  vi.advanceTimersByTime(4000);
  expect(toast.value).toBeNull();
});

test("what can be undone is done after five seconds, once", () => {
  deletion("a");
  vi.advanceTimersByTime(4999);
  expect(done).toEqual([]);
  vi.advanceTimersByTime(1);
  page.dispatchEvent(new Event("pagehide"));
  expect(done).toEqual(["a"]);
});

test("what is undone in time is never done", () => {
  deletion("a");
  toast.value?.undo?.();
  vi.advanceTimersByTime(60_000);
  page.dispatchEvent(new Event("pagehide"));
  expect(done).toEqual(["a is back"]);
  expect(toast.value).toBeNull();
});

test("leaving the page, or the next announcement, does it at once", () => {
  deletion("a");
  page.dispatchEvent(new Event("pagehide"));
  expect(done).toEqual(["a"]);
  deletion("b");
  say("Something else.");
  expect(done).toEqual(["a", "b"]);
  expect(toast.value?.text).toBe("Something else.");
});

test("what could not be done is said, but for what the page shows anyway", async () => {
  deletion("a", broken("The hub did not answer."));
  await vi.advanceTimersByTimeAsync(5000);
  expect(toast.value?.text).toBe("The hub did not answer.");
  toast.value = null;
  sayWhy({ ...broken("Signed out."), kind: "signed-out" });
  sayWhy({ ...broken("Stopped."), kind: "aborted" });
  expect(toast.value).toBeNull();
});
