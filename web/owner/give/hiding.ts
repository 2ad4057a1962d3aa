// Has people hidden in a cut of a clip, and fetches the film that comes of it. The clip is opened in this browser and
// handed to the owner's own hub; what comes back is shown only if it has the hash that the hub announced.

import type { get, Result, sealed, send } from "../../shared/api";
import { broken } from "../../shared/api";
import { hexSha256 } from "../../shared/consent";
import type { Offer } from "../../shared/wire";
import type { Choosing, Hiding, Preview } from "./steps";

const AGAIN_MS = 500;

export interface HidingDoors {
  hub: { get: typeof get; send: typeof send; sealed: typeof sealed };
  wholeFilm: (clip: string, of: Choosing["clip"]) => Promise<Result<Blob>>;
  rest: (ms: number) => Promise<void>;
}

// `signal` ends the asking when the owner leaves the page; `heard` is told how far along it is.
export async function hidden(
  id: string,
  { clip, cut }: Choosing,
  { hub, wholeFilm, rest }: HidingDoors,
  signal: AbortSignal,
  heard: (doing: Hiding["doing"], share: number | null) => void,
): Promise<Result<Preview>> {
  heard("opening", null);
  const film = await wholeFilm(id, clip);
  if (!film.ok) return film;
  heard("hiding", null);
  const body = new Uint8Array(await film.value.arrayBuffer());
  const [from, to] = [Math.round(cut.fromMs), Math.round(cut.fromMs + cut.lengthMs)];
  const asked = `/giving/offers?clip=${id}&from_ms=${from}&to_ms=${to}`;
  let offer = await hub.send<Offer>("POST", asked, body);
  while (offer.ok && !offer.value.ready && !offer.value.problem) {
    await rest(AGAIN_MS);
    offer = await hub.get<Offer>(`/giving/offers/${offer.value.id}`, { signal });
    if (offer.ok) heard("hiding", offer.value.share);
  }
  if (!offer.ok) return offer;
  return offer.value.problem ? broken(offer.value.problem) : preview(offer.value, hub, signal);
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
  if ((await hexSha256(bytes)) !== offer.sha256) {
    return broken("The redacted clip is not the one that was announced. Try again.");
  }
  const url = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
  const { report } = offer;
  const covered = report && { all: report.share_covered, grey: report.share_grey, drawn: report.share_drawn };
  return { ok: true, value: { offer: offer.id, bytes, url, timesFound: report?.people ?? null, covered } };
}
