// The practice clip: a file of the page's own, rendered by our stage. No look, no keeper, no log.

import { attempt, type Result } from "../../shared/ask";
import { type Picture, Reel } from "../film";

export interface PracticeClip {
  reel: Reel;
  length: number; // ms
}

interface Head {
  length_ms: number;
  pictures: { at: number; bytes: number }[];
}

const NOT_BUILT = "The practice clip is not here. Whoever runs this room builds it with “make page”.";
const LINE_END = 10;

export function fetched(): Promise<Result<PracticeClip>> {
  return attempt(async () => {
    const response = await fetch("/practice.bin");
    if (!response.ok) throw new Error(NOT_BUILT);
    return read(new Uint8Array(await response.arrayBuffer()));
  });
}

// Raises with a sentence for anything else, as the page itself, which a room without the clip gives instead.
export function read(raw: Uint8Array<ArrayBuffer>): PracticeClip {
  const ends = raw.indexOf(LINE_END);
  const head = ends > 0 && raw[0] === "{".charCodeAt(0) ? headOf(raw.subarray(0, ends)) : null;
  if (!head) throw new Error(NOT_BUILT);
  let at = ends + 1;
  const pictures: Picture[] = head.pictures.map((each) => {
    const jpeg = raw.slice(at, at + each.bytes);
    at += each.bytes;
    return { at: each.at, jpeg };
  });
  if (at !== raw.length) throw new Error(NOT_BUILT);
  return { reel: new Reel(pictures.length, pictures), length: head.length_ms };
}

function headOf(line: Uint8Array): Head | null {
  try {
    const head = JSON.parse(new TextDecoder().decode(line)) as Head;
    return Array.isArray(head.pictures) ? head : null;
  } catch {
    return null;
  }
}
