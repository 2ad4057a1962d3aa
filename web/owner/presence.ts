// Is the hub there? By when it was last heard, on a clock that nobody sets. Pure: the page hands in both times.
//
// A page that slept, or that its browser held still, does not know: it asks before it says anything. Where the clock on
// the wall was set meanwhile, it looks the same, and is cleared up by the hub's next word, three seconds later.

import { hhmm, SECOND } from "../shared/time";

// At one moment: the browser's monotonic time, which stands still in sleep on some machines, and its wall clock.
export interface Moment {
  steady: number;
  wall: number;
}

export interface Hearing {
  heard: Moment | null; // the hub's last word; null: none yet
  asked: Moment | null; // how the home is doing, and not told since; null: it was told, or is not asked
  looked: Moment; // when this page last looked at its clocks
  doubt: Moment | null; // since then this page does not know, because it was away itself
}

// "mute": it is there, and cannot say how the home is doing.
export type Presence = "here" | "asking" | "silent" | "mute";

export const QUIET = 8 * SECOND; // the hub says every three seconds that it is there
export const UNTOLD = 12 * SECOND; // a slow hub may take some seconds to say how the home is doing
const AWAY = 4 * SECOND; // between two looks; there is one a second

export function begun(now: Moment): Hearing {
  return { heard: null, asked: null, looked: now, doubt: now };
}

// What was asked of a hub that was silent is asked again: it does not count against it.
export function heard(had: Hearing, now: Moment): Hearing {
  const wasQuiet = had.heard === null || passed(had.heard, now) > QUIET;
  return { ...had, heard: now, doubt: null, asked: wasQuiet ? null : had.asked };
}

export function asked(had: Hearing, now: Moment): Hearing {
  return { ...had, asked: had.asked ?? now };
}

export function told(had: Hearing, now: Moment): Hearing {
  return { ...heard(had, now), asked: null };
}

// Signed out: nobody asks how the home is doing.
export function unasked(had: Hearing): Hearing {
  return { ...had, asked: null };
}

export function looked(had: Hearing, now: Moment): Hearing {
  const wasAway = passed(had.looked, now) > AWAY && had.heard !== null && passed(had.heard, now) > QUIET;
  return { ...had, looked: now, doubt: had.doubt ?? (wasAway ? now : null) };
}

export function presence({ heard, asked, doubt }: Hearing, now: Moment): Presence {
  if (doubt) return now.steady - doubt.steady > QUIET ? "silent" : "asking";
  if (!heard || passed(heard, now) > QUIET) return "silent";
  return asked && passed(asked, now) > UNTOLD ? "mute" : "here";
}

// The hub's last word by the clock on the wall, which may have been set back since.
export function lastWord({ heard, asked }: Hearing, now: Moment, found: Presence): number | null {
  const at = found === "mute" ? asked : heard;
  return at && Math.min(at.wall, now.wall - (now.steady - at.steady));
}

export interface Silence {
  title: string;
  text: string;
  todo: string;
}

// What the page says of a hub that is not heard; null while it is.
export function silence(found: Presence, lastMs: number | null): Silence | null {
  if (found === "here") return null;
  const last = lastMs === null ? "It was not heard since this page was opened." : `Last heard ${hhmm(lastMs)}.`;
  if (found === "asking") return { title: "Asking your hub…", text: last, todo: "" };
  if (found === "mute") return { title: "Your hub cannot say how things are", text: last, todo: MUTE };
  return { title: "Your hub does not answer", text: last, todo: SILENT };
}

const SILENT =
  "Whether it records cannot be told from here. Is this device on the home network, and is the hub switched on? " +
  "What this page shows is from before; it goes on by itself once the hub answers.";
const MUTE =
  "It is there, but it does not answer in full. If this does not go away, restart the hub. " +
  "What this page shows is from before.";

function passed(from: Moment, to: Moment): number {
  return Math.max(to.steady - from.steady, to.wall - from.wall);
}
