// More of the place: which pieces go along, each a film of its own, and that what is missing is left out.

import { describe, expect, test } from "vitest";
import { nearest, placeBefore } from "../owner/give/place";
import { broken, type Result } from "../shared/api";
import { type Bytes, joined, utf8 } from "../shared/bytes";
import { boxes } from "../shared/mp4";
import type { Segment } from "../shared/wire";
import { yes } from "./table";

const BEGAN = 1_000_000;
const CLIP = { began_ms: BEGAN, codecs: "avc1.42c01e,mp4a.40.2" };

function box(type: string, body: Uint8Array = new Uint8Array(0)): Bytes {
  const size = 8 + body.length;
  return joined([new Uint8Array([0, 0, size >> 8, size & 255]), utf8(type), body]);
}

const INIT = [box("ftyp"), box("moov", box("avcC", new Uint8Array([1, 0x42, 0xc0, 0x1e])))];
const OTHER = [box("ftyp"), box("moov", box("avcC", new Uint8Array([1, 0x64, 0, 0x28])))];
const fragment = (id: number) => [box("uuid", utf8("whose it is")), box("moof"), box("mdat", new Uint8Array([id]))];

const segment = (id: number, began_ms: number, more: Partial<Segment> = {}): Segment => ({
  id,
  began_ms,
  duration_ms: 4000,
  bytes: 1000,
  continues: false,
  ...more,
});

// Of ten seconds before the clip, two of them without an init segment of their own.
const RUN = [
  segment(1, BEGAN - 12_000),
  segment(2, BEGAN - 8000, { continues: true }),
  segment(3, BEGAN - 4000, { continues: true }),
];

function doors(all: Segment[], opened: (segment: Segment) => Result<Bytes> = whole) {
  const asked: number[] = [];
  return {
    asked,
    list: async () => yes(all),
    open: async (each: Segment) => {
      asked.push(each.id);
      return opened(each);
    },
    nowMs: () => 0,
  };
}

const whole = ({ id, continues }: Segment) => yes(joined([...(continues ? [] : INIT), ...fragment(id)]));
const shape = (film: Bytes) => boxes(film).map(({ type }) => type);
const idOf = (film: Bytes) => film.at(-1);

describe("what goes along", () => {
  test("each piece is a film that can be read alone, without a word of whose it is", async () => {
    const films = await placeBefore(CLIP, doors(RUN));
    expect(films.map(idOf)).toEqual([1, 2, 3]); // in their order
    for (const film of films) expect(shape(film)).toEqual(["ftyp", "moov", "moof", "mdat"]);
  });

  test("an init segment is fetched once, however many continue it", async () => {
    const at = doors(RUN);
    await placeBefore(CLIP, at);
    expect(at.asked.sort()).toEqual([1, 2, 3]);
  });

  test("what cannot be had is skipped, and nothing at all is no failure", async () => {
    const lost = (each: Segment) => (each.id === 2 ? broken("A segment is gone.") : whole(each));
    expect((await placeBefore(CLIP, doors(RUN, lost))).map(idOf)).toEqual([1, 3]);
    const headless = (each: Segment) => (each.id === 1 ? broken("gone") : whole(each));
    expect(await placeBefore(CLIP, doors(RUN, headless))).toEqual([]);
    expect(await placeBefore(CLIP, doors([]))).toEqual([]);
    expect(await placeBefore(CLIP, { ...doors([]), list: async () => broken("no") })).toEqual([]);
  });

  test("another kind of picture says nothing about this one", async () => {
    const other = (each: Segment) => yes(joined([...OTHER, ...fragment(each.id)]));
    expect(await placeBefore(CLIP, doors([segment(1, BEGAN - 4000)], other))).toEqual([]);
  });

  test("it is not waited for: what has come by then has to do", async () => {
    let clock = 0;
    const slow = doors(Array.from({ length: 12 }, (_, i) => segment(i + 1, BEGAN - 4000 * (i + 1))));
    const films = await placeBefore(CLIP, { ...slow, nowMs: () => (clock += 5000) });
    expect(films.length).toBeGreaterThan(0);
    expect(films.length).toBeLessThan(12);
  });
});

describe("which pieces", () => {
  const ids = (all: Segment[]) => nearest(all, CLIP).map(({ id }) => id);

  test("those of two minutes before the clip, the nearest first, none of the clip itself or after it", () => {
    const all = [
      segment(1, BEGAN - 130_000),
      segment(2, BEGAN - 20_000),
      segment(3, BEGAN - 12_000),
      segment(4, BEGAN - 2000), // reaches into the clip
      segment(5, BEGAN + 10_000),
      segment(6, BEGAN + 30_000),
    ];
    expect(ids(all)).toEqual([3, 2]);
  });

  test("as many as there is room for: 39 films and 40 MB", () => {
    const many = Array.from({ length: 60 }, (_, i) => segment(i, BEGAN - 100_000 + i * 1000, { duration_ms: 1000 }));
    expect(ids(many)).toHaveLength(39);
    const large = many.map((each) => ({ ...each, bytes: 9_000_000 }));
    expect(ids(large)).toHaveLength(4);
  });
});
