// The little of MP4 (ISO/IEC 14496-12) that playing sealed clips needs.

import type { Bytes } from "./bytes";

export interface Box {
  type: string;
  start: number;
  end: number;
  body: number;
}

export function boxes(data: Uint8Array, start = 0, end = data.length): Box[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const found: Box[] = [];
  let at = start;
  while (at + 8 <= end) {
    let size = view.getUint32(at);
    let body = at + 8;
    if (size === 1 && at + 16 <= end) {
      size = Number(view.getBigUint64(at + 8));
      body = at + 16;
    }
    if (size === 0) size = end - at;
    if (size < body - at || at + size > end) break;
    const type = String.fromCharCode(...data.subarray(at + 4, at + 8));
    found.push({ type, start: at, end: at + size, body });
    at += size;
  }
  return found;
}

// The JSON that the hub put into the file's `uuid` box: which household, camera and moment this is.
export function context(data: Uint8Array): { household: string; camera: string; began_ms: number } | null {
  for (const box of boxes(data)) {
    if (box.type !== "uuid") continue;
    try {
      return JSON.parse(new TextDecoder().decode(data.subarray(box.body + 16, box.end)));
    } catch {
      return null;
    }
  }
  return null;
}

const BESIDE = "6e6c6c7463684e4c8000000000000002";

// The parts of the camera's second stream that the hub laid into the file (nightlatch/pixels/media/beside.py).
export function beside(data: Bytes): Bytes[] {
  const id = (box: Box) =>
    [...data.subarray(box.body, box.body + 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return boxes(data)
    .filter((box) => box.type === "uuid" && id(box) === BESIDE)
    .map((box) => data.subarray(box.body + 16, box.end));
}

export function hasInit(data: Uint8Array): boolean {
  return (
    boxes(data, 0, Math.min(data.length, 4096)).some((b) => b.type === "ftyp") ||
    String.fromCharCode(...data.subarray(4, 8)) === "ftyp"
  );
}

// What MediaSource wants to know of a file with an init segment, by its sample entries (RFC 6381): H.264 or H.265, and
// its sound if browsers play it. Null when there is neither in it.
export function codecs(data: Uint8Array): string | null {
  const moov = boxes(data).find((b) => b.type === "moov");
  if (!moov) return null;
  const picture = avc(record(data, "avcC", 4, moov)) ?? hevc(record(data, "hvcC", 13, moov));
  if (!picture) return null;
  const sound = find(data, "mp4a", moov) >= 0 ? ",mp4a.40.2" : find(data, "Opus", moov) >= 0 ? ",opus" : "";
  return picture + sound;
}

function record(data: Uint8Array, type: string, length: number, within: Box): Uint8Array | null {
  const at = find(data, type, within) + 4;
  return at < 4 || at + length > within.end ? null : data.subarray(at, at + length);
}

function avc(avcC: Uint8Array | null): string | null {
  const profile = avcC && [...avcC.subarray(1, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return profile && `avc1.${profile}`;
}

// As ISO/IEC 14496-15, E.3 writes it; nightlatch/pixels/codecs/hevc.py has the twin.
function hevc(hvcC: Uint8Array | null): string | null {
  if (!hvcC) return null;
  const [first = 0, level = 0] = [hvcC[1], hvcC[12]];
  const compatible = [...hvcC.subarray(2, 6)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const reversed = Number.parseInt([...compatible].reverse().join(""), 2);
  const constraints = [...hvcC.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  const profile = `${["", "A", "B", "C"][first >> 6]}${first & 31}`;
  const parts = [profile, hex(reversed), `${first & 32 ? "H" : "L"}${level}`, ...constraints.map(hex)];
  return `hvc1.${parts.join(".")}`;
}

const hex = (value: number) => value.toString(16).toUpperCase();

function find(data: Uint8Array, type: string, within: Box): number {
  const [a, b, c, d] = [...type].map((letter) => letter.charCodeAt(0));
  for (let at = within.body; at + 4 <= within.end; at++) {
    if (data[at] === a && data[at + 1] === b && data[at + 2] === c && data[at + 3] === d) return at;
  }
  return -1;
}

// The comment of a JPEG (ITU-T T.81, COM): where the hub wrote what the cells of a sheet are.
export interface SheetFacts {
  at_ms: number[];
  columns: number;
  cell: [number, number];
}

export function sheetFacts(jpeg: Uint8Array): SheetFacts | null {
  let at = 2;
  while (at + 4 < jpeg.length && jpeg[at] === 0xff) {
    const size = (jpeg[at + 2]! << 8) | jpeg[at + 3]!;
    if (jpeg[at + 1] === 0xfe) {
      try {
        return JSON.parse(new TextDecoder().decode(jpeg.subarray(at + 4, at + 2 + size)));
      } catch {
        return null;
      }
    }
    at += 2 + size;
  }
  return null;
}

// The length that a film states (ISO/IEC 14496-12, mvhd), in milliseconds; null when it states none.
export function statedLengthMs(mp4: Uint8Array): number | null {
  const moov = boxes(mp4).find((box) => box.type === "moov");
  const mvhd = moov && boxes(mp4, moov.body, moov.end).find((box) => box.type === "mvhd");
  if (!mvhd) return null;
  const view = new DataView(mp4.buffer, mp4.byteOffset, mp4.byteLength);
  const is64 = mp4[mvhd.body] === 1;
  if (mvhd.body + (is64 ? 32 : 20) > mvhd.end) return null;
  const scale = view.getUint32(mvhd.body + (is64 ? 20 : 12));
  const duration = is64 ? Number(view.getBigUint64(mvhd.body + 24)) : view.getUint32(mvhd.body + 16);
  return scale && duration ? Math.round((duration / scale) * 1000) : null;
}
