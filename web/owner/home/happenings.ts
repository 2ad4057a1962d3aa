// The list of what happened: how much is asked of the hub, what of it is shown, day by day. Pure.

import type { Failure, Result } from "../../shared/api";
import { dayOf, lasting } from "../../shared/time";
import type { Clip } from "../../shared/wire";
import { type Filter, type Finding, passes } from "../findings";

const PAGE = 12;
const SEARCHED = 200; // clips that a filter looks through

export interface Happenings {
  clips: Clip[] | null; // null: not asked yet
  failure: Failure | null; // why there is nothing to show
  most: number;
  filter: Filter;
}

export const START: Happenings = { clips: null, failure: null, most: PAGE, filter: { verdict: null, kind: null } };

// One more than is shown says whether there is more.
export function asked({ most, filter }: Happenings): string {
  return `/clips?limit=${filter.verdict || filter.kind ? SEARCHED : most + 1}`;
}

// What was there stays when the hub cannot be asked again; the page's banner says that it cannot.
export function answered(had: Happenings, answer: Result<Clip[]>): Happenings {
  if (answer.ok) return { ...had, clips: answer.value, failure: null };
  return { ...had, failure: had.clips ? null : answer };
}

export function filtered(had: Happenings, filter: Filter): Happenings {
  return { ...had, filter };
}

export function withEarlier(had: Happenings): Happenings {
  return { ...had, most: had.most + 2 * PAGE };
}

export function hasEarlier({ clips, most }: Happenings): boolean {
  return (clips?.length ?? 0) > most;
}

export function days(
  { clips, most, filter }: Happenings,
  known: ReadonlyMap<string, Finding>,
  leaving: ReadonlySet<string>,
): [day: number, clips: Clip[]][] {
  const shown = (clips ?? []).filter((clip) => !leaving.has(clip.id) && passes(known.get(clip.id), filter));
  const found = new Map<number, Clip[]>();
  for (const clip of shown.slice(0, most)) {
    const day = dayOf(clip.onset_ms).from;
    found.set(day, [...(found.get(day) ?? []), clip]);
  }
  return [...found];
}

// Clips of one event, in order, for each event; the newest event first. A long one is cut into several clips.
export function gathered(clips: readonly Clip[]): Clip[][] {
  const found = new Map<string, Clip[]>();
  for (const clip of clips) {
    const event = `${clip.camera_id} ${clip.event_id}`;
    found.set(event, [clip, ...(found.get(event) ?? [])]);
  }
  return [...found.values()].map((parts) => parts.sort((a, b) => a.began_ms - b.began_ms));
}

// `isHere`: the hub is; what went on when it was last heard may be over.
export function aboutEvent(parts: readonly Clip[], isHere = true): string {
  const [first, last] = [parts[0], parts.at(-1)];
  if (!first || !last || parts.length === 1) return first ? aboutClip(first, isHere) : "";
  if (last.open && !isHere) return OPEN_THEN;
  if (last.open) return `Still going on, in ${parts.length} clips so far.`;
  const whole = lasting((last.ended_ms ?? last.began_ms) - first.began_ms);
  return `${whole} in ${parts.length} clips${parts.every((clip) => clip.in_cloud) ? ", also in the mailbox." : "."}`;
}

const OPEN_THEN = "It was going on when the hub was last heard.";

export function aboutClip(clip: Clip, isHere = true): string {
  if (clip.open) return isHere ? "Still going on." : OPEN_THEN;
  const length = lasting((clip.ended_ms ?? clip.began_ms) - clip.began_ms);
  return `A ${length} clip${clip.in_cloud ? ", also in the mailbox." : "."}`;
}
