// What the formatter cannot break: a line of at most 120 characters.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const WEB = join(import.meta.dirname, "..");
const ROOMS = ["owner", "review", "shared", "test", "verify"];
const LONGEST = 120;

function sources(): string[] {
  return ROOMS.flatMap((room) =>
    readdirSync(join(WEB, room), { recursive: true }).map((file) => join(room, String(file))),
  )
    .filter((file) => /\.(ts|tsx|css|html)$/.test(file))
    .sort();
}

test("no line is longer than 120 characters", () => {
  const isLong = (file: string) =>
    readFileSync(join(WEB, file), "utf8")
      .split("\n")
      .some((line) => line.length > LONGEST);
  expect(sources().filter(isLong)).toEqual([]);
});

test("no two files differ only in case", () => {
  const names = sources().map((file) => file.toLowerCase().replace(/\.tsx?$/, ""));
  expect(names.length).toBe(new Set(names).size);
});
