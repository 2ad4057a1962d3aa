// Why a stretch was not recorded, as the strip says it. Pure.

import type { Reason } from "../../shared/wire";

const WHY: Record<Exclude<Reason, "clock_set">, string> = {
  wrong_password: "the camera did not accept the name and password",
  no_route: "the camera's address could not be reached",
  refused: "the camera refused the connection",
  timeout: "the camera did not answer",
  not_found: "the camera had no stream at this path",
  no_video: "the stream had no picture",
  not_h264: "the picture was encoded in a way that cannot be kept",
  hevc_only: "the camera sent H.265 only",
  broken_stream: "the stream broke off or could not be read",
  stalled: "the camera stopped sending pictures",
  paused: "the camera sent no pictures",
  ended: "the camera ended the stream",
  bad_address: "the camera's address could not be read",
  overload: "the hub was too slow to keep what came",
  disk: "the disk was full or failed",
  hub_off: "the hub was off",
  recorder_stopped: "the recorder had stopped",
  settings_changed: "the camera's settings were changed",
  unexplained: "nobody knows why",
};

export function aboutOutage(reason: Reason): string {
  if (reason === "clock_set") return "Nothing is missing here: the hub's clock was set forward.";
  return `Not recorded: ${WHY[reason] ?? "the reason is not known to this page"}.`;
}
