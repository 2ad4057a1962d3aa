// What the clip's page shows of the clip itself: nothing yet, its facts and its picture, or why not. Pure.

import type { Failure } from "../../shared/api";
import { type Manifest, partsOf, type StreamName } from "../../shared/manifest";
import type { Clip } from "../../shared/wire";

export type Showing =
  | { is: "opening" }
  | { is: "shown"; facts: Manifest; poster: string | null } // poster: URL of its still, until the film plays
  | { is: "stopped"; failure: Failure; facts: Manifest | null };

export type Happening =
  | { is: "read"; facts: Manifest } // again and again while the clip grows
  | { is: "still"; url: string }
  | { is: "failed"; failure: Failure };

export function next(at: Showing, what: Happening): Showing {
  if (what.is === "failed") return { is: "stopped", failure: what.failure, facts: factsOf(at) };
  if (at.is === "stopped") return at;
  if (what.is === "read") return { is: "shown", facts: what.facts, poster: at.is === "shown" ? at.poster : null };
  return at.is === "shown" ? { ...at, poster: what.url } : at;
}

export function factsOf(at: Showing): Manifest | null {
  return at.is === "opening" ? null : at.facts;
}

// What a browser is given: the main stream where it plays that, else the sub-stream kept beside it where it plays that.
export function choose({ codecs, sub }: Manifest, plays: (codecs: string) => boolean): StreamName {
  return sub && !plays(codecs) && plays(sub.codecs) ? "sub" : "main";
}

// The moment that the film's time 0 stands for: the sub-stream begins at a key frame of its own.
export function beganOf(of: Manifest, stream: StreamName): number {
  return (stream === "sub" && partsOf(of, stream)[0]?.began_ms) || of.began_ms;
}

// The clips before and after this one, of a list whose newest comes first.
export interface Neighbours {
  earlier?: string | undefined;
  later?: string | undefined;
}

export function neighbours(clips: readonly Clip[], id: string): Neighbours {
  const place = clips.findIndex((clip) => clip.id === id);
  return place < 0 ? {} : { earlier: clips[place + 1]?.id, later: clips[place - 1]?.id };
}

// What a key does on this page.
export type Wish = "play" | "earlier" | "later" | "back" | "on";
type Pressed = Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">;

export function wish({ key, shiftKey, ctrlKey, metaKey, altKey }: Pressed): Wish | null {
  if (ctrlKey || metaKey || altKey) return null;
  if (key === " ") return "play";
  if (key === "ArrowLeft") return shiftKey ? "earlier" : "back";
  if (key === "ArrowRight") return shiftKey ? "later" : "on";
  return null;
}
