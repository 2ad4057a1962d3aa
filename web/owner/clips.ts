// A clip from its sealed objects: the manifest says what they are, their hashes are checked, and the owner's key opens
// them.

import { attempt, broken, isGone, type Result, relayed, sealed, send } from "../shared/api";
import { type Bytes, b64, sha256 } from "../shared/bytes";
import { Latest } from "../shared/latest";
import { type Manifest, partsOf, readManifest, type StreamName } from "../shared/manifest";
import { signed } from "../shared/signature";
import type { Clip } from "../shared/wire";
import { hubNow, opened, ring, state } from "./state";

export type { Manifest };

async function signature(method: "GET" | "DELETE", path: string): Promise<Result<Record<string, string>>> {
  const keys = ring.value;
  if (!keys) return broken("Sign in first.");
  return attempt(() => signed(keys.sign, keys.signPublic, method, `/v1${path}`, "", hubNow()));
}

// A request that the mailbox answers to the owner only; the hub passes it on and cannot make one itself.
export async function mailbox(method: "GET" | "DELETE", path: string): Promise<Result<Response>> {
  const headers = await signature(method, path);
  return headers.ok ? relayed(method, path, headers.value) : headers;
}

// Signed now, so that it can still be sent when the page is being closed.
export async function deletion(clip: string): Promise<Result<() => Promise<Result<void>>>> {
  const path = `/clips/${clip}`;
  const headers = state.value?.cloud.configured ? await signature("DELETE", path) : null;
  if (headers && !headers.ok) return headers;
  const act = async (): Promise<Result<void>> => {
    const away = headers && relayed("DELETE", path, headers.value);
    const here = await send("DELETE", path);
    if (!here.ok && !isGone(here)) return here;
    const there = await away;
    if (there && !there.ok && !isGone(there)) return broken(STILL_AWAY);
    return { ok: true, value: undefined };
  };
  return { ok: true, value: act };
}

const STILL_AWAY =
  "Deleted at home. The mailbox did not answer: its copy expires there, or you can empty the mailbox under Household.";

const onlyAway = new Set<string>(); // clips that the hub no longer has

// An object from the hub, or from the mailbox once the hub no longer has it.
async function object(clip: string, here: string, there: string): Promise<Result<Bytes>> {
  if (!onlyAway.has(clip)) {
    const found = await sealed(`/clips/${clip}/${here}`);
    if (found.ok && found.value) return { ok: true, value: found.value.bytes };
    if (!found.ok && (!isGone(found) || !state.value?.cloud.configured)) return found;
    if (!found.ok && here === "manifest") onlyAway.add(clip);
  }
  const answer = await mailbox("GET", `/clips/${clip}/${there}`);
  return answer.ok ? attempt(async () => new Uint8Array(await answer.value.arrayBuffer())) : answer;
}

const over = new Latest<string, Manifest>(500); // of clips that have ended: nothing changes them any more
const rows = new Latest<string, Clip>(500); // of the same clips, as a list of the hub had them

// The manifest of a listed clip was opened elsewhere; the film need not wait for it, nor for its row, again.
export function remember(row: Clip, of: Manifest) {
  if (!isOver(of)) return;
  over.set(row.id, of);
  rows.set(row.id, row);
}

const isOver = (of: Manifest) => of.ended_ms !== null && of.household === ring.value?.household;

// What a list of the hub said of a clip that is over; null: no list did.
export const listed = (clip: string): Clip | null => rows.get(clip) ?? null;

export async function manifest(clip: string): Promise<Result<Manifest>> {
  const known = over.get(clip);
  if (known && known.household === ring.value?.household) return { ok: true, value: known };
  const bytes = await object(clip, "manifest", "manifest");
  const plain = bytes.ok ? await opened(bytes.value) : bytes;
  if (!plain.ok) return plain;
  const found = await attempt(async () => readManifest(plain.value));
  if (found.ok && found.value.household !== ring.value?.household) {
    return broken("This clip claims to come from another household. It is not shown.");
  }
  if (found.ok && isOver(found.value)) over.set(clip, found.value);
  return found;
}

const firsts = new Latest<string, Promise<Result<Bytes>>>(1);

// Ask for the first part before the manifest is there, which says its hash: when a clip is pressed, and when it opens.
export function expect(clip: string) {
  if (firsts.get(clip)) return;
  const asked = sealedPart(clip, "main", 0);
  firsts.set(clip, asked);
  void asked.then((found) => found.ok || firsts.get(clip) !== asked || firsts.drop(clip));
}

function sealedPart(clip: string, stream: StreamName, n: number): Promise<Result<Bytes>> {
  const number = String(n).padStart(4, "0");
  return stream === "sub" ? object(clip, `subs/${n}`, `sub-${number}`) : object(clip, `parts/${n}`, `part-${number}`);
}

async function part(clip: string, of: Manifest, stream: StreamName, n: number): Promise<Result<Bytes>> {
  const early = n === 0 && stream === "main" ? firsts.get(clip) : undefined;
  if (early) firsts.drop(clip);
  const bytes = await (early ?? sealedPart(clip, stream, n));
  if (!bytes.ok) return bytes;
  if (partsOf(of, stream)[n]?.sha256 !== b64(await sha256(bytes.value))) {
    return broken(`Part ${n + 1} of this clip is not what was recorded. It is not shown.`);
  }
  return opened(bytes.value);
}

// The clip's still, checked against the manifest; null when it has none yet.
export async function still(clip: string, of: Manifest): Promise<Result<Bytes | null>> {
  if (!of.still) return { ok: true, value: null };
  const bytes = await object(clip, "still", "still");
  if (!bytes.ok) return bytes;
  const isStated = of.still.sha256 === b64(await sha256(bytes.value));
  return isStated ? opened(bytes.value) : { ok: true, value: null };
}

const AHEAD = 4;

// Opened parts in order, a few at a time once the first is shown: nothing competes with that. A failure is the last.
export async function* parts(
  clip: string,
  of: Manifest,
  from: number,
  stream: StreamName = "main",
): AsyncGenerator<Result<Bytes>> {
  const fetching: Promise<Result<Bytes>>[] = [];
  const count = partsOf(of, stream).length;
  const fetch = (until: number) => {
    for (let n = from; n < Math.min(until, count); n++) fetching[n] ??= part(clip, of, stream, n);
  };
  for (let n = from; n < count; n++) {
    fetch(n + 1);
    const next = await fetching[n]!;
    if (n > from) fetch(n + 1 + AHEAD);
    yield next;
    if (!next.ok) return;
    fetch(n + 1 + AHEAD);
  }
}

// All of a clip that is over, as one film; `heard` is told how many parts are open.
export async function wholeFilm(clip: string, of: Manifest, heard?: (count: number) => void): Promise<Result<Blob>> {
  const pieces: Bytes[] = [];
  for await (const piece of parts(clip, of, 0)) {
    if (!piece.ok) return piece;
    pieces.push(piece.value);
    heard?.(pieces.length);
  }
  return { ok: true, value: new Blob(pieces, { type: "video/mp4" }) };
}
