// Which eye looks at the cameras, what it cannot see, and how it keeps up: in sentences. Pure.

import { when } from "../../shared/time";
import type { CameraNow, Home } from "../../shared/wire";

type Eye = Home["eye"];

const KINDS = "people, cats, dogs, other animals and vehicles";
const NEITHER = "packages, and recognises no one";
// COCO and Open Images: said wherever a network that learnt from them looks.
const UNASKED = "It learnt from public pictures of people who were never asked.";
const SEES: Record<Eye, string> = {
  eye:
    `The built-in eye looks at whatever moves and tells ${KINDS} apart, far less reliably than the others do. It ` +
    "does not see things that stand still, packages, or anything only a few pixels in size, and it recognises no " +
    "one. It learnt people only from footage that they agreed to.",
  ssd:
    `A small eye looks at whatever moves, and now and then at the whole picture, for ${KINDS}. It does not see ` +
    `${NEITHER}. ${UNASKED}`,
  yolox:
    `YOLOX looks at whole pictures, and more closely at whatever moves, for ${KINDS}. It often takes people who lie ` +
    `or kneel for animals. It does not see ${NEITHER}. ${UNASKED}`,
  both:
    `Three networks look as one eye at whatever moves, and now and then at the whole picture, for ${KINDS}. ` +
    `It does not see ${NEITHER}. ${UNASKED}`,
  own:
    "A model of your choosing looks at whatever moves, and now and then at the whole picture. What it sees, and what " +
    "it learnt from, its makers must tell you.",
  motion: "Nothing examines what moves: every motion is an event, and none of them has a kind.",
};
const FAR = "people who are far away or in infrared light";
const LYING = "For now it may miss people who lie, kneel or crouch";
const SET_UP = "a network that comes with set-up is not here. Run make models where there is internet.";

// What it sees and what it learnt from in the first line, what it is without in the next ones.
export function aboutEye({ eye, looking }: Home, now: number): string {
  const said = [SEES[eye], ...(looking ? aboutLacks(looking) : [])];
  if (eye === "ssd" && looking?.chosen === "ssd") said.push(`It may miss ${FAR}.`);
  if (looking?.blind_since_ms) {
    const since = when(looking.blind_since_ms, now);
    said.push(`It has been blind since ${since}: everything is recorded, but nothing is recognised.`);
  }
  return said.join("\n");
}

// What is not on this machine yet, what that costs, and how to bring it.
function aboutLacks({ chosen, coming_percent, coming_text, lacks }: NonNullable<Home["looking"]>): string[] {
  const said: string[] = [];
  if (coming_text && chosen === "own") said.push(`It stands in, for your model cannot be used. ${coming_text}`);
  else if (coming_text && lacks.length === 0) said.push(`It stands in for another one for now. ${coming_text}`);
  if (lacks.includes("yolox_nano")) {
    if (coming_text) said.push(`For now it may miss ${FAR}: YOLOX is not here. ${coming_text}`);
    else said.push(`For now it may miss ${FAR}: YOLOX is being downloaded, ${coming_percent ?? 0} % so far.`);
  }
  if (lacks.includes("ssd_oidv4") || lacks.includes("pose_detection")) said.push(`${LYING}: ${SET_UP}`);
  return said;
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
