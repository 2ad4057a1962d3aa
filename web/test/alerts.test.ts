// Switching an alert on waits for several, says for whom, and ends.

import { describe, expect, test } from "vitest";
import { brokerAnswers } from "../owner/household/broker";
import { alertAbout, type Doors, PATIENCE_MS, type Step, standing, WAITS_FOR } from "../owner/household/push";
import type { AlertSettings } from "../shared/wire";
import { REFUSED, yes } from "./table";

const never = <T>() => new Promise<T>(() => {});
const SUBSCRIPTION = { endpoint: "https://push.example/1", p256dh: "p", auth: "a" };

// Time stands still until `late` is called: then everything that rests is over.
function switching(doors: Partial<Doors> = {}) {
  const told: unknown[] = [];
  const said: Step[] = [];
  const rests: [ms: number, end: () => void][] = [];
  const signals: AbortSignal[] = [];
  const all: Doors = {
    permission: async () => "granted",
    worker: async () => ({}) as ServiceWorkerRegistration,
    subscribe: async () => SUBSCRIPTION,
    tell: async (wanted, signal) => {
      told.push(wanted);
      signals.push(signal);
      return yes(undefined);
    },
    rest: (ms) => new Promise((end) => rests.push([ms, end])),
    ...doors,
  };
  const begin = (on = true) => alertAbout(on ? ["threat"] : [], "key", all, (step) => said.push(step));
  const late = async () => {
    for (let n = 0; n < 20; n++) await null; // what can happen by itself has happened
    for (const [, end] of rests) end();
  };
  return { begin, late, told, said, rests, signals };
}

describe("switching on", () => {
  test("says whom it waits for, step by step, and tells the hub last", async () => {
    const { begin, told, said } = switching();
    expect(await begin()).toMatchObject({ ok: true });
    expect(said).toEqual(["permission", "worker", "service", "hub"]);
    expect(told).toEqual([{ ...SUBSCRIPTION, verdicts: ["threat"] }]);
  });

  test.each<[Step, Partial<Doors>, string]>([
    ["permission", { permission: never }, "allow notifications"],
    ["worker", { worker: never }, "Reload the page"],
    ["service", { subscribe: never }, "on the internet"],
    ["hub", { tell: never }, "Check that it is running"],
  ])("ends with what to do where nobody answers: %s", async (step, doors, todo) => {
    const { begin, late, said, told, rests } = switching(doors);
    const done = begin();
    await late();
    expect(await done).toMatchObject({ ok: false, text: expect.stringContaining(todo) });
    expect(said.at(-1)).toBe(step);
    expect(told).toEqual([]);
    expect(rests.at(-1)?.[0]).toBe(PATIENCE_MS[step]);
    expect(PATIENCE_MS[step]).toBeLessThanOrEqual(30_000);
    expect(WAITS_FOR[step]).toMatch(/^Waiting/);
  });

  test("an answer that comes after the end changes nothing", async () => {
    let answer: (permission: NotificationPermission) => void = () => {};
    const { begin, late, told } = switching({
      permission: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    const done = begin();
    await late();
    await done;
    answer("granted");
    for (let n = 0; n < 20; n++) await null;
    expect(told).toEqual([]);
  });

  test("a hub that is given up is not to carry it out later", async () => {
    let signal: AbortSignal | undefined;
    const { begin, late } = switching({
      tell: (_, stop) => {
        signal = stop;
        return never();
      },
    });
    const done = begin();
    await late();
    await done;
    expect(signal?.aborted).toBe(true);
  });
});

describe("switching that is refused, and switching off", () => {
  test.each<[NotificationPermission, string]>([
    ["default", "closed without an answer"],
    ["denied", "in its settings"],
  ])("a question that is %s is said to be", async (permission, text) => {
    const { begin, told } = switching({ permission: async () => permission });
    expect(await begin()).toMatchObject({ ok: false, text: expect.stringContaining(text) });
    expect(told).toEqual([]);
  });

  test("a push service that refuses, and a hub that refuses, say so", async () => {
    const broke = switching({ subscribe: () => Promise.reject(new Error("AbortError")) });
    expect(await broke.begin()).toMatchObject({ ok: false, text: expect.stringContaining("no push service") });
    const refused = switching({ tell: async () => REFUSED });
    expect(await refused.begin()).toEqual(REFUSED);
  });

  test("switching off asks nobody but the hub", async () => {
    const { begin, told, said } = switching({ permission: never });
    expect(await begin(false)).toMatchObject({ ok: true });
    expect([said, told]).toEqual([["hub"], [null]]);
  });
});

describe("the switch shows what is so", () => {
  test("and not what the hub sends to a browser that no longer lets it through", () => {
    expect(standing(["threat"], true)).toEqual({ verdicts: ["threat"], lost: null });
    expect(standing([], false)).toEqual({ verdicts: [], lost: null });
    const { verdicts, lost } = standing(["threat"], false);
    expect(verdicts).toEqual([]);
    expect(lost?.text).toContain("Switch on again");
  });
});

describe("pictures to the broker", () => {
  const settings = (connected: boolean, mqtt_trouble: string | null = null) =>
    yes({
      push_key: "",
      verdicts: [],
      mqtt: { connected, pictures: true, may_set_mode: false },
      mqtt_trouble,
      silence: null,
    } as AlertSettings);
  const asking = (answers: ReturnType<typeof settings>[]) => {
    let rested = 0;
    const done = brokerAnswers({
      read: async () => (answers.length > 1 ? answers.shift()! : answers[0]!),
      rest: async () => {
        rested++;
      },
    });
    return { done, rested: () => rested };
  };

  test("go once it answers", async () => {
    const { done, rested } = asking([settings(false), settings(false), settings(true)]);
    expect(await done).toMatchObject({ ok: true });
    expect(rested()).toBe(2);
  });

  test("are said not to go where it does not, with what to do, after a while", async () => {
    const { done, rested } = asking([settings(false, "Your broker refuses the password. Correct mqtt_url.")]);
    const found = await done;
    expect(found).toMatchObject({ ok: false, text: expect.stringContaining("none go yet") });
    expect(found).toMatchObject({ text: expect.stringContaining("Correct mqtt_url") });
    expect(rested()).toBeLessThan(15);
  });
});
