import { expect, test } from "vitest";
import { aboutOutage } from "../owner/timeline/lost";
import { REASONS } from "../shared/wire";

test("every reason for a missing stretch is said in words", () => {
  const said = REASONS.map(aboutOutage);
  expect(new Set(said).size).toBe(REASONS.length);
  for (const text of said) expect(text).not.toMatch(/_|undefined|not known to this page/);
  expect(aboutOutage("hub_off")).toBe("Not recorded: the hub was off.");
});
