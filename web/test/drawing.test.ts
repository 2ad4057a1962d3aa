import { describe, expect, test } from "vitest";
import {
  add,
  begin,
  choose,
  clamped,
  corners,
  type Drawing,
  dragged,
  edited,
  hasChanged,
  keyed,
  type Point,
  pressed,
  released,
  removeArea,
  removeCorner,
  renamed,
  showing,
  undo,
  withUse,
} from "../owner/cameras/drawing";
import type { Area } from "../shared/wire";

const frame = { width: 1000, height: 500 };
const square: Point[] = [
  [0.2, 0.2],
  [0.6, 0.2],
  [0.6, 0.6],
  [0.2, 0.6],
];
const bed: Area = { name: "bed", use: "watch", points: square, dwell_s: 5, shows: null };
const key = (name: string, more = {}) => ({ key: name, shiftKey: false, ctrlKey: false, metaKey: false, ...more });
const tap = (drawing: Drawing, ...points: Point[]) =>
  points.reduce((had, point) => released(pressed(had, point, frame)), drawing);
const press = (drawing: Drawing, ...names: string[]) =>
  names.reduce((had, name) => keyed(had, key(name), frame) ?? had, drawing);

describe("drawing an area", () => {
  test("corners are set, and the first one again closes the shape", () => {
    const open = tap(begin([]), ...square);
    expect(open).toMatchObject({ areas: [], draft: square });
    const done = tap(open, [0.21, 0.21]);
    expect(done).toMatchObject({ draft: [], chosen: 0 });
    expect(done.areas).toEqual([{ name: "Ignored 1", use: "ignore", points: square, dwell_s: 0, shows: null }]);
  });
  test("two corners are no shape yet", () => {
    expect(tap(begin([]), [0.1, 0.1], [0.5, 0.1], [0.1, 0.1]).draft).toHaveLength(3);
  });
  test("each step can be taken back, to where it was saved", () => {
    const done = tap(begin([bed]), [0.7, 0.7], [0.9, 0.7], [0.9, 0.9], [0.7, 0.7]);
    expect(hasChanged(done, [bed])).toBe(true);
    expect(undo(done).draft).toHaveLength(3);
    const back = undo(undo(undo(undo(done))));
    expect(back).toEqual(begin([bed]));
    expect(undo(back)).toBe(back);
  });
});

describe("an area that is there", () => {
  test("is chosen with a tap, and its kind with it", () => {
    const drawing = tap(begin([bed]), [0.4, 0.4]);
    expect(drawing).toMatchObject({ chosen: 0, use: "watch", draft: [] });
    expect(corners(drawing)).toEqual(square);
  });
  test("the one on top is chosen where two lie", () => {
    expect(tap(begin([bed, { ...bed, name: "pillow" }]), [0.4, 0.4]).chosen).toBe(1);
  });
  test("has corners that are dragged, as one step", () => {
    const chosen = choose(begin([bed]), 0);
    const held = pressed(chosen, [0.21, 0.19], frame);
    expect(held.corner).toBe(0);
    const moved = released(dragged(dragged(held, [0.1, 0.15]), [0.1, 0.1]));
    expect(moved.areas[0]?.points[0]).toEqual([0.1, 0.1]);
    expect(undo(moved).areas).toEqual([bed]);
    expect(released(held).past).toEqual([]);
  });
  test("loses corners, and goes with the third", () => {
    const three = removeCorner({ ...choose(begin([bed]), 0), corner: 3 });
    expect(three.areas[0]?.points).toEqual(square.slice(0, 3));
    expect(removeCorner({ ...three, corner: 0 })).toMatchObject({ areas: [], chosen: null });
  });
  test("takes a name of its own again when it is left without one", () => {
    expect(renamed(begin([bed]), 0, " sofa ").areas[0]?.name).toBe("sofa");
    expect(renamed(begin([bed]), 0, " ").areas[0]?.name).toBe("Watched 1");
  });
  test("becomes of another kind: a name that we gave follows, the owner's stays", () => {
    const own = withUse(choose(begin([bed]), 0), "mask");
    expect(own.areas[0]).toEqual({ ...bed, use: "mask", dwell_s: 0 });
    const ours = withUse(choose(begin([{ ...bed, name: "Watched 1" }]), 0), "mask");
    expect(ours.areas[0]?.name).toBe("Mask 1");
    expect(withUse(begin([bed]), "mask")).toMatchObject({ areas: [bed], use: "mask" });
  });
  test("says what it shows, which can be taken back; a name that we gave says it, too", () => {
    const door = showing(begin([bed]), 0, "door");
    expect(door.areas[0]).toEqual({ ...bed, shows: "door" });
    expect(undo(door).areas).toEqual([bed]);
    expect(showing(door, 0, "door")).toBe(door);
    const ours = showing(begin([{ ...bed, name: "Watched 1" }]), 0, "car");
    expect(ours.areas[0]?.name).toBe("Car 1");
    expect(showing(ours, 0, null).areas[0]?.name).toBe("Watched 1");
    expect(renamed(ours, 0, " ").areas[0]?.name).toBe("Car 1");
    const masked = withUse(choose(ours, 0), "mask");
    expect(masked.areas[0]).toMatchObject({ name: "Mask 1", shows: null });
  });
  test("is edited and removed", () => {
    expect(edited(begin([bed]), 0, { dwell_s: 10 }).areas[0]?.dwell_s).toBe(10);
    expect(removeArea(begin([bed]), 0).areas).toEqual([]);
  });
});

describe("by keyboard", () => {
  test("a cross is moved, Enter sets corners and closes the shape", () => {
    const three = press(begin([]), "ArrowLeft", "Enter", ...Array(5).fill("ArrowDown"), "Enter");
    expect(three.draft).toEqual([
      [0.49, 0.5],
      [0.49, 0.55],
    ]);
    const back = press(three, ...Array(5).fill("ArrowRight"), "Enter");
    const done = keyed({ ...back, cross: [0.49, 0.5] }, key("Enter"), frame);
    expect(done?.areas).toHaveLength(1);
  });
  test("arrows move a corner that was taken, faster with Shift", () => {
    const taken = released(pressed(choose(begin([bed]), 0), [0.2, 0.2], frame));
    const moved = keyed(taken, key("ArrowUp", { shiftKey: true }), frame);
    expect(moved?.areas[0]?.points[0]).toEqual([0.2, 0.15]);
  });
  test("Delete removes what is chosen, Backspace and Ctrl Z take it back", () => {
    const chosen = choose(begin([bed]), 0);
    const gone = press(chosen, "Delete");
    expect(gone.areas).toEqual([]);
    expect(press(gone, "Backspace").areas).toEqual([bed]);
    expect(keyed(gone, key("z", { ctrlKey: true }), frame)?.areas).toEqual([bed]);
    expect(keyed(gone, key("z"), frame)).toBeNull();
    expect(press({ ...chosen, corner: 1 }, "Delete").areas[0]?.points).toHaveLength(3);
  });
  test("Escape drops the draft", () => {
    expect(press(add(begin([bed]), [0.9, 0.9], frame), "Escape")).toMatchObject({ draft: [], areas: [bed] });
  });
});

test("no corner lies outside of the picture", () => {
  expect(clamped([-0.2, 1.00001])).toEqual([0, 1]);
});
