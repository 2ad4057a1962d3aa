// A reviewer at work: enters, draws clips, labels and hands in, rests. Asks the review room, one thing at a time, and
// the keeper for pictures. A minute of nothing locks the room; a session that is over anywhere is over here.

import { signal } from "@preact/signals";
import { broken, type Failure, type Result } from "../shared/ask";
import type * as api from "./api";
import type { Film, Listener } from "./film";
import { isComplete, type Label } from "./label";
import { asideOf, type Handed, type Happening, isIn, next, type Room, start, type Warning, type Work } from "./room";
import type { NextLook, RoomWords } from "./wire";

export const IDLE_MS = 60_000;
export const IDLE_WARNING_MS = 15_000; // before it
export const UNDO_MS = 10_000;
const HERE_EVERY_MS = 15_000;
const SAVE_AFTER_MS = 400;

// The keeper wants the passkey again an hour after its last touch, and after ten minutes on one clip. Between two clips
// nothing is lost by it, so the page asks there first.
export const HOUR_MS = 60 * 60_000;
export const LONG_LOOK_MS = 10 * 60_000;
const BETWEEN_CLIPS_MS = HOUR_MS - LONG_LOOK_MS;
const SOON_MS = 90_000;
const BREAK_AFTER_MS = 20 * 60_000;

export interface Doors {
  room: Pick<typeof api, "words" | "enter" | "next" | "save" | "submit" | "undo" | "skip" | "flag" | "lock" | "here">;
  film: (keeper: string, look: NextLook, session: string, listener: Listener) => Film;
  nowMs: () => number;
  later: (act: () => void, ms: number) => () => void; // gives what calls it off
}

export class Session {
  readonly now;
  readonly film = signal<Film | null>(null);
  private words: RoomWords | null = null;
  private token = "";
  private locking: Promise<void> | null = null;
  private callOff: (() => void) | null = null; // of the saving that is due
  private sayNoMore: (() => void) | null = null; // of the sign of life that is due
  private lastActMs: number;
  private lastHereMs = 0;
  private touchedMs = 0;
  private drawnMs = 0;
  private filmedView = 0; // whose film that is
  private isDrawDue = false; // once the reviewer's own figures are closed
  private isUndoDue = false; // once the next clip is drawn: it was asked for meanwhile

  constructor(private readonly doors: Doors) {
    this.now = signal<Room>(start(doors.nowMs()));
    this.lastActMs = doors.nowMs();
  }

  // ---- at work -----------------------------------------------------------------------------------------------------

  readonly signIn = () =>
    this.doing(async () => {
      const words = this.words ? { ok: true as const, value: this.words } : await this.doors.room.words();
      if (!words.ok) return words;
      this.words = words.value;
      const found = await this.doors.room.enter(words.value.rp_id);
      if (!found.ok) return found;
      this.token = found.value.session;
      this.lastActMs = this.touchedMs = this.doors.nowMs();
      this.comes({ is: "entered", reviewer: found.value.reviewer, nowMs: this.lastActMs });
      return this.work ? null : this.goOn();
    });

  readonly nextClip = () => this.doing(() => this.goOn());

  readonly change = (label: Label) => {
    if (!this.work || label === this.work.label) return;
    this.comes({ is: "changed", label });
    this.callOff?.();
    this.callOff = this.doors.later(() => void this.save(), SAVE_AFTER_MS);
  };

  readonly handIn = () =>
    this.doing(async () => {
      const { work } = this;
      if (!work || !isComplete(work.label)) return null;
      this.saveNoMore();
      const no = await failureOf(this.doors.room.submit(work.look.view, work.label));
      if (no) return no;
      const untilMs = this.doors.nowMs() + UNDO_MS;
      this.comes({ is: "handed", handed: work.isAgain ? null : { work, untilMs } });
      return this.goOn();
    });

  // What was handed in is a draft again, without its pictures. The look that was begun since waits with its own. It can
  // be asked for as soon as the label is in, while the next clip is being drawn.
  readonly undo = (): Promise<void> => {
    if (this.now.value.isBusy) {
      this.isUndoDue = this.now.value.handed !== null;
      return Promise.resolve();
    }
    return this.doing(async () => {
      const { handed } = this.now.value;
      if (!handed) return null;
      if (this.callOff) await this.save();
      const no = await failureOf(this.doors.room.undo(handed.work.look.view));
      if (!no) this.comes({ is: "undone", work: handed.work });
      else if (no.kind === "refused") this.comes({ is: "handed", handed: null });
      return no;
    });
  };

