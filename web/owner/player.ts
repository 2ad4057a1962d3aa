// Plays sealed MP4 in a <video>: each piece is opened here and handed to MediaSource. Plaintext never leaves the page.

import type { Bytes } from "../shared/bytes";

declare global {
  interface Window {
    ManagedMediaSource?: typeof MediaSource;
  }
}

const AHEAD_S = 24;
const BEHIND_S = 60;

export class SealedPlayer {
  private readonly source: MediaSource;
  private buffer: SourceBuffer | null = null;
  private readonly ready: Promise<void>;
  readonly url: string;

  constructor(
    private readonly video: HTMLVideoElement,
    codecs: string,
  ) {
    const Source = window.ManagedMediaSource ?? window.MediaSource;
    if (!Source) throw new Error("This browser cannot play sealed video. Use a current Chrome, Firefox, Edge or Safari.");
    const type = `video/mp4; codecs="${codecs}"`;
    if (!Source.isTypeSupported(type)) throw new Error(`This browser cannot play what the camera sends (${codecs}). Download the clip instead.`);
    this.source = new Source();
    this.url = URL.createObjectURL(this.source);
    video.disableRemotePlayback = true;
    video.src = this.url;
    this.ready = new Promise((resolve) => {
      this.source.addEventListener(
        "sourceopen",
        () => {
          this.buffer = this.source.addSourceBuffer(type);
          resolve();
        },
        { once: true },
      );
    });
  }

  // Append one opened piece; `atS` places a piece that starts a file of its own.
  async append(piece: Bytes, atS?: number): Promise<void> {
    await this.ready;
    const buffer = this.buffer;
    if (!buffer || this.source.readyState !== "open") return;
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

  end() {
    if (this.source.readyState === "open" && !this.buffer?.updating) this.source.endOfStream();
  }

  // Wait until there is room ahead of what is being watched.
  async room(): Promise<void> {
    while (this.source.readyState === "open" && this.bufferedTo() - this.video.currentTime > AHEAD_S) {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    if (this.video.currentTime > BEHIND_S * 2) await this.forget();
  }

  close() {
    URL.revokeObjectURL(this.url);
    this.video.removeAttribute("src");
    this.video.load();
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
      const good = () => (off(), resolve());
      const bad = () => (off(), reject(new Error("The browser could not decode this piece.")));
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
