// What the page says of a clip on its way: what is covered, what is left to tell, how long it takes. Pure.

import type { Manifest } from "../../shared/manifest";
import { hhmm, MINUTE } from "../../shared/time";
import type { HidingNeeds, Offer } from "../../shared/wire";
import { placeAt } from "../clip/boxes";
import type { Kind, Track } from "../findings";

// Shares of the film's pixels, 0 to 1.
export interface Covered {
  all: number;
  grey: number; // nothing is known of the place there
  drawn: number;
}

// Chosen by looking at sheets of films before and after, not measured with reviewers.
export const LITTLE_TO_SEE = 0.6; // of the pixels are covered: the page advises against giving
const SOME_TO_SEE = 0.3;
const NEXT_TO_NOTHING = 0.85;
const LOOK_MS = 500;
const EDGE_MS = 1000; // who is there so soon was there before

// A stretch of time in which things were seen, as the clip's own manifest tells it.
export interface Told {
  tracks: readonly Track[];
  fromMs: number; // epoch
  toMs: number;
}

// What a reviewer could tell of a clip in which this much is covered.
export function inWords(covered: Covered, told: Told): string {
  const { all, grey, drawn } = covered;
  const parts = `${percent(grey)} of the picture is grey, ${percent(drawn)} is drawings.`;
  const what = happened(told);
  if (all >= NEXT_TO_NOTHING) return `Little to see: a reviewer could tell that something moved. ${parts}`;
  if (all >= LITTLE_TO_SEE) return `Little to see: a reviewer could tell that ${what}, and hardly more. ${parts}`;
  const place = all >= SOME_TO_SEE ? "Some" : "Most";
  return `${place} of the place is to be seen; a reviewer could tell that ${what}. ${parts}`;
}

const COUNTS = ["no", "one", "two", "three", "four", "five", "six"];
const ONE: Partial<Record<Kind, string>> = {
  person: "somebody",
  cat: "a cat",
  dog: "a dog",
  animal: "an animal",
  vehicle: "a vehicle",
};
const MANY: Partial<Record<Kind, string>> = {
  person: "people",
  cat: "cats",
  dog: "dogs",
  animal: "animals",
  vehicle: "vehicles",
};

// "two people came and went, and a dog was there". What an eye of the hiding does not draw (a parcel) is left out.
export function happened(told: Told): string {
  const clauses = (Object.keys(ONE) as Kind[]).flatMap((kind) => {
    const tracks = told.tracks.filter((track) => track.kind === kind);
    const count = mostAtOnce(tracks, told);
    if (count === 0) return [];
    const who = count === 1 ? ONE[kind] : `${COUNTS[count] ?? "many"} ${MANY[kind]}`;
    return [`${who} ${did(tracks, told, count)}`];
  });
  if (clauses.length === 0) return "something moved";
  return clauses.length === 1 ? clauses[0]! : `${clauses.slice(0, -1).join(", ")} and ${clauses.at(-1)}`;
}

function did(tracks: readonly Track[], { fromMs, toMs }: Told, count: number): string {
  const isThere = (from: number, to: number) => tracks.some(({ path }) => path.some(([at]) => at >= from && at <= to));
  const wasBefore = isThere(fromMs, fromMs + EDGE_MS);
  const staysAfter = isThere(toMs - EDGE_MS, toMs);
  if (wasBefore && staysAfter) return count === 1 ? "was there" : "were there";
  if (wasBefore) return "left";
  return staysAfter ? "came" : "came and went";
}

function seenAt(tracks: readonly Track[], at: number): number {
  return tracks.filter(({ path }) => placeAt(path, at) !== null).length;
}

function moments({ fromMs, toMs }: Told): number[] {
  return Array.from({ length: Math.max(1, Math.ceil((toMs - fromMs) / LOOK_MS)) }, (_, i) => fromMs + i * LOOK_MS);
}

function mostAtOnce(tracks: readonly Track[], told: Told): number {
  return Math.max(0, ...moments(told).map((at) => seenAt(tracks, at)));
}

// When fewest drawings stand before the place, in seconds from the stretch's beginning.
export function quietestS(told: Told): number {
  const named = told.tracks.filter(({ kind }) => kind !== "motion");
  const counts = moments(told).map((at) => seenAt(named, at));
  return (counts.indexOf(Math.min(...counts)) * LOOK_MS) / 1000;
}

