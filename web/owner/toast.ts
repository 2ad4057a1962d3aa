// What is said in passing at the foot of the page, and what may still be undone there.

import { signal } from "@preact/signals";
import type { Failure, Result } from "../shared/api";

interface Note {
  text: string;
  undo?: () => void;
  act?: { name: string; go: () => void }; // where it leads
}

export const toast = signal<Note | null>(null);

let timer: ReturnType<typeof setTimeout> | null = null;
let pending: (() => void) | null = null;

function show(shown: Note, forMs: number, after: () => void) {
  pending?.(); // what was announced before is done now, not forgotten
  if (timer) clearTimeout(timer);
  toast.value = shown;
  timer = setTimeout(after, forMs);
}

// What is done, and where there is a way back, that for a little longer.
export function say(text: string, undo?: () => void) {
  const hide = () => {
    toast.value = null;
  };
  if (!undo) return show({ text }, 4000, hide);
  const back = () => {
    hide();
    undo();
  };
  show({ text, undo: back }, 8000, hide);
}

// What leads somewhere, for as long as a way back stands there.
export function call(text: string, name: string, act: () => void) {
  const hide = () => {
    toast.value = null;
  };
  const go = () => {
    hide();
    act();
  };
  show({ text, act: { name, go } }, 8000, hide);
}

// A failure that has no place of its own on the page. An owner who is signed out sees that at once anyway.
export function sayWhy(failure: Failure) {
  if (failure.kind !== "aborted" && failure.kind !== "signed-out") say(failure.text);
}

// Do `act` in five seconds unless the owner takes it back; leaving the page does it at once.
export function withUndo(text: string, act: () => Promise<Result<unknown>>, undone: () => void) {
  const end = () => {
    pending = null;
    toast.value = null;
    removeEventListener("pagehide", doIt);
    if (timer) clearTimeout(timer);
  };
  const doIt = () => {
    end();
    void act().then((done) => {
      if (!done.ok) sayWhy(done);
    });
  };
  const undo = () => {
    end();
    undone();
  };
  show({ text, undo }, 5000, doIt);
  pending = doIt;
  addEventListener("pagehide", doIt);
}
