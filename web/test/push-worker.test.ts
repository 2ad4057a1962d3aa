// What the service worker shows of a push message: public/push.js runs as it is, in a worker of our own making.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";

const SOURCE = readFileSync(join(import.meta.dirname, "../public/push.js"), "utf8");

interface Notice {
  title: string;
  options: NotificationOptions & { renotify: boolean; tag: string; image?: string };
}

function shown(message: Record<string, unknown>): Notice {
  const heard: Record<string, (event: unknown) => void> = {};
  const notices: Notice[] = [];
  const registration = {
    showNotification: (title: string, options: Notice["options"]) => notices.push({ title, options }),
  };
  const self = { addEventListener: (name: string, act: (event: unknown) => void) => (heard[name] = act), registration };
  runInNewContext(SOURCE, { self, Intl, Boolean, URL, Date });
  heard.push!({ data: { json: () => message }, waitUntil: () => undefined });
  return notices[0]!;
}

const alert = { title: "Porch", text: "A person at the door.", clip: "0123456789abcdef", event: "e1" };

describe("an alert", () => {
  test("that is loud rings again, in the place of the one before it of the same event", () => {
    for (const verdict of ["threat", "help", "unsure"]) {
      const { options } = shown({ ...alert, verdict, threat: verdict === "threat", quiet: false });
      expect(options).toMatchObject({ tag: "e1", renotify: true, silent: false });
      expect(options.requireInteraction).toBe(verdict !== "unsure");
    }
  });
  test("that only puts another one right makes no sound, and never asks for both, which browsers refuse", () => {
    const { options } = shown({ ...alert, verdict: "threat", threat: true, quiet: true });
    expect(options).toMatchObject({ tag: "e1", renotify: false, silent: true });
  });
  test("of an older hub, which says no verdict, rings for a threat", () => {
    expect(shown({ ...alert, threat: true }).options).toMatchObject({ renotify: true, silent: false });
    expect(shown({ ...alert, threat: false }).options).toMatchObject({ renotify: false, silent: false });
  });
  test("has its picture, where one came along", () => {
    expect(shown({ ...alert, still: "aGk=" }).options.image).toBe("data:image/jpeg;base64,aGk=");
    expect(shown(alert).options.image).toBeUndefined();
  });
});
