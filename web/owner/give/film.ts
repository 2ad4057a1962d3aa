// The clip that is being chosen from, opened once: its film, the strip below it and the hub use the same pieces.

import { attempt, type Result } from "../../shared/api";
import type { Bytes } from "../../shared/bytes";
import type { Manifest, StreamName } from "../../shared/manifest";
import { parts } from "../clips";
import { SealedPlayer } from "../player";

// Pieces of a stream for several readers, each fetched and opened once.
export class Pieces {
  private readonly had: Result<Bytes>[] = [];
  private coming: Promise<boolean> | null = null;

  constructor(private readonly source: AsyncIterator<Result<Bytes>>) {}

  get isBroken(): boolean {
    return this.had.some((piece) => !piece.ok);
  }

  async *all(): AsyncGenerator<Result<Bytes>> {
    for (let n = 0; ; n++) {
      while (n >= this.had.length) if (!(await this.pull())) return;
      yield this.had[n]!;
    }
  }

  private pull(): Promise<boolean> {
    this.coming ??= this.source.next().then(({ done, value }) => {
      this.coming = null;
      if (!done) this.had.push(value);
      return !done;
    });
    return this.coming;
  }
}

let kept: { clip: string; streams: Map<StreamName, Pieces> } | null = null;

export function piecesOf(clip: string, of: Manifest, stream: StreamName = "main"): Pieces {
  if (kept?.clip !== clip) kept = { clip, streams: new Map() };
  const had = kept.streams.get(stream);
  if (had && !had.isBroken) return had; // one that broke is asked for again
  const fresh = new Pieces(parts(clip, of, 0, stream));
  kept.streams.set(stream, fresh);
  return fresh;
}

export function letGo() {
  kept = null;
}

// All of it as one film; `heard` is told the share that is open, 0 to 1.
export async function wholeFilm(clip: string, of: Manifest, heard: (share: number) => void): Promise<Result<Blob>> {
  const all: Bytes[] = [];
  for await (const piece of piecesOf(clip, of).all()) {
    if (!piece.ok) return piece;
    all.push(piece.value);
    heard(all.length / Math.max(1, of.parts.length));
  }
  return { ok: true, value: new Blob(all, { type: "video/mp4" }) };
}

const SMALL_PX = 240; // wide: a picture of the strip
const LONGEST_SEEK_MS = 4000; // what was not there by then stays empty

interface Wish {
  atS: number;
  canvas: HTMLCanvasElement;
}

// Pictures of a film at moments, one after another, from a player that nobody sees. A newer wish for the same canvas
// replaces one that is still waiting; urgent ones go first.
export class Stills {
  private readonly video = document.createElement("video");
  private readonly waiting: Wish[] = [];
  private player: SealedPlayer | null = null;
  private isDrawing = false;
  private isWhole = false;
  private isClosed = false;

  constructor(pieces: AsyncIterable<Result<Bytes>>, codecs: string) {
    this.video.muted = true;
    void attempt(async () => {
      this.player = new SealedPlayer(this.video);
      this.player.expect(codecs);
      for await (const piece of pieces) {
        if (!piece.ok || this.isClosed) return;
        await this.player.append(piece.value);
        void this.draw();
      }
      this.player.end();
      this.isWhole = true;
      void this.draw();
    });
  }

  want(atS: number, canvas: HTMLCanvasElement, isUrgent: boolean) {
    const before = this.waiting.findIndex((wish) => wish.canvas === canvas);
    if (before >= 0) this.waiting.splice(before, 1);
    this.waiting[isUrgent ? "unshift" : "push"]({ atS, canvas });
    void this.draw();
  }

  close() {
    this.isClosed = true;
    this.waiting.length = 0;
    this.player?.close();
  }

  private async draw() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    for (let wish = this.next(); wish && !this.isClosed; wish = this.next()) {
      if (await seeked(this.video, wish.atS)) paint(this.video, wish.canvas, SMALL_PX);
    }
    this.isDrawing = false;
  }

  // The first wish whose moment has come: a player that is sent further stops at what it has.
  private next(): Wish | undefined {
    const { buffered } = this.video;
    const reachS = this.isWhole ? Infinity : buffered.length ? buffered.end(buffered.length - 1) - 0.1 : 0;
    const found = this.waiting.findIndex(({ atS }) => atS < reachS);
    return found < 0 ? undefined : this.waiting.splice(found, 1)[0];
  }
}

// Whether the video stands at a moment and has its picture. One that has loaded nothing yet cannot be sent anywhere.
export async function seeked(video: HTMLVideoElement, atS: number): Promise<boolean> {
  if (video.readyState < HTMLMediaElement.HAVE_METADATA) await loaded(video);
  return new Promise((resolve) => {
    const late = setTimeout(() => end(false), LONGEST_SEEK_MS);
    const good = () => end(video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA);
    const end = (isThere: boolean) => {
      clearTimeout(late);
      video.removeEventListener("seeked", good);
      resolve(isThere);
    };
    video.addEventListener("seeked", good);
    video.currentTime = atS;
  });
}

function loaded(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, LONGEST_SEEK_MS);
    const there = () => {
      clearTimeout(late);
      resolve();
    };
    video.addEventListener("loadeddata", there, { once: true });
  });
}

export function paint(video: HTMLVideoElement, canvas: HTMLCanvasElement, mostPx: number) {
  const scale = Math.min(1, mostPx / Math.max(1, video.videoWidth));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  canvas.dataset.drawn = "";
}