// What hiding found, in a sentence.
export function hid(times: number): string {
  const often = times === 1 ? "once" : `${times} times`;
  const found = times === 0 ? "Nobody was found in it." : `People were found ${often}; drawings stand in their place.`;
  return `${found} If you can see a person, do not give it.`;
}

// What else is covered; nothing where nothing is.
export function besides(written: number, byOwner: number): string {
  const found =
    written === 1
      ? "One place that looked like writing or a screen is covered."
      : `${written} places that looked like writing or screens are covered.`;
  const yours = byOwner === 1 ? "You covered one place." : `You covered ${byOwner} places.`;
  return [written > 0 && found, byOwner > 0 && yours].filter(Boolean).join(" ");
}

// How far something was at a moment.
export interface Mark {
  share: number; // 0 to 1
  atMs: number;
}

const LEAST_DONE = 0.05; // between two marks: less says nothing of how fast it goes

// How long it will still take at the pace since `first`, a mark made once it had really begun; null: not known yet.
export function leftMs(first: Mark, now: Mark): number | null {
  const done = now.share - first.share;
  return done < LEAST_DONE || now.share >= 1 ? null : ((now.atMs - first.atMs) / done) * (1 - now.share);
}

export function leftInWords(ms: number | null): string {
  if (ms === null) return "";
  const seconds = Math.max(5, Math.ceil(ms / 5000) * 5);
  return seconds < 90 ? `about ${seconds} seconds left` : `about ${Math.round(seconds / 60)} minutes left`;
}

// The button that fetches what hiding lacks.
export function fetchInWords({ missing }: HidingNeeds): string {
  const bytes = missing.filter((model) => model.can_be_fetched).reduce((sum, model) => sum + model.bytes, 0);
  return `Fetch what hiding needs (${megabytes(bytes)})`;
}

export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

export const keptUntil = (ms: number) => `It stays ready here until ${hhmm(ms)}, also if you leave this page.`;

export const GONE =
  "What was being prepared is gone: the hub was restarted, or it lay ready for half an hour. Nothing was given.";

function percent(share: number): string {
  return `${Math.round(share * 100)}\u00a0%`;
}

// When something happened in a clip, and when it was seen best; into the clip.
export interface Event {
  fromMs: number;
  toMs: number;
  bestMs: number | null;
}

const POST_ROLL_MS = 10_000; // a clip goes on so long after what happened

export function eventOf(clip: Manifest): Event {
  const [began, ended] = [clip.began_ms, clip.ended_ms ?? clip.began_ms];
  const places = clip.judgement?.tracks.flatMap(({ path }) => path.map(([at]) => at)) ?? [];
  const into = (at: number) => Math.max(0, Math.min(ended, at) - began);
  const from = into(places.length ? Math.min(...places) : clip.onset_ms);
  const to = into(places.length ? Math.max(...places) : Math.max(clip.onset_ms, ended - POST_ROLL_MS));
  const best = clip.still?.at_ms ?? null;
  const isInside = best !== null && best >= began && best <= ended;
  return { fromMs: from, toMs: Math.max(to, from), bestMs: isInside ? best - began : null };
}

const KEPT_MS = 30 * MINUTE; // after it is ready
const FRESH_MS = MINUTE; // to what was ready before this page was opened nobody is called

// Since when it is ready, or known to be impossible; null while it is being prepared.
const doneMs = ({ kept_until_ms }: Offer) => kept_until_ms && kept_until_ms - KEPT_MS;

export interface Line {
  text: string;
  link: string | null; // what the link says
}

// What is said of a clip on its way.
export function lineOf(offer: Offer): Line {
  const clip = `the clip of ${hhmm(offer.onset_ms)}`;
  if (offer.kept_until_ms === null) {
    return {
      text: `People are being hidden in ${clip}. You will be told when it is ready.`,
      link: "See how far it is",
    };
  }
  if (!offer.ready) return { text: `People could not be hidden in ${clip}.`, link: "See why" };
  const until = `It is kept until ${hhmm(offer.kept_until_ms)}.`;
  return { text: `People are hidden in ${clip}. ${until}`, link: "Look at it" };
}

// Those that somebody on this page should be called to now.
export function news(all: readonly Offer[], at: string, nowMs: number, known: ReadonlySet<string>): Offer[] {
  return all.filter((offer) => {
    const done = doneMs(offer);
    const isFresh = done !== null && nowMs - done < FRESH_MS;
    return (
      isFresh && !known.has(offer.id) && at !== "/" && at !== `/give/${offer.clip}` && at !== `/clip/${offer.clip}`
    );
  });
}
