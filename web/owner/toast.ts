// What is said in passing at the foot of the page, and what may still be undone there.

import { signal } from "@preact/signals";
import type { Failure, Result } from "../shared/api";

interface Note {
  text: string;
  undo?: () => void;
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

export function say(text: string) {
  show({ text }, 4000, () => (toast.value = null));
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
