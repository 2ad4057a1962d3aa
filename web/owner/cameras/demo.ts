// Clips of demo cameras that an older hub sent to the mailbox. The hub cannot delete there; the owner's key can.

import { get } from "../../shared/api";
import type { CameraNow, Clip } from "../../shared/wire";
import { deletion } from "../clips";

const MOST = 500; // clips that the hub lists at once

export async function sentByDemo(cameras: readonly CameraNow[]): Promise<string[]> {
  const demo = new Set(cameras.filter((camera) => camera.demo).map(({ id }) => id));
  if (demo.size === 0) return [];
  const clips = await get<Clip[]>(`/clips?limit=${MOST}`);
  return clips.ok
    ? clips.value.filter((clip) => demo.has(clip.camera_id) && clip.sent_parts > 0).map(({ id }) => id)
    : [];
}

// Whether the mailbox let go of all of them; what it kept expires there within its days.
export async function takeAway(clips: readonly string[]): Promise<boolean> {
  const done = clips.map(async (clip) => {
    const act = await deletion(clip);
    return act.ok && (await act.value()).ok;
  });
  return (await Promise.all(done)).every(Boolean);
}
