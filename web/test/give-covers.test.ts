// Rectangles over the finished film: by pointer, by finger, by keys; what was done can be undone.

import { describe, expect, test } from "vitest";
import {
  added,
  begun,
  type Covers,
  dragged,
  hasChanged,
  keyed,
  MOST,
  type Point,
  pressed,
  released,
  removed,
  undone,
} from "../owner/give/covers";
import type { Box } from "../shared/wire";

const drag = (had: Covers, from: Point, to: Point) => released(dragged(pressed(had, from), to));
const draw = (from: Point, to: Point) => drag(begun([]), from, to);
const press = (key: string, shiftKey = false) => ({ key, shiftKey, ctrlKey: false, metaKey: false, altKey: false });
const rounded = (boxes: readonly Box[]) =>
  boxes.map((box) => [box.left, box.top, box.right, box.bottom].map((each) => Number(each.toFixed(3))));

describe("with a pointer", () => {
  test("a rectangle is drawn in any direction, and ends where the picture does", () => {
    expect(rounded(draw([0.2, 0.3], [0.5, 0.6]).boxes)).toEqual([[0.2, 0.3, 0.5, 0.6]]);
    expect(rounded(draw([0.5, 0.6], [0.2, 0.3]).boxes)).toEqual([[0.2, 0.3, 0.5, 0.6]]);
    expect(rounded(draw([0.5, 0.5], [1.4, 1.2]).boxes)).toEqual([[0.5, 0.5, 1, 1]]);
  });

  test("a tap beside the others draws nothing and leaves nothing to undo", () => {
    const had = drag(begun([]), [0.5, 0.5], [0.505, 0.505]);
    expect([had.boxes, had.past]).toEqual([[], []]);
  });

  test("one is moved by its inside, as far as the picture goes, and sized by its lower right corner", () => {
    const one = draw([0.2, 0.2], [0.4, 0.4]);
    expect(rounded(drag(one, [0.3, 0.3], [0.4, 0.5]).boxes)).toEqual([[0.3, 0.4, 0.5, 0.6]]);
    expect(rounded(drag(one, [0.3, 0.3], [0.0, 0.9]).boxes)).toEqual([[0, 0.8, 0.2, 1]]);
    expect(rounded(drag(one, [0.39, 0.39], [0.6, 0.5]).boxes)).toEqual([[0.2, 0.2, 0.6, 0.5]]);
    expect(rounded(drag(one, [0.39, 0.39], [0.1, 0.1]).boxes)).toEqual([[0.2, 0.2, 0.22, 0.22]]);
  });

  test("a tap on one chooses it and changes nothing", () => {
    const one = draw([0.2, 0.2], [0.4, 0.4]);
    const tapped = released(pressed({ ...one, chosen: null }, [0.3, 0.3]));
    expect([tapped.chosen, tapped.boxes, tapped.past]).toEqual([0, one.boxes, one.past]);
  });
});

describe("with keys", () => {
  test("one is added in the middle, moved, sized and removed", () => {
    const one = added(begun([]));
    expect(rounded(one.boxes)).toEqual([[0.4, 0.4, 0.6, 0.6]]);
    expect(rounded(keyed(one, 0, press("ArrowLeft"))!.boxes)).toEqual([[0.39, 0.4, 0.59, 0.6]]);
    expect(rounded(keyed(one, 0, press("ArrowDown", true))!.boxes)).toEqual([[0.4, 0.4, 0.6, 0.61]]);
    expect(keyed(one, 0, press("Delete"))!.boxes).toEqual([]);
  });

  test("other keys are left to the page", () => {
    const one = added(begun([]));
    expect(keyed(one, 0, press("Tab"))).toBe(null);
    expect(keyed(one, 0, { ...press("ArrowLeft"), ctrlKey: true })).toBe(null);
    expect(keyed(one, 3, press("ArrowLeft"))).toBe(null);
  });
});

test("every change can be undone, back to what was there", () => {
  const first = begun([{ left: 0.1, top: 0.1, right: 0.2, bottom: 0.2 }]);
  const changed = removed(keyed(added(first), 1, press("ArrowUp"))!, 0);
  expect(hasChanged(changed, first.boxes)).toBe(true);
  const back = undone(undone(undone(changed)));
  expect(back.boxes).toEqual(first.boxes);
  expect(hasChanged(back, first.boxes)).toBe(false);
  expect(undone(back)).toBe(back);
});

test("there are never more than the hub takes", () => {
  let all = begun([]);
  for (let i = 0; i < MOST + 3; i++) all = added(all);
  expect(all.boxes).toHaveLength(MOST);
  expect(pressed(all, [0.05, 0.05])).toBe(all);
});
