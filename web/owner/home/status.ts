// What Home says of the house, in sentences. Pure.

import { ago, bytes, hhmm } from "../../shared/time";
import type { CameraNow, Home } from "../../shared/wire";

// "well": the green tick stands for cameras that record, and for nothing else.
export type Standing = "well" | "idle" | "trouble" | "silent";

export function standing(home: Home, isHere: boolean): Standing {
  if (!isHere) return "silent";
  if (!home.well) return "trouble";
  return recording(home) ? "well" : "idle";
}

export function headline(home: Home): string {
  if (home.well) return recording(home) ? "All is well" : resting(home);
  return home.problems.length === 1 ? "One thing needs you" : `${home.problems.length} things need you`;
}

export function lead(home: Home): string {
  const cameras = recording(home);
  if (!cameras) return home.cameras.some(isOn) || !home.cameras.length ? NOTHING_YET : "Nothing is being recorded.";
  const others = home.cameras.length - cameras;
  const rest = others ? ` ${others === 1 ? "One is" : `${others} are`} not.` : "";
  return `${cameras === 1 ? "One camera is" : `${cameras} cameras are`} recording, sealed for you alone.${rest}`;
}

const NOTHING_YET = "Nothing is being recorded yet.";

function resting({ cameras }: Home): string {
  if (!cameras.length) return "Ready for a camera";
  if (cameras.some(isOn)) return "Your cameras are starting";
  return cameras.length === 1 ? "Your camera is turned off" : "Your cameras are turned off";
}

export function storageLine({ keep_hours, used_bytes, free_bytes, full_in_hours }: Home["storage"]): string {
  const room = `Recordings are kept for ${keep_hours} h: ${bytes(used_bytes)} used, ${bytes(free_bytes)} free.`;
  if (!full_in_hours) return room;
  const hours = Math.max(1, Math.round(full_in_hours));
  return `${room} The disk will be full in about ${hours} h; then the oldest go first.`;
}

const SOME = 4; // pieces that are always on their way while something happens

export function mailboxLine({ configured, reachable, waiting_parts, clips }: Home["cloud"]): string {
  if (!configured) return "No mailbox is set up: clips stay at home.";
  if (reachable === null) return "The outside mailbox has not been contacted yet.";
  const waiting = waiting_parts === 1 ? "1 sealed piece is" : `${waiting_parts} sealed pieces are`;
  if (!reachable) return `The outside mailbox cannot be reached; ${waiting} waiting here.`;
  if (waiting_parts > SOME) return `Sending ${waiting_parts} sealed pieces to the mailbox.`;
  return `The outside mailbox holds ${clips} sealed ${clips === 1 ? "clip" : "clips"} that only you can open.`;
}

// The badge on a camera's picture, which was taken at `stillMs` (0: there is none).
export function cameraNow(camera: CameraNow, stillMs: number, now: number): string {
  if (camera.state === "off") return "Off";
  if (camera.state === "retrying") return "Lost, trying again";
  if (camera.waits_for_key) return "Waiting for a key frame";
  if (camera.state === "starting") return "Not recording yet";
  return stillMs ? ago(stillMs, now) : "Recording";
}

export function unknown(lastMs: number | null): string {
  return lastMs === null ? "Not known" : `Not known since ${hhmm(lastMs)}`;
}

const isOn = (camera: CameraNow) => camera.state !== "off";

function recording(home: Home): number {
  return home.cameras.filter((camera) => camera.state === "recording").length;
}
