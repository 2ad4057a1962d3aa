// Plays what is kept of a camera, from a moment on: fetched and opened here, handed to the video.

import { attempt, broken, type Failure, get, type Result, sealed } from "../../shared/api";
import { codecs, context, hasInit } from "../../shared/mp4";
import { plays, SealedPlayer, whyNot } from "../player";
import { hubNow, opened, ring } from "../state";
import { following, type Source } from "./following";
import { type Film, smaller } from "./smaller";

const NEWER_MS = 1500; // until the hub may have something newer
const TELL_MS = 250;
const USUAL_CODEC = "avc1.640028"; // where a segment does not say

export function sourceOf(camera: string, signal: AbortSignal): Source {
  return {
    list: (from, to) =>
      get(`/segments?camera=${camera}&from_ms=${Math.round(from)}&to_ms=${Math.round(to)}`, { signal }),
    open: async (segment) => {
      const found = await sealed(`/segments/${segment.id}`, { signal });
      if (!found.ok) return found;
      const bytes = found.value ? await opened(found.value.bytes) : broken("A segment is gone.");
      const says = bytes.ok ? context(bytes.value) : null;
      const isOurs = !says || (says.household === ring.value?.household && says.camera === camera);
      return isOurs ? bytes : broken("A segment says that it is from another camera. It is not shown.");
    },
    rest: () => new Promise((resolve) => setTimeout(resolve, NEWER_MS)),
    now: hubNow,
  };
}

interface Ends {
  tell: (at: number) => void; // the moment that is shown now
  isSmaller: () => void; // it is the second stream that is shown
  fail: (failure: Failure) => void;
}

// The main stream where the browser plays it, else the second one.
async function* films(source: Source, start: number, isSmaller: () => void): AsyncGenerator<Result<Film>> {
  let isFirst = true;
  for await (const piece of following(source, start)) {
    if (!piece.ok) return yield piece;
    const { segment, bytes } = piece.value;
    const isWhole = hasInit(bytes);
    const name = isWhole ? codecs(bytes) : null;
    if (isFirst && name && !plays(name)) {
      isSmaller();
      return yield* smaller(source, start, whyNot(name));
    }
    isFirst = false;
    yield { ok: true, value: { bytes, began: isWhole ? segment.began_ms : null, codecs: name } };
  }
}

// Plays into `video` from a moment on; what comes back ends it.
export function playInto(
  video: HTMLVideoElement,
  camera: string,
  start: number,
  { tell, isSmaller, fail }: Ends,
): () => void {
  const stop = new AbortController();
  let player: SealedPlayer | null = null;
  let base = start; // the moment that the video's time 0 stands for
  const telling = setInterval(() => {
    if (!video.paused && video.currentTime > 0) tell(base + video.currentTime * 1000);
  }, TELL_MS);
  const append = async (film: Film) => {
    if (!player) {
      base = film.began ?? start;
      player = new SealedPlayer(video);
      player.expect(film.codecs ?? USUAL_CODEC);
      video.currentTime = Math.max(0, (start - base) / 1000);
    }
    await player.append(film.bytes, film.began === null ? undefined : (film.began - base) / 1000, film.codecs);
    await player.room();
  };
  void (async () => {
    for await (const film of films(sourceOf(camera, stop.signal), start, isSmaller)) {
      if (stop.signal.aborted) return;
      const done = film.ok ? await attempt(() => append(film.value)) : film;
      if (stop.signal.aborted) return;
      if (!done.ok) return fail(done);
    }
  })();
  return () => {
    stop.abort();
    clearInterval(telling);
    player?.close();
  };
}
