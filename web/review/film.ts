// One view's pictures: from the keeper, over one WebSocket, into memory, onto a canvas. Nothing is kept when it closes.
// JPEGs stay as plain arrays: a browser may put large blobs on a disk, arrays it does not.

import type { PictureHead, TicketMessage, ViewMessage } from "./wire";

const AT_ONCE = 12;

export interface Picture {
  at: number;
  jpeg: Uint8Array<ArrayBuffer>;
}

// Pictures in memory, by their times, and a way onto a canvas.
export class Reel {
  protected isClosed = false;
  private drawing = 0;

  constructor(
    readonly count: number,
    protected pictures: Picture[] = [],
  ) {}

  get here(): number {
    return this.pictures.length;
  }

  // The picture that is shown at a moment: the last one that has begun.
  indexAt(ms: number): number {
    let low = 0;
    let high = this.pictures.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.pictures[middle]!.at <= ms) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  timeOf(index: number): number {
    return this.pictures[Math.max(0, Math.min(index, this.pictures.length - 1))]?.at ?? 0;
  }

  // Draws a picture unless a later wish overtakes it.
  async draw(index: number, canvas: HTMLCanvasElement): Promise<void> {
    const picture = this.pictures[index];
    if (!picture) return;
    const mine = ++this.drawing;
    const bitmap = await createImageBitmap(new Blob([picture.jpeg], { type: "image/jpeg" }));
    if (mine === this.drawing && !this.isClosed) {
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
      }
      canvas.getContext("2d", { alpha: false })?.drawImage(bitmap, 0, 0);
    }
    bitmap.close();
  }

  close() {
    this.isClosed = true;
    for (const picture of this.pictures) picture.jpeg.fill(0);
    this.pictures = [];
  }
}

// Whatever watches hears how many pictures are here, and that the view is over.
export interface Listener {
  come: (count: number) => void; // how many pictures are here, in order
  ended: (why: string, refusal?: string) => void; // the keeper closed the view
}

export class Film extends Reel {
  private readonly socket: WebSocket;
  private head: PictureHead | null = null;

  constructor(
    keeper: string,
    view: number,
    count: number,
    private readonly keys: TicketMessage,
    private readonly listener: Listener,
  ) {
    super(count);
    this.socket = new WebSocket(`${keeper}/v1/views/${view}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.socket.send(JSON.stringify(this.keys));
    this.socket.onmessage = (message) => this.heard(message.data);
    this.socket.onclose = () => this.end("The keeper ended this view. Go on to the next clip.");
  }

  // Tells the keeper that the reviewer is there.
  stay() {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ here: true }));
  }

  override close() {
    super.close();
    this.socket.close();
  }

  private heard(data: string | ArrayBuffer) {
    if (this.isClosed) return;
    if (data instanceof ArrayBuffer) {
      if (!this.head || this.head.n !== this.pictures.length) return;
      this.pictures.push({ at: this.head.at_ms, jpeg: new Uint8Array(data) });
      this.head = null;
      this.listener.come(this.pictures.length);
      if (this.pictures.length % AT_ONCE === 0) this.more();
      return;
    }
    const said: ViewMessage = JSON.parse(data);
    if ("refused" in said) this.end(said.error, said.refused);
    else if ("pictures" in said) this.more();
    else this.head = said;
  }

  private more() {
    const from = this.pictures.length;
    if (from < this.count) this.socket.send(JSON.stringify({ from, to: Math.min(from + AT_ONCE, this.count) - 1 }));
  }

  private end(why: string, refusal?: string) {
    if (this.isClosed) return;
    this.close();
    this.listener.ended(why, refusal);
  }
}
