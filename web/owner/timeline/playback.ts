// Plays what is kept of a camera, from a moment on: fetched and opened here, handed to the video.

import { attempt, broken, type Failure, get, sealed } from "../../shared/api";
import { codecs, context, hasInit } from "../../shared/mp4";
import { SealedPlayer } from "../player";
import { hubNow, opened, ring } from "../state";
import { following, type Piece, type Source } from "./following";

const NEWER_MS = 1500; // until the hub may have something newer
const TELL_MS = 250;
const USUAL_CODEC = "avc1.640028"; // where a segment does not say

function sourceOf(camera: string, signal: AbortSignal): Source {
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
  fail: (failure: Failure) => void;
}

// Plays into `video` from a moment on; what comes back ends it.
export function playInto(video: HTMLVideoElement, camera: string, start: number, { tell, fail }: Ends): () => void {
  const stop = new AbortController();
  let player: SealedPlayer | null = null;
  let base = start; // the moment that the video's time 0 stands for
  const telling = setInterval(() => {
    if (!video.paused && video.currentTime > 0) tell(base + video.currentTime * 1000);
  }, TELL_MS);
  const append = async ({ segment, bytes }: Piece) => {
    const isWhole = hasInit(bytes);
    if (!player) {
      base = segment.began_ms;
      player = new SealedPlayer(video);
      player.expect(codecs(bytes) ?? USUAL_CODEC);
      video.currentTime = Math.max(0, (start - base) / 1000);
    }
    await player.append(bytes, isWhole ? (segment.began_ms - base) / 1000 : undefined, isWhole ? codecs(bytes) : null);
    await player.room();
  };
  void (async () => {
    for await (const piece of following(sourceOf(camera, stop.signal), start)) {
      if (stop.signal.aborted) return;
      const done = piece.ok ? await attempt(() => append(piece.value)) : piece;
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
