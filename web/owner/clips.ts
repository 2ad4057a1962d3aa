// A clip from its sealed objects: the manifest says what they are, their hashes are checked, the owner's key opens them.

import { type Bytes, b64, sha256 } from "../shared/bytes";
import { signed } from "../shared/signature";
import { ApiError, relayed, sealed, send } from "../shared/throwing";
import { hubNow, opener, ring, state } from "./state";

export interface Manifest {
  household: string;
  camera: string;
  camera_name: string;
  event: string;
  onset_ms: number;
  began_ms: number;
  ended_ms: number | null;
  codecs: string;
  width: number;
  height: number;
  fps: number | null;
  audio: string | null;
  parts: { n: number; sha256: string; bytes: number; began_ms: number; duration_ms: number }[];
  still: { sha256: string } | null;
  kinds?: string[]; // from here on: what the house made of the event, absent in clips of older hubs
  verdict?: string;
  threat?: number;
  reasons?: string[];
  eye?: string;
  tracks?: { id: number; kind: string; score: number; path: [number, number, number, number, number][] }[];
}

function signature(method: "GET" | "DELETE", path: string): Promise<Record<string, string>> {
  const keys = ring.value;
  if (!keys) throw new Error("Sign in first.");
  return signed(keys.sign, keys.signPublic, method, `/v1${path}`, "", hubNow());
}

// A request that the mailbox answers to the owner only; the hub passes it on and cannot make one itself.
export async function mailbox(method: "GET" | "DELETE", path: string): Promise<Response> {
  return relayed(method, path, await signature(method, path));
}

// Signed now, so that it can still be sent when the page is being closed.
export async function deletion(clip: string): Promise<() => Promise<void>> {
  const path = `/clips/${clip}`;
  const headers = state.value?.cloud.configured ? await signature("DELETE", path) : null;
  const gone = (error: unknown) => {
    if (!(error instanceof ApiError) || ![404, 410].includes(error.status)) throw error;
  };
  return async () => {
    const away = headers && relayed("DELETE", path, headers).catch(gone);
    away?.catch(() => undefined);
    await send("DELETE", path).catch(gone);
    try {
      await away;
    } catch {
      throw new Error(
        "Deleted at home. The mailbox did not answer: it deletes its copy by itself when its time is up, or empty it under Household.",
      );
    }
  };
}

const onlyAway = new Set<string>(); // clips that the hub said it has no more

// An object from the hub, or from the mailbox when the hub has it no more.
async function object(clip: string, here: string, there: string): Promise<Bytes> {
  if (!onlyAway.has(clip)) {
    try {
      const found = await sealed(`/clips/${clip}/${here}`);
      if (found) return found.bytes;
    } catch (error) {
      if (!(error instanceof ApiError) || ![404, 410].includes(error.status) || !state.value?.cloud.configured)
        throw error;
      if (here === "manifest") onlyAway.add(clip);
    }
  }
  return new Uint8Array(await (await mailbox("GET", `/clips/${clip}/${there}`)).arrayBuffer());
}

async function open(bytes: Bytes): Promise<Bytes> {
  if (!opener.value) throw new Error("Sign in first.");
  return opener.value.open(bytes);
}

export async function manifest(clip: string): Promise<Manifest> {
  const found = JSON.parse(
    new TextDecoder().decode(await open(await object(clip, "manifest", "manifest"))),
  ) as Manifest;
  if (found.household !== ring.value?.household)
    throw new Error("This clip says that it is of another household. It is not shown.");
  return found;
}

export async function part(clip: string, of: Manifest, n: number): Promise<Bytes> {
  const bytes = await object(clip, `parts/${n}`, `part-${String(n).padStart(4, "0")}`);
  const stated = of.parts[n]?.sha256;
  if (stated !== b64(await sha256(bytes)))
    throw new Error(`Part ${n + 1} of this clip is not the one that was recorded. It is not shown.`);
  return open(bytes);
}

// The clip's still, checked against the manifest; null when it has none yet.
export async function still(clip: string, of: Manifest): Promise<Bytes | null> {
  if (!of.still) return null;
  const bytes = await object(clip, "still", "still");
  return of.still.sha256 === b64(await sha256(bytes)) ? open(bytes) : null;
}

// Opened parts in order, fetched a few at a time.
export async function* parts(clip: string, of: Manifest, from: number): AsyncGenerator<Bytes> {
  const fetching: Promise<Bytes>[] = [];
  for (let n = from; n < of.parts.length; n++) {
    for (let ahead = n; ahead < Math.min(n + 4, of.parts.length); ahead++) {
      if (!fetching[ahead]) {
        fetching[ahead] = part(clip, of, ahead);
        fetching[ahead]!.catch(() => undefined);
      }
    }
    yield await fetching[n]!;
  }
}