  readonly skipClip = () =>
    this.doing(async () => {
      const { work } = this;
      if (!work) return null;
      this.saveNoMore();
      const no = await failureOf(this.doors.room.skip(work.look.view));
      return no && no.kind !== "refused" ? no : this.goOn(); // what is refused is over already
    });

  readonly finishLater = () =>
    this.doing(async () => {
      if (this.callOff) await this.save();
      return this.goOn();
    });

  // The keeper is told while the view is open; then nobody sees the clip again.
  readonly flagClip = () =>
    this.doing(async () => {
      const { work } = this;
      if (!work) return null;
      this.saveNoMore();
      const no = await failureOf(this.doors.room.flag(work.look.view));
      if (no && (!no.reason || no.kind === "signed-out")) return no;
      if (this.filmedView === work.look.view) this.closeFilm();
      const heard = "You flagged this clip. ";
      const stopped = "It is stopped for everybody; its owner and the programme are told.";
      const unheard = `The programme knows, but the keeper did not accept your flag: ${no?.text}`;
      this.comes({ is: "closed", why: heard + (no ? unheard : stopped) });
      return null;
    });

  // The reviewer's own figures. Nothing is drawn meanwhile: a look is on record, and somebody should be looking.
  openMine() {
    if (!this.now.value.isBusy) this.comes({ is: "mine", isOpen: true });
  }

  closeMine() {
    this.comes({ is: "mine", isOpen: false });
    if (this.isDrawDue) void this.nextClip();
  }

  // ---- breaks and locks ------------------------------------------------------------------------------------------

  readonly rest = () =>
    this.doing(async () => {
      await this.lockUp();
      this.comes({ is: "resting" });
      return null;
    });

  lockUp(): Promise<void> {
    if (!isIn(this.now.value)) return Promise.resolve();
    this.locking ??= this.lock().finally(() => {
      this.locking = null;
    });
    return this.locking;
  }

  // Tells both programs, now and then, that somebody is there.
  async act() {
    if (!this.token) return;
    this.lastActMs = this.doors.nowMs();
    this.warn();
    const early = this.lastHereMs + HERE_EVERY_MS - this.lastActMs;
    if (early <= 0) return this.sayHere();
    // What is not said now is said soon: the keeper counts from the last word, and would lock before the page does.
    this.sayNoMore ??= this.doors.later(() => void this.sayHere(), early);
  }

  private async sayHere() {
    this.sayNoMore?.();
    this.sayNoMore = null;
    if (!this.token) return;
    this.lastHereMs = this.doors.nowMs();
    this.film.value?.stay();
    const answer = await this.doors.room.here();
    if (!answer.ok && answer.kind === "signed-out") await this.lockUp();
  }

  tick() {
    const { handed } = this.now.value;
    if (handed && !this.isUndoDue && this.doors.nowMs() > handed.untilMs) this.comes({ is: "handed", handed: null });
    this.warn();
    if (this.token && this.doors.nowMs() - this.lastActMs > IDLE_MS) void this.lockUp();
  }

  // How long the room stays open if nobody moves.
  idleLeftMs(): number {
    return Math.max(0, this.lastActMs + IDLE_MS - this.doors.nowMs());
  }

  undoLeftMs({ untilMs }: Handed): number {
    return Math.max(0, untilMs - this.doors.nowMs());
  }

  isTired(): boolean {
    return this.doors.nowMs() - this.now.value.sinceBreakMs > BREAK_AFTER_MS;
  }

  // The pictures are about to close, and the room to lock.
  isLockingSoon(): boolean {
    if (!this.token || !this.film.value) return false;
    const ends = Math.min(this.touchedMs + HOUR_MS, this.drawnMs + LONG_LOOK_MS);
    return this.doors.nowMs() > ends - SOON_MS;
  }

  closeFilm() {
    this.film.value?.close();
    this.film.value = null;
  }

