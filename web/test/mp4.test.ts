import { describe, expect, test } from "vitest";
import { joined, utf8 } from "../shared/bytes";
import { boxes, codecs, context, hasInit, sheetFacts, statedLengthMs } from "../shared/mp4";

function box(type: string, body: Uint8Array) {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setUint32(0, body.length + 8);
  head.set(utf8(type), 4);
  return joined([head, body]);
}

// The same as in tests/pixels/codecs/test_hevc.py.
const HEVC_NAMES = [
  ["0101600000009000000000005d", "hvc1.1.6.L93.90"],
  ["010160000000b0000000000078", "hvc1.1.6.L120.B0"],
  ["0122200000009000000000005d", "hvc1.2.4.H93.90"],
  ["010208000000000000000000ba", "hvc1.2.10.L186"],
  ["0184e0000000123400000000b4", "hvc1.B4.7.L180.12.34"],
] as const;

describe("MP4 and JPEG", () => {
  const says = { household: "h", camera: "c", began_ms: 5 };
  const file = joined([
    box("ftyp", utf8("isom")),
    box("uuid", joined([new Uint8Array(16), utf8(JSON.stringify(says))])),
    box("mdat", new Uint8Array(9)),
  ]);
  test("the context is found", () => {
    expect(context(file)).toEqual(says);
    expect(hasInit(file)).toBe(true);
    expect(hasInit(box("moof", new Uint8Array(4)))).toBe(false);
  });
  test("a box that claims four gigabytes ends the reading", () => {
    const lie = box("mdat", new Uint8Array(4));
    lie.set([255, 255, 255, 255], 0);
    expect(boxes(joined([file, lie])).length).toBe(3);
  });
  test("what MediaSource is told is read from the file itself", () => {
    const avcC = box("avcC", Uint8Array.from([1, 0x64, 0, 0x28, 0xff]));
    expect(codecs(joined([box("ftyp", utf8("isom")), box("moov", avcC)]))).toBe("avc1.640028");
    expect(codecs(joined([box("moov", joined([avcC, box("mp4a", new Uint8Array(28))]))]))).toBe(
      "avc1.640028,mp4a.40.2",
    );
    expect(codecs(box("moov", box("ulaw", new Uint8Array(28))))).toBe(null);
  });
  test("H.265 is named as the hub names it", () => {
    for (const [record, name] of HEVC_NAMES) {
      const bytes = Uint8Array.from(record.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
      expect(codecs(box("moov", box("hvcC", bytes)))).toBe(name);
      expect(codecs(box("moov", box("hvcC", bytes.subarray(0, 12))))).toBe(null);
    }
  });
  test("a record that is cut short names nothing", () => {
    expect(codecs(box("moov", utf8("avcC\x01")))).toBe(null);
  });
  test("a film states its length, in either width of its header, or none", () => {
    const header = (version: 0 | 1, scale: number, duration: number) => {
      const body = new Uint8Array(version ? 112 : 100);
      const view = new DataView(body.buffer);
      body[0] = version;
      view.setUint32(version ? 20 : 12, scale);
      if (version) view.setBigUint64(24, BigInt(duration));
      else view.setUint32(16, duration);
      return joined([file, box("moov", box("mvhd", body))]);
    };
    expect(statedLengthMs(header(0, 1000, 25_067))).toBe(25_067);
    expect(statedLengthMs(header(1, 90_000, 2_250_000))).toBe(25_000);
    expect(statedLengthMs(header(0, 1000, 0))).toBe(null);
    expect(statedLengthMs(header(0, 0, 25_000))).toBe(null);
    expect(statedLengthMs(joined([file, box("moov", box("mvhd", new Uint8Array(6)))]))).toBe(null);
    expect(statedLengthMs(file)).toBe(null);
  });
  test("the comment of a sheet", () => {
    const text = utf8(JSON.stringify({ at_ms: [1], columns: 5, cell: [320, 180] }));
    const jpeg = joined([
      Uint8Array.from([0xff, 0xd8, 0xff, 0xfe, 0, text.length + 2]),
      text,
      Uint8Array.from([0xff, 0xd9, 0, 0]),
    ]);
    expect(sheetFacts(jpeg)?.columns).toBe(5);
    expect(sheetFacts(Uint8Array.from([0xff, 0xd8, 0xff, 0xd9, 0, 0]))).toBe(null);
  });
});
