// Has people hidden in a cut of a clip, and fetches the film that comes of it. The clip is opened in this browser and
// handed to the owner's own hub; what comes back is shown only if it has the hash that the hub announced.

import type { get, Result, sealed, send } from "../../shared/api";
import { broken } from "../../shared/api";
import { type Bytes, joined } from "../../shared/bytes";
import { hexSha256 } from "../../shared/consent";
import { statedLengthMs } from "../../shared/mp4";
import type { Offer } from "../../shared/wire";
import type { Choosing, Hiding, Preview } from "./steps";
import { leftMs, type Mark } from "./words";

const AGAIN_MS = 500;
const MOST_BYTES = 160 * 1024 ** 2; // that a hub takes at once

type Heard = (share: number) => void; // 0 to 1

export interface HidingDoors {
  hub: { get: typeof get; send: typeof send; sealed: typeof sealed };
  wholeFilm: (clip: string, of: Choosing["clip"], heard: Heard) => Promise<Result<Blob>>;
  before: (of: Choosing["clip"], heard: Heard) => Promise<Bytes[]>; // more of the place; empty where there is none
  nowMs: () => number; // by the hub's clock
  rest: (ms: number) => Promise<void>;
}

const FILM = 0.5; // of the opening; the rest is the place's

// Hand the clip to the hub, and what shows more of its place behind it. `heard` is told how much of both is open.
export async function handed(
  id: string,
  { clip, cut }: Choosing,
  { hub, wholeFilm, before }: HidingDoors,
  heard: Heard,
): Promise<Result<Offer>> {
  const open = { film: 0, place: 0 };
  const hear = (which: keyof typeof open) => (share: number) => {
    open[which] = share;
    heard(FILM * open.film + (1 - FILM) * open.place);
  };
  const more = before(clip, hear("place")).then((place) => {
    hear("place")(1); // all that could be had
    return place;
  });
  const [film, place] = await Promise.all([wholeFilm(id, clip, hear("film")), more]);
  if (!film.ok) return film;
  const own = new Uint8Array(await film.value.arrayBuffer());
  const films = fitting(own, place);
  const [from, to] = [Math.round(cut.fromMs), Math.round(cut.fromMs + cut.lengthMs)];
  const lengths = films.length > 1 ? `&lengths=${films.map((each) => each.length).join(",")}` : "";
  const asked = `/giving/offers?clip=${id}&from_ms=${from}&to_ms=${to}${lengths}`;
  return hub.send<Offer>("POST", asked, films.length > 1 ? joined(films) : own);
}

// The clip first, then as much of the place as the hub takes, the latest of it if not all.
function fitting(own: Bytes, place: readonly Bytes[]): Bytes[] {
  let room = MOST_BYTES - own.length;
  const fits = ({ length }: Bytes) => {
    if (length > room) return false;
    room -= length;
    return true;
  };
  return [own, ...[...place].reverse().filter(fits).reverse()];
}

// `signal` ends the asking when the owner leaves the page, not what the hub does; `heard` is told how far along it is.
export async function followed(
  offer: Offer,
  { hub, nowMs, rest }: HidingDoors,
  signal: AbortSignal,
  heard: (share: number, leftMs: Hiding["leftMs"]) => void,
): Promise<Result<{ preview: Preview; problem: string | null }>> {
  let now: Result<Offer> = { ok: true, value: offer };
  let first: Mark | null = null; // once it had begun: opening the networks takes a while
  while (now.ok && !now.value.ready && !now.value.problem) {
    const mark: Mark = { share: now.value.share, atMs: nowMs() };
    if (mark.share > 0) first ??= mark;
    heard(mark.share, first && leftMs(first, mark));
    await rest(AGAIN_MS);
    now = await hub.get<Offer>(`/giving/offers/${offer.id}`, { signal });
  }
  if (!now.ok) return now;
  const { ready, problem } = now.value;
  if (!ready) return broken(problem ?? "");
  const film = await preview(now.value, hub, signal);
  return film.ok ? { ok: true, value: { preview: film.value, problem } } : film;
}

async function preview(
  offer: Offer,
  hub: Pick<HidingDoors["hub"], "sealed">,
  signal: AbortSignal,
): Promise<Result<Preview>> {
  const film = await hub.sealed(`/giving/offers/${offer.id}/film`, { signal });
  if (!film.ok) return film;
  if (!film.value) return broken("The redacted clip is missing. Try again.");
  const { bytes } = film.value;
  const sha256 = await hexSha256(bytes);
  if (sha256 !== offer.sha256) {
    return broken("The redacted clip is not the one that was announced. Try again.");
  }
  const { report } = offer;
  const covered = report && { all: report.share_covered, grey: report.share_grey, drawn: report.share_drawn };
  const value: Preview = {
    offer: offer.id,
    sha256,
    bytes,
    url: URL.createObjectURL(new Blob([bytes], { type: "video/mp4" })),
    lengthS: (statedLengthMs(bytes) ?? offer.to_ms - offer.from_ms) / 1000,
    timesFound: report?.people ?? null,
    written: report?.written ?? 0,
    covers: offer.covers,
    covered,
    keptUntilMs: offer.kept_until_ms,
  };
  return { ok: true, value };
}
