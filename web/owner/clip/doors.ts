// What the clip's page needs from the rest of the page.

import { attempt, broken, get, type Result, sealed, send } from "../../shared/api";
import type { Clip } from "../../shared/wire";
import { expect, listed, manifest, parts, still } from "../clips";
import { plays, SealedPlayer } from "../player";
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
  let player: Result<SealedPlayer> | null = null;
  return {
    begin: (clip) => {
      expect(clip);
      player = made(video.current);
    },
    listed,
    row,
    manifest,
    still,
    parts,
    plays,
    screen: async (codecs) => screenOf(player ?? made(video.current), codecs),
    pictureUrl,
    rest: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

function made(video: HTMLVideoElement | null): Result<SealedPlayer> {
  if (!video) return broken("There is no video to play in.");
  try {
    return { ok: true, value: new SealedPlayer(video) };
  } catch (error) {
    return broken((error as Error).message);
  }
}

async function screenOf(player: Result<SealedPlayer>, codecs: string): Promise<Result<Screen>> {
  if (!player.ok) return player;
  const { value } = player;
  const fits = await attempt(async () => value.expect(codecs));
  if (!fits.ok) {
    value.close(); // nothing will be shown in it
    return fits;
  }
  const screen: Screen = {
    append: (piece) => attempt(() => value.append(piece)),
    begin: (atS) => value.begin(atS),
    shown: () => value.shown(),
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
