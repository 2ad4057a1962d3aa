import { expect, test } from "vitest";
import { said } from "../shared/log";

const look = (kind: string, event: Record<string, unknown>) => ({ kind, event });

test("what a reviewer said is put into words", () => {
  const label = { subjects: ["person", "other_animal"], happenings: ["trying_doors"], spans: [], verdict: "threat" };
  expect(said(look("label", { label }))).toBe("person, other animal, trying doors, threat");
  expect(said(look("label", { label: { subjects: ["nothing"] } }))).toBe("nothing, unsure");
});

test("an entry that is no label, or one that only names its hash, says nothing", () => {
  expect(said(look("view.open", { label: { subjects: ["person"] } }))).toBeNull();
  expect(said(look("label", { label: "ab".repeat(32) }))).toBeNull();
  expect(said(look("label", {}))).toBeNull();
});
