// The review room's page must never hold an owner's key: nothing that it is built of may reach what knows them.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const WEB = join(import.meta.dirname, "..");
const KEYS = /^(owner\/|shared\/(keys|keyring|age|api|consent|signature)\.ts$)/;

// Every file that `from` imports, and what those import; types alone are not built in.
function reached(from: string, seen = new Set<string>()): Set<string> {
  const file = ["", ".ts", ".tsx"].map((end) => from + end).find((path) => /\.tsx?$/.test(path) && existsSync(path));
  if (!file || seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, "utf8").replaceAll(/^(import|export) type [^;]*;/gms, "");
  for (const [, path] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g))
    reached(join(dirname(file), path!), seen);
  return seen;
}

test("the review room's page reaches no file that knows an owner's keys", () => {
  const files = [...reached(join(WEB, "review/main.tsx"))].map((file) => relative(WEB, file));
  expect(files).toContain("review/session.ts");
  expect(files).toContain("shared/ask.ts");
  expect(files.filter((file) => KEYS.test(file))).toEqual([]);
});

test("such a file would be found", () => {
  const files = [...reached(join(WEB, "owner/main.tsx"))].map((file) => relative(WEB, file));
  expect(files).toContain("shared/keys.ts");
});
