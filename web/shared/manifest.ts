// A clip's manifest: what the clip says of itself, inside the seal. Its Python twin is nightlatch/domain/manifest.py;
// tests/domain/manifests.json holds what both must read alike, and refuse alike.

import type { Bytes } from "./bytes";
import { KINDS, type Kind, VERDICTS, type Verdict } from "./wire";

const VERSION = 1;

export interface SealedPart {
  n: number; // counts from 0
  sha256: string; // b64, of the sealed bytes
  bytes: number; // of the sealed bytes
  began_ms: number;
  duration_ms: number;
}

export interface SealedStill {
  sha256: string;
  bytes: number;
  at_ms: number;
}

// [when, left, top, right, bottom]: epoch ms, then fractions of the picture
export type Place = [number, number, number, number, number];

export interface Track {
  id: number;
  kind: Kind;
  score: number;
  path: Place[];
}

export interface Judgement {
  verdict: Verdict;
  threat: number; // 0 to 1
  reasons: string[];
  kinds: Kind[];
  tracks: Track[];
}

// The same clip as the camera's sub-stream has it, for browsers that do not play the main one.
export interface Rendition {
  codecs: string;
  width: number;
  height: number;
  parts: SealedPart[];
}

export interface Manifest {
  household: string;
  camera: string;
  camera_name: string;
  event: string;
  onset_ms: number;
  began_ms: number;
  codecs: string;
  width: number;
  height: number;
  fps: number | null;
  audio: string | null;
  ended_ms: number | null; // null while the clip grows
  still: SealedStill | null;
  judgement: Judgement | null; // null until something is known, and in clips of the first hubs
  eye: string | null; // the name of the eye that looked
  sub: Rendition | null; // kept where few browsers play the main stream
  parts: SealedPart[];
}

export type StreamName = "main" | "sub";

export class NotAManifest extends Error {}

export function partsOf(of: Manifest, stream: StreamName): SealedPart[] {
  return stream === "sub" ? (of.sub?.parts ?? []) : of.parts;
}

// The manifest in what was opened; throws NotAManifest with a sentence.
export function readManifest(raw: Bytes): Manifest {
  let body: unknown;
  let version: number;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw));
    version = whole(field(body, "v"));
    if (version <= VERSION) return manifestOf(body);
  } catch {
    throw new NotAManifest("The manifest of this clip is not one that Nightlatch wrote.");
  }
  throw new NotAManifest("This clip was recorded by a newer Nightlatch. Update this one to open it.");
}

function manifestOf(body: unknown): Manifest {
  return {
    household: text(field(body, "household")),
    camera: text(field(body, "camera")),
    camera_name: text(field(body, "camera_name")),
    event: text(field(body, "event")),
    onset_ms: whole(field(body, "onset_ms")),
    began_ms: whole(field(body, "began_ms")),
    codecs: text(field(body, "codecs")),
    width: whole(field(body, "width")),
    height: whole(field(body, "height")),
    fps: maybe(field(body, "fps"), number),
    audio: maybe(field(body, "audio"), text),
    ended_ms: maybe(field(body, "ended_ms"), whole),
    still: maybe(field(body, "still"), stillOf),
    judgement: maybe(optional(body, "verdict"), () => judgementOf(body)),
    eye: maybe(optional(body, "eye"), text),
    sub: maybe(optional(body, "sub"), renditionOf),
    parts: list(field(body, "parts"), partOf),
  };
}

function renditionOf(body: unknown): Rendition {
  return {
    codecs: text(field(body, "codecs")),
    width: whole(field(body, "width")),
    height: whole(field(body, "height")),
    parts: list(field(body, "parts"), partOf),
  };
}

function partOf(body: unknown, index: number): SealedPart {
  const n = whole(field(body, "n"));
  if (n !== index) throw new TypeError("Parts are numbered in order, from 0.");
  return {
    n,
    sha256: hash(field(body, "sha256")),
    bytes: whole(field(body, "bytes")),
    began_ms: whole(field(body, "began_ms")),
    duration_ms: whole(field(body, "duration_ms")),
  };
}

function stillOf(body: unknown): SealedStill {
  return {
    sha256: hash(field(body, "sha256")),
    bytes: whole(field(body, "bytes")),
    at_ms: whole(field(body, "at_ms")),
  };
}

function judgementOf(body: unknown): Judgement {
  return {
    verdict: oneOf(VERDICTS, field(body, "verdict")),
    threat: number(field(body, "threat")),
    reasons: list(field(body, "reasons"), text),
    kinds: list(field(body, "kinds"), kind),
    tracks: list(optional(body, "tracks") ?? [], trackOf),
  };
}

function trackOf(body: unknown): Track {
  const path = list(field(body, "path"), placeOf);
  if (path.length === 0) throw new TypeError("A track is somewhere.");
  return { id: whole(field(body, "id")), kind: kind(field(body, "kind")), score: number(field(body, "score")), path };
}

function placeOf(body: unknown): Place {
  const [at, left, top, right, bottom, ...more] = list(body, number);
  if (more.length > 0) throw new TypeError("A place is five numbers.");
  return [whole(at), number(left), number(top), number(right), number(bottom)];
}

// A field that must be there, of an object; a name that every object inherits does not count.
function field(body: unknown, name: string): unknown {
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, name))
    throw new TypeError(`${name} is missing.`);
  return (body as Record<string, unknown>)[name];
}

function optional(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null && Object.hasOwn(body, name) ? field(body, name) : null;
}

function maybe<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("Text is expected.");
  return value;
}

function number(value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new TypeError("A finite number is expected.");
  return value;
}

function whole(value: unknown): number {
  if (!Number.isSafeInteger(value) || number(value) < 0) throw new TypeError("A whole number is expected.");
  return number(value);
}

function list<T>(value: unknown, read: (value: unknown, index: number) => T): T[] {
  if (!Array.isArray(value)) throw new TypeError("A list is expected.");
  return value.map((each, index) => read(each, index));
}

function hash(value: unknown): string {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text(value))) throw new TypeError("A SHA-256 in base64 is expected.");
  return text(value);
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw new TypeError("This word is not known.");
  return found;
}

function kind(value: unknown): Kind {
  return oneOf(KINDS, value);
}
