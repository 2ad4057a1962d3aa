// What the page says of a clip. Pure.

import type { Rendition } from "../../shared/manifest";
import { bytes, hhmmss, lasting, longDay } from "../../shared/time";
import type { Clip } from "../../shared/wire";
import type { Manifest } from "../clips";
import { CALLED, type Finding } from "../findings";

const SHORTEST_GIVEN_MS = 20_000;

// How the eye judged it, and how sure it is.
export function judgement(of: Finding): string {
  if (!of.verdict) return "Not judged: this clip is older than the eye, or it has only just begun.";
  const eye = of.eye ? ` by ${of.eye}` : "";
  if (of.verdict === "help") return `Judged at home${eye}: somebody may need help.`;
  const chance = of.threat < 0.01 ? "less than 1" : String(Math.round(of.threat * 100));
  return `Judged ${CALLED[of.verdict].toLowerCase()} at home${eye}, with a chance of ${chance} % that it is a threat.`;
}

// `row` is what the hub has of the clip: null when it no longer has it, undefined before it answered.
export function facts(
  of: Manifest,
  row: Clip | null | undefined,
  hasMailbox: boolean,
  isHere = true, // the hub; without it nobody knows whether a clip still grows
  isDemo = false, // clips of demo cameras are not sent
): [name: string, value: string][] {
  const found: [string, string][] = [
    ["When", `${longDay(of.onset_ms)}, ${hhmmss(of.onset_ms)}`],
    ["How long", of.ended_ms ? lasting(of.ended_ms - of.began_ms) : isHere ? "Still going on" : "It was going on"],
    ["Picture", `${of.width}×${of.height}${of.fps ? `, ${Math.round(of.fps)} frames a second` : ""}`],
    ["Sound", sound(of.audio)],
  ];
  if (row) found.push(["Sealed size", bytes(row.bytes)]);
  if (row === null) found.push(["Comes from", "The mailbox outside: it is gone at home"]);
  if (row && hasMailbox) found.push(["Mailbox outside", isDemo ? "Clips of demo cameras stay at home" : sent(row)]);
  return found;
}

// Said where the sub-stream is shown instead of the main one.
export function inSmaller({ width, height }: Rendition): string {
  const why = `This browser does not play H.265: the camera's second stream is shown (${width}×${height}).`;
  return `${why} The download has the full picture.`;
}

const isG711 = (audio: string | null) => audio?.startsWith("pcm") ?? false;

function sound(audio: string | null): string {
  if (!audio) return "None";
  return isG711(audio) ? "G.711: browsers cannot play it, but the download has it" : "Yes";
}

function sent(row: Clip): string {
  return row.in_cloud ? `Sent: all ${row.parts} parts` : `${row.sent_parts} of ${row.parts} parts so far`;
}

// A clip that is over and long enough can be given to a programme.
export function canBeGiven({ began_ms, ended_ms }: Manifest): boolean {
  return ended_ms !== null && ended_ms - began_ms >= SHORTEST_GIVEN_MS;
}

// The name of the file that is downloaded: camera and local time. MP4 has no place for G.711, QuickTime does.
export function fileName(of: Manifest): string {
  const at = new Date(of.onset_ms);
  const stamp = [at.getFullYear(), at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((n) => String(n).padStart(2, "0"))
    .join("-");
  return `${of.camera_name.replace(/[^\p{L}\p{N} _-]/gu, "")} ${stamp}.${isG711(of.audio) ? "mov" : "mp4"}`;
}
