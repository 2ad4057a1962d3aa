// Fetches and opens what clips tell, as they come and change; the rest of the page reads `told`.

import { signal } from "@preact/signals";
import { unb64 } from "../shared/bytes";
import { get } from "../shared/throwing";
import type { Clip } from "../shared/wire";
import type { Manifest } from "./clips";
import { type Told, toldBy } from "./findings";
import { opener } from "./state";

export const told = signal<ReadonlyMap<string, Told>>(new Map());
const versions = new Map<string, string>();
const AT_ONCE = 50;
const MOST = 3000;

// Fetch and open what is not known yet of these clips; `told` changes as it comes.
export async function learn(clips: readonly Clip[]): Promise<void> {
  const version = (c: Clip) => (c.open ? `open ${c.parts}` : "closed");
  const missing = clips.filter((c) => versions.get(c.id) !== version(c));
  for (const c of missing) versions.set(c.id, version(c));
  for (let i = 0; i < missing.length; i += AT_ONCE) {
    const some = missing.slice(i, i + AT_ONCE);
    try {
      const sealed = await get<Record<string, string>>(`/manifests?ids=${some.map((c) => c.id).join(",")}`);
      const opened = await Promise.all(
        some.map(async (c) => [c, sealed[c.id] ? await manifestOf(sealed[c.id]!) : null] as const),
      );
      const next = new Map(told.value);
      for (const [c, manifest] of opened)
        if (manifest && manifest.event === c.event_id) next.set(c.id, toldBy(manifest));
      for (const old of next.keys()) if (next.size > MOST) next.delete(old);
      told.value = next;
    } catch {
      for (const c of some) versions.delete(c.id); // asked again with the next change
    }
  }
}

async function manifestOf(sealed: string): Promise<Manifest | null> {
  try {
    return opener.value
      ? (JSON.parse(new TextDecoder().decode(await opener.value.open(unb64(sealed)))) as Manifest)
      : null;
  } catch {
    return null; // one damaged manifest hides one event's words, not all
  }
}
