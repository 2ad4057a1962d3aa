// How long something took, whatever is done to the machine's clock.

import { expect, test } from "vitest";
import { elapsing } from "./clock";

test("a wall clock that is set back or jumps ahead makes no time go back, and none stand still", () => {
  let [wall, steady] = [1_000_000, 50];
  const nowMs = elapsing(
    () => wall,
    () => steady,
  );
  const began = nowMs();
  const after = (wallMs: number, steadyMs: number) => {
    [wall, steady] = [wall + wallMs, steady + steadyMs];
    return nowMs() - began;
  };
  expect(after(1000, 1000)).toBe(1000);
  expect(after(-3_600_000, 500)).toBe(1500); // set back
  expect(after(250, 250)).toBe(1750);
  expect(after(60_000, 0)).toBe(61_750); // slept
});
