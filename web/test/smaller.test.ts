// The second stream that is laid into segments of H.265: found, placed, and missed with a sentence.

import { describe, expect, test } from "vitest";
import type { Source } from "../owner/timeline/following";
import { smaller } from "../owner/timeline/smaller";
import { type Bytes, joined, utf8 } from "../shared/bytes";
import { beside } from "../shared/mp4";
import { SECOND } from "../shared/time";
import type { Segment } from "../shared/wire";

const NOON = new Date(2026, 4, 2, 12).getTime();
const BESIDE = Uint8Array.from([0x6e, 0x6c, 0x6c, 0x74, 0x63, 0x68, 0x4e, 0x4c, 0x80, 0, 0, 0, 0, 0, 0, 2]);

function box(type: string, ...body: Uint8Array[]): Bytes {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setUint32(0, joined(body).length + 8);
  head.set(utf8(type), 4);
  return joined([head, ...body]);
}

const laid = (part: Uint8Array) => box("uuid", BESIDE, part);
const main = (...parts: Bytes[]) => joined([box("ftyp"), box("moov"), box("moof"), ...parts.map(laid)]);
const avcC = box("avcC", Uint8Array.from([1, 0x42, 0xe0, 0x1e]));
const begins = (began_ms: number): Bytes =>
  joined([box("ftyp"), box("moov", avcC), box("uuid", new Uint8Array(16), utf8(JSON.stringify({ began_ms })))]);
const goesOn = box("moof", utf8("more"));

function source(files: Bytes[]): Source {
  const all = files.map(
    (_, id): Segment => ({ id, began_ms: NOON + id * 4000, duration_ms: 4000, bytes: 1, continues: false }),
  );
  return {
    list: async (from, to) => ({
      ok: true,
      value: all.filter((s) => s.began_ms < to && s.began_ms + s.duration_ms > from),
    }),
    open: async ({ id }) => ({ ok: true, value: files[id]! }),
    rest: () => new Promise(() => undefined),
    now: () => NOON + files.length * 4000,
  };
}

async function played(files: Bytes[], start: number, most: number) {
  const found: (string | number | null)[] = [];
  for await (const film of smaller(source(files), start, "which browsers do")) {
    found.push(film.ok ? film.value.began : film.text);
    if (found.length === most) break;
  }
  return found;
}

describe("the second stream", () => {
  const files = [main(), main(begins(NOON + 4300), goesOn), main(goesOn), main(begins(NOON + 12_300), goesOn)];

  test("is found behind the main one, and nothing else is", () => {
    expect(beside(main(goesOn, begins(5)))).toEqual([goesOn, begins(5)]);
    expect(beside(begins(5))).toEqual([]);
    expect(beside(main(goesOn).subarray(0, -1))).toEqual([]);
  });

  test("is played from the beginning of its own file, which may lie before the moment", async () => {
    expect(await played(files, NOON + 9 * SECOND, 4)).toEqual([NOON + 4300, null, null, NOON + 12_300]);
  });

  test("is not there where nothing up to the moment has any of it", async () => {
    expect(await played([main(), main()], NOON + SECOND, 1)).toEqual(["which browsers do"]);
    expect(await played(files, NOON + SECOND, 1)).toEqual(["which browsers do"]);
    expect(await played(files, NOON + 5 * SECOND, 1)).toEqual([NOON + 4300]);
  });

  test("says what is in it and goes on without saying it again", async () => {
    for await (const film of smaller(source(files), NOON + 5 * SECOND, "")) {
      if (film.ok) expect(film.value.codecs).toBe("avc1.42e01e");
      break;
    }
  });
});
