// Walks the steps of giving one clip: asks the hub, the clip and the owner's key what each step needs. Leaving the page
// stops nothing: what the hub has begun it finishes, and whoever comes back finds it.

import { signal } from "@preact/signals";
import type { Failure, Result } from "../../shared/api";
import type { Donations, Offer } from "../../shared/wire";
import type { Manifest } from "../clips";
import type { Covers } from "./covers";
import type { Cut } from "./cut";
import { followed, type HidingDoors, handed } from "./hiding";
import type { Sample } from "./seen";
import { give, type SigningKeys } from "./signing";
import { type Answer, type Happening, type Hiding, next, type Preview, type Step } from "./steps";
import { leftMs } from "./words";

export interface Doors extends HidingDoors {
  manifest: (clip: string) => Promise<Result<Manifest>>;
  keys: () => SigningKeys | null;
  given: () => void; // go and see who looks
  dropped: (clip: string) => void; // back to the clip
  failedAway: (failure: Failure) => void; // while another page was open
  looked: (offer: string) => void; // nobody needs to be called to it
  remember: (clip: string, isPrepared: boolean) => void; // across a reload of the page
  remembered: (clip: string) => boolean;
}

// Those whose clip is still being opened here: the hub knows nothing of it yet, and the page may come back to it.
const opening = new Map<string, Giver>();

export const giverOf = (id: string, doors: Doors): Giver => opening.get(id) ?? new Giver(id, doors);

export class Giver {
  readonly at = signal<Step>({ step: "opening" });
  private left = new AbortController();
  private shown: Preview | null = null;
  private prepared: string | null = null; // the offer
  private tries = 0; // a try that was stopped does not come back

  constructor(
    private readonly id: string,
    private readonly doors: Doors,
  ) {}

  async open() {
    this.left = new AbortController();
    if (this.at.value.step === "hiding") return; // it is still being opened
    const { hub, manifest } = this.doors;
    const [donations, clip, offers] = await Promise.all([
      hub.get<Donations>("/giving"),
      manifest(this.id),
      hub.get<Offer[]>("/giving/offers"),
    ]);
    if (!donations.ok) return this.fails(donations);
    if (!clip.ok) return this.fails(clip);
    const { programme, witness } = donations.value;
    const offer = this.foundIn(offers);
    const wasLost = offers.ok && !offer && this.doors.remembered(this.id);
    if (offers.ok) this.doors.remember(this.id, false); // it is said now, or found again
    this.comes({ is: "opened", clip: clip.value, programme, witness: witness.key, offer, wasLost });
    if (offer) await this.takeUp(offer);
  }

  async hide() {
    const from = this.at.value;
    if (from.step !== "choosing") return;
    const mine = ++this.tries;
    this.comes({ is: "hide" });
    opening.set(this.id, this);
    const first = { share: 0, atMs: this.doors.nowMs() };
    const offer = await handed(this.id, from, this.doors, (share) => {
      const left = leftMs(first, { share, atMs: this.doors.nowMs() });
      if (mine === this.tries) this.comes({ is: "progress", doing: "opening", share, leftMs: left });
    });
    opening.delete(this.id);
    if (mine !== this.tries) return offer.ok ? this.forgetAt(offer.value.id) : undefined;
    if (!offer.ok) return this.hasLeft ? this.doors.failedAway(offer) : this.fails(offer);
    await this.follow(offer.value, mine);
  }

  // The child at the hub ends; what was being opened here comes to nothing.
  readonly stop = () => {
    this.tries++;
    opening.delete(this.id);
    this.comes({ is: "stopped" });
    this.drop();
  };

  async cover() {
    const from = this.at.value;
    if (from.step !== "previewing") return;
    this.comes({ is: "cover" });
    if (!this.isHiding()) return;
    const asked = `/giving/offers/${from.preview.offer}/covers`;
    const offer = await this.doors.hub.send<Offer>("POST", asked, { boxes: from.covers.boxes });
    if (offer.ok) await this.follow(offer.value, ++this.tries, "covering");
    else this.fails(offer);
  }

  // From here on leaving the page stops nothing: what the owner signed is given.
  async sign() {
    const keys = this.doors.keys();
    if (!keys || this.at.value.step !== "previewing") return;
    this.comes({ is: "sign" });
    const signing: Step = this.at.value as Step;
    if (signing.step !== "signing") return; // not all of the film was seen, or the question is open
    const done = await give(signing, keys, this.doors.hub, this.doors.nowMs());
    this.comes(done.ok ? { is: "given" } : { is: "failed", failure: done });
    if (!done.ok) return;
    this.doors.remember(this.id, false);
    this.doors.given();
  }

  readonly cut = (cut: Cut) => this.comes({ is: "cut", cut });
  readonly watched = (sample: Sample) => this.comes({ is: "watched", sample });
  readonly answer = (answer: Answer) => this.comes({ is: "answer", answer });
  readonly drawn = (covers: Covers) => this.comes({ is: "drawn", covers });
  readonly mean = () => this.comes({ is: "meant" });

  // Choose once more, from the same clip.
  readonly again = () => {
    this.comes({ is: "again" });
    this.drop();
  };

  // Do not give it.
  readonly keep = () => {
    this.drop();
    this.doors.dropped(this.id);
  };

  readonly leave = () => {
    this.left.abort();
    this.letGo();
  };

  private get hasLeft(): boolean {
    return this.left.signal.aborted;
  }

  private isHiding(): boolean {
    return this.at.value.step === "hiding";
  }

  private comes(what: Happening) {
    if (!this.hasLeft) this.at.value = next(this.at.value, what);
  }

  private fails(failure: Failure) {
    this.comes({ is: "failed", failure });
  }

  private foundIn(offers: Result<Offer[]>): Offer | undefined {
    return offers.ok ? offers.value.find((each) => each.clip === this.id) : undefined;
  }

  // What the hub has of this clip: why it failed is on the page now, everything else is followed.
  private async takeUp(offer: Offer) {
    this.doors.looked(offer.id);
    if (this.isHiding()) await this.follow(offer, this.tries);
    else if (offer.problem && !offer.ready) this.forgetAt(offer.id);
  }

  // Until it is ready, or cannot be made.
  private async follow(offer: Offer, mine: number, doing: Hiding["doing"] = "hiding") {
    this.prepared = offer.id;
    this.doors.remember(this.id, true);
    const done = await followed(offer, this.doors, this.left.signal, (share, left) => {
      if (mine === this.tries) this.comes({ is: "progress", doing, share, leftMs: left });
    });
    const isOver = this.hasLeft || mine !== this.tries;
    if (isOver) return done.ok ? URL.revokeObjectURL(done.value.preview.url) : undefined;
    this.doors.looked(offer.id);
    if (!done.ok) {
      this.doors.remember(this.id, false);
      return this.fails(done);
    }
    this.letGo();
    this.shown = done.value.preview;
    this.comes({ is: "hidden", ...done.value });
  }

  private drop() {
    this.doors.remember(this.id, false);
    this.letGo();
    if (this.prepared) this.forgetAt(this.prepared);
    this.prepared = null;
  }

  private forgetAt(offer: string) {
    void this.doors.hub.send("DELETE", `/giving/offers/${offer}`);
  }

  private letGo() {
    if (this.shown) URL.revokeObjectURL(this.shown.url);
    this.shown = null;
  }
}
