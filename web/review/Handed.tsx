// What was handed in a moment ago, and the way back.

import { useEffect, useState } from "preact/hooks";
import { session } from "./here";
import type { Handed as HandedIn, Warning } from "./room";

const SECOND_MS = 1000;

// Seconds that are left, counted down while the page is shown.
function useSeconds(left: () => number): number {
  const [seconds, show] = useState(() => Math.ceil(left() / SECOND_MS));
  useEffect(() => {
    const timer = setInterval(() => show(Math.ceil(left() / SECOND_MS)), SECOND_MS / 4);
    return () => clearInterval(timer);
  });
  return Math.max(0, seconds);
}

export function Handed({ handed }: { handed: HandedIn }) {
  const seconds = useSeconds(() => session.undoLeftMs(handed));
  return (
    <div class="handed" data-testid="handed">
      <span role="status">Handed in.</span>
      <button type="button" data-testid="undo" onClick={() => void session.undo()}>
        Take it back <kbd>Z</kbd>
      </button>
      <span class="fine time" aria-hidden="true">
        {seconds} s
      </span>
    </div>
  );
}

// Said before the room locks because nobody moves; any key or the pointer is enough.
export function IdleWarning({ of }: { of: Warning | null }) {
  return of === "idle" ? <Idle /> : null;
}

function Idle() {
  const seconds = useSeconds(() => session.idleLeftMs());
  return (
    <div class="idle" data-testid="idle-warning">
      <strong role="alert">Are you there? The room is about to lock, and the pictures close.</strong>
      <span aria-hidden="true">{seconds} s. Any key, movement or touch is enough.</span>
    </div>
  );
}
