import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { b64, unb64, utf8 } from "../shared/bytes";
import { canonical, commitment, consentRecord, dayTag, hexSha256, withdrawalRecord } from "../shared/consent";

const rendered = JSON.parse(readFileSync(new URL("../../tests/domain/rendered.json", import.meta.url), "utf8"));

describe("what the owner signs is rendered as the Python twin renders it", () => {
  test("values of every kind", () => {
    expect(rendered.values.length).toBeGreaterThan(15);
    for (const { value, canonical: wanted } of rendered.values) expect(canonical(value)).toBe(wanted);
  });

  test("what cannot be rendered in one way only is refused", () => {
    expect(rendered.refused.length).toBeGreaterThan(10);
    for (const value of rendered.refused) expect(() => canonical(value), JSON.stringify(value)).toThrow();
  });

  test("consents and withdrawals", async () => {
    for (const { facts, canonical: wanted, sha256 } of rendered.consents) {
      expect(canonical(consentRecord(facts))).toBe(wanted);
      expect(await hexSha256(utf8(wanted))).toBe(sha256);
    }
    for (const { facts, canonical: wanted } of rendered.withdrawals)
      expect(canonical(withdrawalRecord(facts.donation, facts.ownerKey, facts.consentSha256, facts.atMs))).toBe(wanted);
  });

  test("tags and commitments of the log", async () => {
    for (const { atMs, tag } of rendered.tags.days)
      expect(b64(await dayTag(unb64(rendered.tags.logKey), atMs))).toBe(tag);
    for (const { event, commitment: wanted } of rendered.events.committed)
      expect(b64(await commitment(unb64(rendered.events.salt), event))).toBe(wanted);
  });
});
