// The camera's second stream, which the hub lays into segments that few browsers play. No hub, no video here.

import { broken, type Result } from "../../shared/api";
import type { Bytes } from "../../shared/bytes";
import { beside, codecs, context, hasInit } from "../../shared/mp4";
import { following, type Source } from "./following";

const LEAD_MS = 12_000; // its own files begin so long before a moment at most: 4 s, and a long interval of key frames

// What is handed to the video next.
export interface Film {
  bytes: Bytes;
  began: number | null; // when it began, where a file of its own begins
  codecs: string | null; // what is in it, where it says so
}

// Its parts from a moment on, the first one being the beginning of a file. Where it is not there, `otherwise` says why
// nothing is shown.
export async function* smaller(source: Source, start: number, otherwise: string): AsyncGenerator<Result<Film>> {
  let hasBegun = false;
  for await (const film of all(source, start, otherwise)) {
    hasBegun ||= !film.ok || film.value.began !== null;
    if (hasBegun) yield film;
  }
}

async function* all(source: Source, start: number, otherwise: string): AsyncGenerator<Result<Film>> {
  const before = await source.list(start - LEAD_MS, start + 1);
  if (!before.ok) return yield before;
  let isThere = false;
  for await (const piece of following(source, Math.min(start, before.value[0]?.began_ms ?? start))) {
    if (!piece.ok) return yield piece;
    const parts = beside(piece.value.bytes);
    const { began_ms, duration_ms } = piece.value.segment;
    isThere ||= parts.length > 0;
    if (!isThere && began_ms + duration_ms > start) return yield broken(otherwise);
    for (const part of parts) yield { ok: true, value: filmOf(part) };
  }
}

function filmOf(bytes: Bytes): Film {
  const says = hasInit(bytes) ? context(bytes) : null;
  return { bytes, began: says?.began_ms ?? null, codecs: says && codecs(bytes) };
}
