// Which eye looks at the cameras, what it cannot see, and how it keeps up: in sentences. Pure.

import { when } from "../../shared/time";
import type { CameraNow, Home } from "../../shared/wire";

type Eye = Home["eye"];

const KINDS = "people, cats, dogs, other animals and vehicles";
const SEES: Record<Eye, string> = {
  eye:
    `The built-in eye looks at whatever moves and tells ${KINDS} apart. It does not see things that stand still, ` +
    "packages, or anything only a few pixels in size, and it recognises no one.",
  ssd:
    `A small network looks at whatever moves, for ${KINDS}. It misses people who are far away. ` +
    "It does not see packages, and it recognises no one.",
  yolox:
    `YOLOX looks at whole pictures, and more closely at whatever moves, for ${KINDS}. ` +
    "It does not see packages, and it recognises no one.",
  both: `YOLOX and a second network look together, for ${KINDS}. They do not see packages, and they recognise no one.`,
  motion: "Nothing examines what moves: every motion is an event, and none of them has a kind.",
};
const COMING: Record<Eye, string> = {
  eye: "the eye",
  ssd: "the eye",
  yolox: "YOLOX",
  both: "YOLOX",
  motion: "another one",
};

export function aboutEye({ eye, looking }: Home, now: number): string {
  const said = [SEES[eye]];
  if (looking && looking.coming_percent !== null)
    said.push(`It stands in while ${COMING[looking.chosen]} is downloaded: ${looking.coming_percent} % so far.`);
  if (looking?.blind_since_ms) {
    const since = when(looking.blind_since_ms, now);
    said.push(`It has been blind since ${since}: everything is recorded, but nothing is recognised.`);
  }
  return said.join(" ");
}

export function aboutLooks(looks: NonNullable<CameraNow["looks"]>, now: number): string {
  const since = when(looks.since_ms, now);
  const pictures = `${looks.looked.toLocaleString()} ${looks.looked === 1 ? "picture" : "pictures"}`;
  const said = looks.looked
    ? `The eye has looked at ${pictures} since ${since}`
    : `The eye has not been needed here since ${since}`;
  if (!looks.passed_over) return `${said}.`;
  const skipped = looks.passed_over.toLocaleString();
  return `${said} and skipped ${skipped} because newer ones had arrived. They were recorded all the same.`;
}

// What takes its stream: our own receiver, or FFmpeg where that one does not do.
export function aboutReceiver(receiver: CameraNow["receiver"]): string {
  if (receiver === "nightlatch") return "Received by Nightlatch itself.";
  return receiver === "ffmpeg" ? "Received by FFmpeg." : "";
}

// What there is to know about its stream now, in sentences.
export function aboutReceiving({ receiver, notes, waits_for_key }: Receiving): string[] {
  const waits = waits_for_key ? ["It is connected; recording goes on with its next key frame."] : [];
  return [...waits, aboutReceiver(receiver), ...notes].filter((said) => said !== "");
}

type Receiving = Pick<CameraNow, "receiver" | "notes" | "waits_for_key">;

// A camera in the list: what it is, what it sends and what is kept of it.
export function aboutStream({ width, height, fps }: Pick<CameraNow, "width" | "height" | "fps">): string | null {
  return width ? `${width}×${height}${fps ? ` at ${Math.round(fps)}` : ""}` : null;
}
