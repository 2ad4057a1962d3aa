// The household's mode: what is said of it, and how one press changes it. The hub may be slow, and may refuse.

import { signal } from "@preact/signals";
import { broken, type Failure, type Result } from "../../shared/api";
import { HOUR, hhmm, SECOND, when } from "../../shared/time";
import type { Mode, ModeNow, SetBy } from "../../shared/wire";

export const MODE_NAMES: Record<Mode, string> = { home: "Home", night: "Night", away: "Away" };

// What makes a sound then, on devices that asked to hear of it (domain/waking.py).
export const MEANS: Record<Mode, string> = {
  home: "Alerts sound for threats, and when someone may need help.",
  night: "Alerts sound for threats, when someone may need help, and for people it is not sure about.",
  away:
    "Alerts sound for threats, when someone may need help, and for people it is not sure about. " +
    "Anyone inside is a threat.",
};

// "Away since 08:12, set on Anna's phone; by schedule again at 17:30, then home."
export function aboutMode(now: ModeNow, at: number): string {
  const since = now.since_ms === null ? "" : ` since ${day(now.since_ms, at)}`;
  return `${MODE_NAMES[now.mode]}${since}${whose(now)}${until(now, at)}.`;
}

const WHOSE: Record<Exclude<SetBy, "hand">, string> = {
  command: "set on the hub itself",
  schedule: "by schedule",
  mqtt: "set by your home automation",
};

function whose({ by, device }: ModeNow): string {
  if (by === null) return ", until you choose another mode";
  if (by === "hand") return device ? `, set on ${device}` : ", set by hand";
  return `, ${WHOSE[by]}`;
}

function until({ by, held, until_ms, then }: ModeNow, at: number): string {
  if (held) return "; it stays until somebody changes it";
  if (until_ms === null) return "";
  const next = then ? `, then ${then}` : "";
  const isSoon = until_ms - at < SOON_MS; // its day need not be named
  const end = isSoon ? hhmm(until_ms) : day(until_ms, at);
  if (by === "schedule" || by === null) return `, until ${end}${next}`;
  return `; by schedule again ${isSoon ? "at" : "from"} ${end}${next}`;
}

const SOON_MS = 18 * HOUR;

// A day and its time within a sentence.
const day = (ms: number, at: number) => when(ms, at).replace(/^(Yesterday|Tomorrow)/, (name) => name.toLowerCase());

// What else can be done with a mode that is set by hand: a schedule would end a fortnight's holiday at half past five.
export function otherHold({ by, held, until_ms }: ModeNow): { hold: boolean; name: string } | null {
  if (held) return { hold: false, name: "Let the schedule take over" };
  if (by === null || by === "schedule" || until_ms === null) return null;
  return { hold: true, name: "Keep it until I change it" };
}

export interface Switching {
  wanted: Mode | null; // while the hub is asked
  failure: Failure | null; // why the last press changed nothing
}

export interface Doors {
  now: () => ModeNow;
  put: (body: { mode: Mode; hold: boolean }, signal: AbortSignal) => Promise<Result<ModeNow>>;
  came: (now: ModeNow) => void;
  say: (text: string, undo?: () => void) => void;
  patience: () => AbortSignal; // ends what is not answered
}

export const PATIENCE_MS = 10 * SECOND;

const LATE =
  "The hub did not answer, so it is not known whether the mode has changed. Check that it is running, then look again.";

export function modeSwitch(doors: Doors) {
  const at = signal<Switching>({ wanted: null, failure: null });

  // One press at a time: what is on its way is not overtaken.
  async function choose(mode: Mode, hold = false) {
    const before = doors.now();
    if (at.value.wanted || (mode === before.mode && hold === before.held)) return;
    const done = await ask(mode, hold);
    if (!done) return;
    doors.say(hold === before.held ? `${MODE_NAMES[mode]} is on.` : heldText(hold), () => void back(before));
  }

  async function back({ mode, held }: ModeNow) {
    if (!at.value.wanted && (await ask(mode, held))) doors.say(`${MODE_NAMES[mode]} is on again.`);
  }

  async function ask(mode: Mode, hold: boolean): Promise<boolean> {
    at.value = { wanted: mode, failure: null };
    const done = await doors.put({ mode, hold }, doors.patience());
    if (done.ok) doors.came(done.value);
    const failure = done.ok ? null : done.kind === "aborted" ? broken(LATE) : done;
    at.value = { wanted: null, failure };
    return done.ok;
  }

  return { at, choose };
}

const heldText = (hold: boolean) =>
  hold ? "It stays until somebody changes it." : "The schedule takes over at its next change.";
