// What the house says of its events: kinds, verdicts, reasons, tracks. It comes sealed with each clip and is opened
// here.

import type { Judgement, Manifest, Place, Track } from "../shared/manifest";
import type { Kind, Verdict } from "../shared/wire";

export type { Kind, Place, Track, Verdict };

export interface Finding {
  kinds: Kind[];
  verdict: Verdict | null;
  threat: number;
  reasons: string[];
  eye: string;
  tracks: Track[];
}

export const VERDICTS: readonly Verdict[] = ["threat", "help", "unsure", "routine"];
export const NAMES: Record<Kind, string> = {
  person: "Person",
  cat: "Cat",
  dog: "Dog",
  animal: "Animal",
  vehicle: "Vehicle",
  package: "Package",
  motion: "Motion",
};
export const CALLED: Record<Verdict, string> = {
  threat: "Threat",
  help: "May need help",
  unsure: "Not sure",
  routine: "Routine",
};
const EYES: Record<string, string> = {
  eye: "the built-in eye",
  ssd: "a small eye",
  yolox: "YOLOX",
  both: "three networks together",
  own: "a model of the household's choosing",
  motion: "plain motion",
};

const NOTHING: Omit<Judgement, "verdict"> & { verdict: null } = {
  kinds: [],
  verdict: null,
  threat: 0,
  reasons: [],
  tracks: [],
};

export function findingOf(manifest: Manifest): Finding {
  return { ...(manifest.judgement ?? NOTHING), eye: EYES[manifest.eye ?? ""] ?? "" };
}

// "A person and a dog", or what the clip is called while nothing is known.
export function what(of: Finding | undefined): string {
  const kinds = of?.kinds.filter((k) => k !== "motion") ?? [];
  if (kinds.length === 0) return "Motion";
  const names = kinds.map((k, i) => (i === 0 ? NAMES[k] : NAMES[k].toLowerCase()));
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

// What happened, in a line; and what moved the verdict, where that is no daily life.
export function whyOf({ verdict, reasons }: Finding): string {
  return reasons.slice(0, verdict === "routine" ? 1 : 2).join(" ");
}

export interface Filter {
  verdict: Verdict | null;
  kind: "person" | "pet" | "vehicle" | "other" | null;
}

export function kindGroup(of: Finding | undefined): Exclude<Filter["kind"], null> {
  const kinds = of?.kinds ?? [];
  if (kinds.includes("person")) return "person";
  if (kinds.some((k) => k === "cat" || k === "dog" || k === "animal")) return "pet";
  return kinds.includes("vehicle") ? "vehicle" : "other";
}

export function passes(of: Finding | undefined, filter: Filter): boolean {
  if (filter.verdict && of?.verdict !== filter.verdict) return false;
  return !filter.kind || kindGroup(of) === filter.kind;
}
