// What of a camera's day lies under a moment. Pure.

import { SECOND } from "../../shared/time";
import type { CameraDay, Clip } from "../../shared/wire";

const EARLY = 2 * SECOND; // a sheet's first still does for what is shortly before it
const LATE = 10 * SECOND; // and its last one for what comes after it

export type Sheet = CameraDay["sheets"][number]; // id, began_ms, length_ms

export function sheetAt(sheets: readonly Sheet[], at: number): Sheet | null {
  return sheets.findLast(([, began, length]) => began <= at + EARLY && at <= began + length + LATE) ?? null;
}

// When what a clip shows began: its event, or, for one that goes on with an event, the clip itself.
export function beginOf({ onset_ms, began_ms }: Pick<Clip, "onset_ms" | "began_ms">): number {
  return began_ms > onset_ms ? began_ms : onset_ms;
}

export function clipAt(clips: readonly Clip[], at: number, now: number): Clip | undefined {
  return clips.find((clip) => clip.began_ms <= at && at <= (clip.ended_ms ?? now));
}
