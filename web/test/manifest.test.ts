import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Bytes, unb64, utf8 } from "../shared/bytes";
import { NotAManifest, readManifest } from "../shared/manifest";

interface Case {
  name: string;
  text?: string;
  base64?: string;
  change?: Record<string, unknown>;
  without?: string[];
}

const cases = JSON.parse(readFileSync(new URL("../../tests/domain/manifests.json", import.meta.url), "utf8"));

function bytesOf({ text, base64, change, without }: Case): Bytes {
  if (base64 !== undefined) return unb64(base64);
  if (text !== undefined) return utf8(text);
  const whole = { ...JSON.parse(cases.read[0].text), ...change };
  for (const name of without ?? []) delete whole[name];
  return utf8(JSON.stringify(whole));
}

function refusal(of: Case): string {
  try {
    return `It was read as ${JSON.stringify(readManifest(bytesOf(of)))}`;
  } catch (error) {
    expect(error).toBeInstanceOf(NotAManifest);
    return (error as Error).message;
  }
}

describe("a clip's manifest is read as the Python twin reads it", () => {
  test("what a hub wrote, of any version", () => {
    expect(cases.read.length).toBeGreaterThan(4);
    for (const { name, text, says } of cases.read) expect(readManifest(utf8(text)), name).toEqual(says);
  });

  test("what no hub wrote is refused with the same sentence", () => {
    expect(cases.refused.length).toBeGreaterThan(60);
    for (const each of cases.refused) expect(refusal(each), each.name).toBe(cases.sentences.refused);
  });

  test("a newer version is named as such", () => {
    expect(cases.newer.length).toBeGreaterThan(1);
    for (const each of cases.newer) expect(refusal(each), each.name).toBe(cases.sentences.newer);
  });
});
