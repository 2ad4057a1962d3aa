// What the mailbox outside holds, as its own answer says it. Pure.

import { bytes } from "../../shared/time";

export interface HeldClip {
  clip: string;
  created_ms: number;
  expires_ms: number;
  bytes: number;
}

export interface Held {
  clips: HeldClip[]; // oldest first
  used_bytes: number;
  quota_bytes: number;
  keep_hours: number;
}

export const LISTED = 6;

// Newest first; all of them, or those that came last.
export function listed({ clips }: Held, isWhole: boolean): HeldClip[] {
  return clips.slice(isWhole ? 0 : -LISTED).reverse();
}

export function aboutHeld({ clips, used_bytes, quota_bytes, keep_hours }: Held): string {
  const number = clips.length === 1 ? "1 clip" : `${clips.length} clips`;
  return `${number}, ${bytes(used_bytes)} of ${bytes(quota_bytes)}; each is deleted after ${keep_hours} hours.`;
}