  // The pictures of this look, if they are here: never those of another.
  filmOf({ look }: Work): Film | null {
    return this.film.value && this.filmedView === look.view ? this.film.value : null;
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  // The pictures go first. Then the label is kept: without the session it could not be.
  private async lock() {
    const isUnsaved = this.callOff !== null;
    this.saveNoMore();
    this.closeFilm();
    const { work } = this;
    if (work && isUnsaved) await this.keep(work);
    this.token = "";
    this.sayNoMore?.();
    this.sayNoMore = null;
    this.comes({ is: "locked" });
    await this.doors.room.lock();
  }

  private get work(): Work | null {
    const { place } = this.now.value;
    return place.is === "desk" ? place.work : null;
  }

  private comes(what: Happening) {
    this.now.value = next(this.now.value, what);
  }

  private warn() {
    const of: Warning | null = !isIn(this.now.value)
      ? null
      : this.token && this.idleLeftMs() <= IDLE_WARNING_MS
        ? "idle"
        : this.isLockingSoon()
          ? "touch"
          : null;
    if (of !== this.now.value.warning) this.comes({ is: "warned", of });
  }

  // Everything that the reviewer asks for goes through here.
  private async doing(act: () => Promise<Failure | null>): Promise<void> {
    if (this.now.value.isBusy) return;
    this.comes({ is: "began" });
    const failure = await act();
    const isOver = failure?.kind === "signed-out" && isIn(this.now.value);
    if (isOver) await this.lockUp();
    this.comes({ is: "done", failure: isOver ? null : failure });
    if (this.isUndoDue) {
      this.isUndoDue = false;
      await this.undo();
    }
  }

  // To the look that waits, or to a new one.
  private async goOn(): Promise<Failure | null> {
    const waits = asideOf(this.now.value.place);
    if (!waits) return this.draw();
    this.comes({ is: "resumed", work: waits });
    return null;
  }

  // The look before is over, whatever comes of this: what was handed in cannot be handed in again.
  private async draw(): Promise<Failure | null> {
    this.closeFilm();
    this.saveNoMore();
    if (!this.words) return broken("Sign in first.");
    this.isDrawDue = this.now.value.isMine;
    if (this.isDrawDue) {
      this.comes({ is: "nothing", why: "" });
      return null;
    }
    if (this.doors.nowMs() - this.touchedMs > BETWEEN_CLIPS_MS) {
      this.comes({ is: "nothing", why: "" });
      await this.lockUp();
      return null;
    }
    const { keeper } = this.words;
    const drawn = await this.doors.room.next();
    if (!drawn.ok) {
      this.comes({ is: "nothing", why: drawn.reason === "nothing_waiting" ? "" : drawn.text });
      return drawn.kind === "signed-out" ? drawn : null;
    }
    this.drawnMs = this.doors.nowMs();
    this.comes({ is: "drawn", look: drawn.value });
    const { view } = drawn.value;
    this.filmedView = view;
    this.film.value = this.doors.film(keeper, drawn.value, this.token, {
      come: (pictures) => this.comes({ is: "came", view, pictures }),
      ended: (why, refusal) => this.ended(view, why, refusal),
    });
    return null;
  }

  private ended(view: number, why: string, refusal?: string) {
    this.film.value = null;
    if (refusal === "idle" || refusal === "session") return void this.lockUp();
    const isRevoked = refusal === "revoked";
    if (isRevoked && this.work?.look.view === view) this.saveNoMore();
    this.comes({ is: "ended", view, why, isRevoked });
  }

  private async save() {
    this.callOff = null;
    const { work } = this;
    if (!work) return;
    const answer = await this.keep(work);
    if (!answer.ok && answer.kind === "signed-out") await this.lockUp();
  }

  private async keep(work: Work): Promise<Result<unknown>> {
    const answer = await this.doors.room.save(work.look.view, work.label);
    this.comes({ is: "kept", label: work.label, isSaved: answer.ok });
    return answer;
  }

  private saveNoMore() {
    this.callOff?.();
    this.callOff = null;
  }
}

async function failureOf(answer: Promise<Result<unknown>>): Promise<Failure | null> {
  const result = await answer;
  return result.ok ? null : result;
}
