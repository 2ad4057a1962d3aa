// A camera on its way into the house: described, tried, added. Pure.

import { broken, type Failure, type Result } from "../../shared/api";
import type { Probe, ProbeSuccess, Site } from "../../shared/wire";

export interface Trial {
  name: string;
  url: string;
  sub: string;
  transport: string;
  site: Site | null; // null: the owner says it later
  busy: string | null; // what is being done
  found: ProbeSuccess | null; // a camera that can be recorded
  picture: string | null; // its first one, opened
  failure: Failure | null;
}

export const BLANK: Trial = {
  name: "",
  url: "",
  sub: "",
  transport: "tcp",
  site: null,
  busy: null,
  found: null,
  picture: null,
  failure: null,
};

export function trying(trial: Trial): Trial {
  const busy = "Connecting and waiting for the first picture…";
  return { ...trial, busy, found: null, picture: null, failure: null };
}

export function tried(trial: Trial, answer: Result<Probe>): Trial {
  if (!answer.ok) return failed(trial, answer);
  if (!answer.value.ok) return failed(trial, broken(answer.value.text));
  return { ...trial, busy: null, found: answer.value };
}

export function adding(trial: Trial): Trial {
  return { ...trial, busy: "Adding it…", failure: null };
}

export function failed(trial: Trial, failure: Failure): Trial {
  return { ...trial, busy: null, failure };
}

export function canTry({ busy, url }: Trial): boolean {
  return busy === null && url !== "";
}

export function canAdd(trial: Trial): boolean {
  return canTry(trial) && trial.name !== "";
}

// What the hub is asked to add.
export function asked({ name, url, sub, transport, site }: Trial): Record<string, string> {
  return { name, url, transport, ...(sub ? { sub_url: sub } : {}), ...(site ? { site } : {}) };
}

export function aboutFound({ width, height, fps, gop_s, audio }: ProbeSuccess): string {
  const parts = [`${width}×${height}`];
  if (fps) parts.push(`${Math.round(fps)} pictures a second`);
  if (gop_s) parts.push(`a key frame every ${gop_s} s`);
  parts.push(audio ? `sound ${audio}` : "no sound");
  return `It works: ${parts.join(", ")}.`;
}

const FIRST_S = 2; // no need to explain so short a wait
const LONG_S = 12;

// What is happening after so many seconds: a camera may take its time.
export function patience(s: number): string | null {
  if (s <= FIRST_S) return null;
  if (s < LONG_S) return "Signing in, then waiting for a whole picture.";
  return `Still waiting after ${s} s. Nightlatch gives up after 30 s and says why.`;
}
