// What the page knows. Nothing of it is stored: a reload is a locked room.

import { signal } from "@preact/signals";
import * as api from "./api";
import { Film } from "./film";
import { EMPTY, isComplete, type Label } from "./label";

export const IDLE_MS = 60_000;
const HERE_EVERY_MS = 15_000;
export const BREAK_AFTER_MS = 20 * 60_000;

export type Where = "out" | "desk" | "empty" | "resting" | "over";
export type Saved = "nothing" | "waiting" | "saved" | "failed";

export const where = signal<Where>("out");
export const why = signal(""); // the sentence of an empty room or an ended view
export const reviewer = signal("");
export const problem = signal("");
export const busy = signal(false);
export const look = signal<api.Next | null>(null); // stays after a lock, so that the label can be finished
export const film = signal<Film | null>(null);
export const pictures = signal(0);
export const label = signal<Label>(EMPTY);
export const saved = signal<Saved>("nothing");
export const isLocked = signal(false);
export const sinceBreak = signal(Date.now());

let settings: api.Words | null = null;
let session = "";
let saving: ReturnType<typeof setTimeout> | null = null;
let lastAct = Date.now();
let lastHere = 0;

// Every call goes through here: one at a time, refusals as sentences, an ended session as a locked room.
async function doing(act: () => Promise<void>) {
  if (busy.value) return;
  busy.value = true;
  problem.value = "";
  try {
    await act();
  } catch (error) {
    if (error instanceof api.Refused && error.status === 401) await lockUp();
    else if (error instanceof DOMException) problem.value = "The passkey did not answer. Try again.";
    else problem.value = (error as Error).message;
  } finally {
    busy.value = false;
  }
}

export const signIn = () =>
  doing(async () => {
    settings ??= await api.words();
    const found = await api.enter(settings.rp_id);
    ({ session } = found);
    reviewer.value = found.reviewer;
    isLocked.value = false;
    lastAct = Date.now();
    sinceBreak.value = Date.now();
    if (look.value)
      where.value = "desk"; // an unfinished label, without its pictures
    else await draw();
  });

export const nextClip = () => doing(draw);

async function draw() {
  closeFilm();
  forgetLook();
  try {
    const drawn = await api.next();
    look.value = drawn;
    where.value = "desk";
    why.value = "";
    const { ticket } = drawn;
    film.value = new Film(
      settings!.keeper,
      drawn.view,
      drawn.pictures,
      { ticket, session },
      { come: (count) => (pictures.value = count), ended },
    );
  } catch (error) {
    if (!(error instanceof api.Refused) || !error.refusal || error.status === 401) throw error;
    where.value = "empty";
    why.value = error.refusal === "nothing_waiting" ? "" : error.message;
  }
}

function ended(text: string, refusal?: string) {
  film.value = null;
  if (refusal === "idle" || refusal === "session") return void lockUp();
  if (refusal === "revoked") {
    forgetLook();
    where.value = "over";
  }
  why.value = text;
}

// ---- the label ------------------------------------------------------------------------------------------------------

export function change(to: Label) {
  if (to === label.value || !look.value) return;
  label.value = to;
  saved.value = "waiting";
  if (saving) clearTimeout(saving);
  saving = setTimeout(autosave, 400);
}

async function autosave() {
  saving = null;
  const mine = look.value;
  if (!mine) return;
  const said = label.value;
  try {
    await api.save(mine.view, said);
    if (said === label.value) saved.value = "saved";
  } catch (error) {
    if (error instanceof api.Refused && error.status === 401) await lockUp();
    if (said === label.value) saved.value = "failed";
  }
}

export const handIn = () =>
  doing(async () => {
    if (!look.value || !isComplete(label.value)) return;
    noSaving();
    await api.submit(look.value.view, label.value);
    await draw();
  });

export const skipClip = () =>
  doing(async () => {
    if (!look.value) return;
    noSaving();
    await api.skip(look.value.view);
    await draw();
  });

// The keeper is told while the view is open; then nobody sees the clip again.
export const flagClip = () =>
  doing(async () => {
    if (!look.value) return;
    noSaving();
    const { view } = look.value;
    try {
      await api.flag(view);
      why.value = "You flagged this clip. It is stopped for everybody; its owner and the programme are told.";
    } catch (error) {
      if (!(error instanceof api.Refused) || !error.refusal) throw error;
      why.value = "You flagged this clip. The programme knows; the keeper did not take it from you: " + error.message;
    }
    closeFilm();
    forgetLook();
    where.value = "over";
  });

export const finishLater = () =>
  doing(async () => {
    if (saving) await autosave();
    await draw();
  });

// ---- breaks and locks -----------------------------------------------------------------------------------------------

export const rest = () =>
  doing(async () => {
    await lockUp();
    where.value = "resting";
  });

export async function lockUp() {
  if (isLocked.value) return;
  if (saving) {
    noSaving();
    if (look.value)
      await api.save(look.value.view, label.value).then(
        () => (saved.value = "saved"),
        () => (saved.value = "failed"),
      );
  }
  isLocked.value = true;
  closeFilm();
  session = "";
  where.value = "out";
  await api.lock().catch(() => undefined);
}

function closeFilm() {
  film.value?.close();
  film.value = null;
  pictures.value = 0;
}

function forgetLook() {
  noSaving();
  look.value = null;
  label.value = EMPTY;
  saved.value = "nothing";
}

function noSaving() {
  if (saving) clearTimeout(saving);
  saving = null;
}

// Somebody is there: told to both programs, now and then.
export function act() {
  if (!session) return;
  lastAct = Date.now();
  if (lastAct - lastHere < HERE_EVERY_MS) return;
  lastHere = lastAct;
  film.value?.stay();
  api.here().catch(async (error: unknown) => {
    if (error instanceof api.Refused && error.status === 401) await lockUp();
  });
}

for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) addEventListener(kind, act, { passive: true });
setInterval(() => session && Date.now() - lastAct > IDLE_MS && void lockUp(), 500);
addEventListener("pagehide", () => closeFilm());
