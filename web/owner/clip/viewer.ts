// Opens one clip and plays it, part by part, even while it is still being recorded.

import { signal } from "@preact/signals";
import { broken, isGone, type Result } from "../../shared/api";
import type { Bytes } from "../../shared/bytes";
import { type Manifest, partsOf, type StreamName } from "../../shared/manifest";
import type { Clip } from "../../shared/wire";
import { beganOf, choose, type Happening, next, type Showing } from "./showing";

const AGAIN_MS = 1000;
const DONE: Result<void> = { ok: true, value: undefined };

// Where opened parts are played.
export interface Screen {
  append: (piece: Bytes) => Promise<Result<void>>;
  begin: (atS: number) => void; // show nothing before this
  shown: () => Promise<void>; // its first picture, or that takes long
  end: () => void;
  close: () => void;
}

export interface Doors {
  begin: (clip: string) => void; // what can be done before anything is known of it
  listed: (clip: string) => Clip | null; // what a list said of it before; null: nothing
  row: (clip: string) => Promise<Result<Clip>>;
  manifest: (clip: string) => Promise<Result<Manifest>>;
  still: (clip: string, of: Manifest) => Promise<Result<Bytes | null>>;
  parts: (clip: string, of: Manifest, from: number, stream: StreamName) => AsyncIterable<Result<Bytes>>;
  plays: (codecs: string) => boolean;
  screen: (codecs: string) => Promise<Result<Screen>>;
  pictureUrl: (jpeg: Bytes) => string;
  rest: (ms: number) => Promise<void>;
}

// Seconds before the event's own beginning: a camera whose key frames are rare has a clip begin long before.
function leadS(of: Manifest, stream: StreamName): number {
  const lead = (of.onset_ms - PRE_ROLL_MS - beganOf(of, stream)) / 1000;
  return lead > SLACK_S ? lead : 0;
}

const PRE_ROLL_MS = 5000;
const SLACK_S = 5; // as far apart as key frames usually are
const GONE = "This clip has been deleted or has expired.";

export class Viewer {
  readonly at = signal<Showing>({ is: "opening" });
  readonly stream = signal<StreamName>("main");
  // Kept when the first picture is shown, or none comes: what else the page asks for does not compete with it.
  readonly begun: Promise<void>;
  private begin = () => {};
  private hasLeft = false;
  private screen: Screen | null = null;
  private poster: string | null = null;

  constructor(
    private readonly id: string,
    private readonly doors: Doors,
  ) {
    this.begun = new Promise((resolve) => {
      this.begin = resolve;
    });
  }

  // Ends when the clip has been played in full, when it fails, or when the owner leaves.
  async watch() {
    const done = await this.play();
    this.begin();
    if (done.ok) return;
    this.comes({ is: "failed", failure: isGone(done) ? { ...done, text: GONE } : done });
  }

  leave() {
    this.hasLeft = true;
    this.screen?.close();
    if (this.poster) URL.revokeObjectURL(this.poster);
  }

  private comes(what: Happening) {
    if (!this.hasLeft) this.at.value = next(this.at.value, what);
  }

  private async play(): Promise<Result<void>> {
    this.doors.begin(this.id);
    const facts = await this.read();
    if (!facts.ok) return facts;
    if (this.hasLeft) return DONE;
    this.comes({ is: "read", facts: facts.value });
    const stream = choose(facts.value, this.doors.plays);
    this.stream.value = stream;
    const { codecs } = (stream === "sub" && facts.value.sub) || facts.value;
    const screen = await this.doors.screen(codecs);
    if (!screen.ok) return screen;
    this.screen = screen.value;
    if (this.hasLeft) screen.value.close();
    const played = await this.playParts(facts.value, screen.value);
    if (played.ok && !this.hasLeft) screen.value.end();
    return played;
  }

  // The manifest, if it is of the event that the hub lists under this name.
  private async read(): Promise<Result<Manifest>> {
    const known = this.doors.listed(this.id);
    const row = known ? { ok: true as const, value: known } : this.doors.row(this.id);
    const facts = await this.doors.manifest(this.id);
    if (!facts.ok) return facts;
    const listed = await row;
    const isOther = listed.ok && listed.value.event_id !== facts.value.event;
    return isOther ? broken("This clip is not the one its name says. It is not shown.") : facts;
  }

  // Part after part, and those that come later while a clip is still being recorded.
  private async playParts(facts: Manifest, screen: Screen): Promise<Result<void>> {
    for (let shown = 0; ; ) {
      const added = await this.append(facts, shown, screen);
      this.begin();
      if (!added.ok) return added;
      shown += added.value;
      if (this.hasLeft || facts.ended_ms !== null) return DONE;
      await this.doors.rest(AGAIN_MS);
      if (this.hasLeft) return DONE;
      const row = await this.doors.row(this.id);
      const grown = await this.doors.manifest(this.id);
      if (!grown.ok) return grown;
      facts = grown.value;
      this.comes({ is: "read", facts });
      const isOpen = row.ok && row.value.open;
      if (!isOpen && shown >= partsOf(facts, this.stream.value).length) return DONE;
    }
  }

  // How many parts came.
  private async append(facts: Manifest, from: number, screen: Screen): Promise<Result<number>> {
    let count = 0;
    for await (const piece of this.doors.parts(this.id, facts, from, this.stream.value)) {
      if (this.hasLeft) break;
      const added = piece.ok ? await screen.append(piece.value) : piece;
      if (!added.ok) return added;
      if (from + count === 0) {
        const lead = leadS(facts, this.stream.value);
        screen.begin(lead);
        if (lead === 0) await screen.shown();
        this.begin();
        void this.showStill(facts); // until the film plays; nothing waits for it
      }
      count++;
    }
    return { ok: true, value: count };
  }

  // A clip without a still is shown without one.
  private async showStill(facts: Manifest) {
    const jpeg = await this.doors.still(this.id, facts);
    if (!jpeg.ok || !jpeg.value || this.hasLeft) return;
    this.poster = this.doors.pictureUrl(jpeg.value);
    this.comes({ is: "still", url: this.poster });
  }
}
