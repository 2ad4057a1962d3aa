import { describe, expect, test } from "vitest";
import { read, written } from "../owner/cameras/drafts";
import { add, begin, close, type Point, reset, showing, undo } from "../owner/cameras/drawing";
import type { Area } from "../shared/wire";

const frame = { width: 1000, height: 500 };
const square: Point[] = [
  [0.2, 0.2],
  [0.6, 0.2],
  [0.6, 0.6],
];
const bed: Area = { name: "bed", use: "watch", points: square, dwell_s: 5, shows: null };
const draw = (from = begin([bed])) => square.reduce((had, [x, y]) => add(had, [x / 2, y], frame), from);

describe("a drawing that was left", () => {
  test("is kept while something in it is unsaved, and no longer", () => {
    expect(written(begin([bed]), [bed])).toBeNull();
    expect(written(draw(), [bed])).not.toBeNull(); // corners of a shape that is not closed
    const closed = close(draw());
    expect(written(closed, [bed])).not.toBeNull();
    expect(written(closed, closed.areas)).toBeNull(); // saved
    expect(written(reset(closed, [bed]), [bed])).toBeNull();
  });

  test("comes back with its corners, and every step can be undone", () => {
    const left = draw();
    const back = read(written(left, [bed]), [bed]);
    expect(back?.isOutdated).toBe(false);
    expect(back?.drawing).toMatchObject({ areas: [bed], draft: left.draft, chosen: null, held: null });
    let undone = back!.drawing;
    for (const _ of square) undone = undo(undone);
    expect(undone.draft).toEqual([]);
    expect(undone.past).toEqual([]);
  });

  test("keeps what its areas show; one of an older page shows nothing", () => {
    const door = showing(begin([bed]), 0, "door");
    expect(read(written(door, [bed]), [bed])?.drawing.areas[0]?.shows).toBe("door");
    const old = written(door, [bed])?.replaceAll(',"shows":"door"', "").replaceAll(',"shows":null', "") ?? "";
    expect(read(old.replace('"bed"', '"sofa"'), [bed])?.drawing.areas[0]).toMatchObject({ name: "sofa", shows: null });
    expect(read(written(door, [bed])?.replace('"door"', '"moat"') ?? "", [bed])).toBeNull();
  });

  test("says that other areas were saved meanwhile, and is gone once it is what is saved", () => {
    const closed = close(draw());
    const text = written(closed, [bed]);
    expect(read(text, [])?.isOutdated).toBe(true);
    expect(read(text, closed.areas)).toBeNull();
  });

  test("starting over can be undone", () => {
    const closed = close(draw());
    expect(undo(reset(closed, [bed])).areas).toEqual(closed.areas);
  });

  test.each([
    null,
    "",
    "null",
    "[]",
    "{}",
    '{"areas":[],"draft":[[2,0]],"use":"watch","past":[],"saved":[]}',
    '{"areas":[{"name":"x","use":"watch","points":[],"dwell_s":0}],"draft":[],"use":"watch","past":[],"saved":[]}',
    '{"areas":[],"draft":[[0,0]],"use":"guard","past":[],"saved":[]}',
    '{"areas":[],"draft":[["0","0"]],"use":"watch","past":[{}],"saved":[]}',
  ])("is not made of what was not written: %s", (text) => {
    expect(read(text, [bed])).toBeNull();
  });

  test("keeps no more steps than are worth it", () => {
    let drawing = begin([]);
    for (let n = 0; n < 400; n++) drawing = add(drawing, [(n % 90) / 100, 0.9 - (n % 7) / 10], frame);
    expect(read(written(drawing, []), [])?.drawing.past.length).toBeLessThanOrEqual(20);
  });
});
