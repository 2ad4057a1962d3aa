// Fetches and opens what clips tell, as they come and change; the rest of the page reads `findings`.

import { signal } from "@preact/signals";
import { attempt, get } from "../shared/api";
import { unb64 } from "../shared/bytes";
import { readManifest } from "../shared/manifest";
import type { Clip } from "../shared/wire";
import { remember } from "./clips";
import { type Finding, findingOf } from "./findings";
import { opened } from "./state";

export const findings = signal<ReadonlyMap<string, Finding>>(new Map());
const versions = new Map<string, string>();
const AT_ONCE = 50;
const MOST = 3000;

// Fetch and open what is not known yet of these clips; `findings` changes as it comes.
export async function learn(clips: readonly Clip[]): Promise<void> {
  const missing = clips.filter((clip) => versions.get(clip.id) !== versionOf(clip));
  for (const clip of missing) versions.set(clip.id, versionOf(clip));
  for (let i = 0; i < missing.length; i += AT_ONCE) await fetchSome(missing.slice(i, i + AT_ONCE));
}

async function fetchSome(clips: readonly Clip[]): Promise<void> {
  const sealed = await get<Record<string, string>>(`/manifests?ids=${clips.map((clip) => clip.id).join(",")}`);
  if (!sealed.ok) {
    for (const clip of clips) versions.delete(clip.id); // asked again with the next change
    return;
  }
  const opened = await Promise.all(
    clips.map(async (clip) => [clip.id, await openedFinding(clip, sealed.value[clip.id])] as const),
  );
  const next = new Map(findings.value);
  for (const [id, finding] of opened) if (finding) next.set(id, finding);
  for (const old of next.keys()) if (next.size > MOST) next.delete(old);
  findings.value = next;
}

// One damaged manifest hides one event's words, not all.
async function openedFinding(clip: Clip, sealed: string | undefined): Promise<Finding | null> {
  const plain = sealed ? await opened(unb64(sealed)) : null;
  const manifest = plain?.ok ? await attempt(async () => readManifest(plain.value)) : null;
  if (!manifest?.ok || manifest.value.event !== clip.event_id) return null;
  if (!clip.open) remember(clip, manifest.value);
  return findingOf(manifest.value);
}

function versionOf(clip: Clip): string {
  return clip.open ? `open ${clip.parts}` : "closed";
}
