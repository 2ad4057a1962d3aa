// What the clip's page needs from the rest of the page.

import { attempt, broken, get, type Result, sealed, send } from "../../shared/api";
import type { Clip } from "../../shared/wire";
import { manifest, parts, still } from "../clips";
import { SealedPlayer } from "../player";
import { openedJson, opener } from "../state";
import { beginOf } from "../timeline/days";
import { sayWhy } from "../toast";
import { pictureUrl } from "../ui";
import type { Doors as RemarkDoors, Said } from "./remarks";
import { type Neighbours, neighbours } from "./showing";
import type { Doors, Screen } from "./viewer";

const AROUND_MS = 6 * 3_600_000;

const row = (id: string) => get<Clip>(`/clips/${id}`);

export function doorsTo(video: { current: HTMLVideoElement | null }): Doors {
  return {
    row,
    manifest,
    still,
    parts,
    screen: async (codecs) =>
      video.current ? screenOf(video.current, codecs) : broken("There is no video to play in."),
    pictureUrl,
    rest: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

async function screenOf(video: HTMLVideoElement, codecs: string): Promise<Result<Screen>> {
  const player = await attempt(async () => new SealedPlayer(video, codecs));
  if (!player.ok) return player;
  const { value } = player;
  const screen: Screen = {
    append: (piece) => attempt(() => value.append(piece)),
    end: () => value.end(),
    close: () => value.close(),
  };
  return { ok: true, value: screen };
}

// The hub's row of a clip and its neighbours in time; a row is null when the hub no longer has the clip.
export async function surroundings(id: string): Promise<{ row: Clip | null; near: Neighbours }> {
  const found = await row(id);
  if (!found.ok) return { row: null, near: {} };
  const at = beginOf(found.value);
  const span = `from_ms=${at - AROUND_MS}&to_ms=${at + AROUND_MS}`;
  const around = await get<Clip[]>(`/clips?limit=200&${span}`);
  return { row: found.value, near: around.ok ? neighbours(around.value, id) : {} };
}

export function remarkDoors(): RemarkDoors {
  const key = opener.value;
  return {
    hub: { sealed, send },
    opened: (bytes) => openedJson<Said>(bytes),
    seal: key && ((plain) => key.seal(plain)),
    failed: sayWhy,
  };
}
