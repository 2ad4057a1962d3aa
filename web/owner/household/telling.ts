// How it stands with telling the devices that the hub fell silent, in sentences. Pure.

import { MINUTE, SECOND, when } from "../../shared/time";
import type { AlertSettings } from "../../shared/wire";

type Silence = AlertSettings["silence"];

export const canTell = (silence: Silence) => silence !== null && silence.devices > 0;

export function aboutSilence(silence: Silence, now: number): string {
  if (!silence) return "This needs a mailbox on another machine: set cloud_url under [hub] in nightlatch.toml.";
  const { on, devices, after_s, renewed_ms, trouble } = silence;
  if (devices === 0) return "This needs a device that is alerted: switch on an alert above first.";
  const beside = silence.beside ? " Your mailbox runs on the hub's own machine, and falls silent with it." : "";
  if (!on) return `Off.${beside}`;
  const who = devices === 1 ? "One device is" : `${devices} devices are`;
  const how = `${who} told after ${lasting(after_s * SECOND)} of silence.${beside}`;
  if (trouble) return `${trouble} ${renewed_ms ? `Last renewed ${when(renewed_ms, now)}.` : ""} ${how}`;
  return renewed_ms ? `${how} Last renewed ${when(renewed_ms, now)}.` : `${how} It is being set up.`;
}

function lasting(ms: number): string {
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} seconds`;
  const minutes = Math.round(ms / MINUTE);
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}
