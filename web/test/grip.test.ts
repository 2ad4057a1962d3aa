import { describe, expect, test } from "vitest";
import { dragged, LOOSE, pressed, released, wheeled, xOf } from "../owner/timeline/grip";
import { HOUR } from "../shared/time";

const whole = { from: 0, to: 24 * HOUR };
const scale = { view: whole, whole, width: 240 }; // ten px an hour
const turn = (part: object) => ({ deltaX: 0, deltaY: 0, ctrlKey: false, shiftKey: false, ...part });

describe("a strip under fingers", () => {
  test("one finger stands where it is and where it goes", () => {
    const down = pressed(LOOSE, 1, 100, scale);
    expect(down.moveTo).toBe(10 * HOUR);
    expect(dragged(down.grip, 1, 110, scale)).toMatchObject({ moveTo: 11 * HOUR });
  });
  test("a pointer that was not pressed does nothing", () => {
    expect(dragged(LOOSE, 1, 110, scale)).toEqual({ grip: LOOSE });
  });
  test("two fingers keep what they hold under them", () => {
    const one = pressed(LOOSE, 1, 80, scale).grip;
    const both = pressed(one, 2, 160, scale);
    expect(both.moveTo).toBeUndefined();
    const { show } = dragged(both.grip, 2, 240, scale);
    expect(show).toBeDefined();
    expect(xOf({ ...scale, view: show! }, 8 * HOUR)).toBeCloseTo(80);
    expect(xOf({ ...scale, view: show! }, 16 * HOUR)).toBeCloseTo(240);
  });
  test("fingers that meet or cross change nothing", () => {
    const both = pressed(pressed(LOOSE, 1, 80, scale).grip, 2, 160, scale).grip;
    expect(dragged(both, 2, 85, scale).show).toBeUndefined();
    expect(dragged(both, 2, 20, scale).show).toBeUndefined();
  });
  test("what two fingers held is let go with the last one", () => {
    const both = pressed(pressed(LOOSE, 1, 80, scale).grip, 2, 160, scale).grip;
    expect(released(both, 1).held).not.toBeNull();
    expect(released(released(both, 1), 2)).toEqual(LOOSE);
  });
});

describe("a strip under the wheel", () => {
  test("scrolls the page when nothing says otherwise", () => {
    expect(wheeled(turn({ deltaY: 100 }), 120, scale)).toBeNull();
  });
  test("zooms with Ctrl around the mouse", () => {
    const view = wheeled(turn({ deltaY: -100, ctrlKey: true }), 120, scale)!;
    expect(view.to - view.from).toBeLessThan(24 * HOUR);
    expect((12 * HOUR - view.from) / (view.to - view.from)).toBeCloseTo(0.5);
  });
  test("moves sideways, or with Shift", () => {
    const near = { ...scale, view: { from: 6 * HOUR, to: 12 * HOUR } };
    expect(wheeled(turn({ deltaX: 40 }), 0, near)).toEqual({ from: 7 * HOUR, to: 13 * HOUR });
    expect(wheeled(turn({ deltaY: -40, shiftKey: true }), 0, near)).toEqual({ from: 5 * HOUR, to: 11 * HOUR });
  });
});
