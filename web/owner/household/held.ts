// What the mailbox outside holds, as its own answer says it. Pure.

import { bytes } from "../../shared/time";
import type { ClipList, MailboxClip } from "../../shared/wire";

export const LISTED = 6;

// Newest first; all of them, or those that came last.
export function listed({ clips }: ClipList, isWhole: boolean): MailboxClip[] {
  return clips.slice(isWhole ? 0 : -LISTED).reverse();
}

export function aboutHeld({ clips, used_bytes, quota_bytes, keep_hours }: ClipList): string {
  const number = clips.length === 1 ? "1 clip" : `${clips.length} clips`;
  return `${number}, ${bytes(used_bytes)} of ${bytes(quota_bytes)}; each is deleted after ${keep_hours} hours.`;
}
