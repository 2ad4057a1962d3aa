// Plays sealed MP4 in a <video>: each piece is opened here and handed to MediaSource. Plaintext never leaves the page.

import type { Bytes } from "../shared/bytes";

declare global {
  interface Window {
    ManagedMediaSource?: typeof MediaSource;
  }
}

const AHEAD_S = 24;
const BEHIND_S = 60;
const WATCH_MS = 250;
const LONGEST_MS = 300; // a first part lasts twice as long

export class SealedPlayer {
  private readonly source: MediaSource;
  private buffer: SourceBuffer | null = null;
  private type = "";
  private readonly ready: Promise<void>;
  private readonly url: string;
  private readonly watch: ReturnType<typeof setInterval>;

  // Made before it is known what comes: the browser needs a moment to open it.
  constructor(private readonly video: HTMLVideoElement) {
    const Source = window.ManagedMediaSource ?? window.MediaSource;
    if (!Source)
      throw new Error("This browser cannot play sealed video. Use a current Chrome, Firefox, Edge or Safari.");
    this.source = new Source();
    this.url = URL.createObjectURL(this.source);
    video.disableRemotePlayback = true;
    video.src = this.url;
    this.ready = new Promise((resolve) => {
      this.source.addEventListener("sourceopen", () => resolve(), { once: true });
    });
    this.watch = setInterval(() => this.skipGap(), WATCH_MS);
  }

  // What comes first; throws when this browser does not play it.
  expect(codecs: string) {
    this.type = playable(this.source.constructor as typeof MediaSource, codecs);
  }

  // Play from here, as soon as it has come.
  begin(atS: number) {
    if (atS > 0) this.video.currentTime = atS;
  }

  // Append one opened piece. `atS` places a piece that starts a file of its own, `codecs` says what is in it.
  async append(piece: Bytes, atS?: number, codecs?: string | null): Promise<void> {
    await this.ready;
    if (this.source.readyState !== "open") return;
    this.buffer ??= this.source.addSourceBuffer(this.type);
    const buffer = this.buffer;
    if (codecs && !this.type.includes(`"${codecs}"`)) {
      this.type = playable(this.source.constructor as typeof MediaSource, codecs);
      buffer.changeType(this.type);
    }
    if (atS !== undefined) buffer.timestampOffset = atS;
    for (let attempt = 0; ; attempt++) {
      try {
        await this.done(() => buffer.appendBuffer(piece));
        return;
      } catch (error) {
        if ((error as DOMException).name !== "QuotaExceededError" || attempt > 3) throw error;
        await this.forget();
      }
    }
  }

  // The first picture is shown, or the browser takes its time over it (as in a tab that nobody sees).
  shown(): Promise<void> {
    if (this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) return Promise.resolve();
    return new Promise((resolve) => {
      const late = setTimeout(resolve, LONGEST_MS);
      const seen = () => {
        clearTimeout(late);
        resolve();
      };
      this.video.addEventListener("loadeddata", seen, { once: true });
    });
  }

  end() {
    if (this.source.readyState === "open" && !this.buffer?.updating) this.source.endOfStream();
  }

  // Wait until there is room ahead of what is being watched.
  async room(): Promise<void> {
    while (this.source.readyState === "open" && this.bufferedTo() - this.video.currentTime > AHEAD_S) {
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    }
    if (this.video.currentTime > BEHIND_S * 2) await this.forget();
  }

  close() {
    clearInterval(this.watch);
    URL.revokeObjectURL(this.url);
    this.video.removeAttribute("src");
    this.video.load();
  }

  // Where nothing was recorded there is nothing to wait for: go on with what comes next.
  private skipGap() {
    const { video } = this;
    if (video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return;
    const ranges = video.buffered;
    for (let i = 0; i < ranges.length; i++) {
      if (ranges.start(i) <= video.currentTime && video.currentTime < ranges.end(i) - 0.1) return;
      if (ranges.start(i) > video.currentTime) {
        video.currentTime = ranges.start(i) + 0.01;
        return;
      }
    }
  }

  private bufferedTo(): number {
    const ranges = this.video.buffered;
    return ranges.length ? ranges.end(ranges.length - 1) : 0;
  }

  private async forget() {
    const buffer = this.buffer;
    const until = this.video.currentTime - BEHIND_S;
    if (buffer && until > 0 && this.source.readyState === "open") await this.done(() => buffer.remove(0, until));
    else await new Promise((resolve) => setTimeout(resolve, 500));
  }

  private done(act: () => void): Promise<void> {
    const buffer = this.buffer!;
    return new Promise((resolve, reject) => {
      const good = () => {
        off();
        resolve();
      };
      const bad = () => {
        off();
        reject(new Error("The browser could not decode this piece."));
      };
      const off = () => {
        buffer.removeEventListener("updateend", good);
        buffer.removeEventListener("error", bad);
      };
      buffer.addEventListener("updateend", good);
      buffer.addEventListener("error", bad);
      try {
        act();
      } catch (error) {
        off();
        reject(error);
      }
    });
  }
}

const typeOf = (codecs: string) => `video/mp4; codecs="${codecs}"`;

// Whether this browser says that it plays the codecs; true where it plays no sealed video at all, which is said later.
export function plays(codecs: string): boolean {
  return (window.ManagedMediaSource ?? window.MediaSource)?.isTypeSupported(typeOf(codecs)) ?? true;
}

function playable(Source: typeof MediaSource, codecs: string): string {
  const type = typeOf(codecs);
  if (!Source.isTypeSupported(type)) throw new Error(whyNot(codecs));
  return type;
}

export function whyNot(codecs: string): string {
  if (!/^(hvc1|hev1)/.test(codecs))
    return `This browser cannot play what the camera sends (${codecs}). Download the clip instead.`;
  return H265;
}

// Safari decodes it itself; the others ask the computer (Chrome and Edge from 107 on, Firefox from 134 on).
const H265 =
  "The camera sends H.265, which this browser does not play here. Safari does; Chrome, Edge and Firefox do on a " +
  "computer that can decode it. Open it there. For what is recorded from now on, add the camera's second stream in " +
  "H.264, which is kept beside, or set the camera to H.264.";
