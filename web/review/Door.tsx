// Before the room: the way in, locked or not, and the break.

import { Mark } from "../shared/Mark";
import { session } from "./here";
import { Trouble } from "./Trouble";

const GREETING = "Clips that people gave, one at a time. Each look is on record, and its owner can see it.";
const LOCKED = "A minute went by, or most of an hour since your last touch, so the room locked itself.";
const UNFINISHED = "The room locked itself, so the pictures are gone. Your label is kept.";

interface DoorProps {
  isLocked: boolean;
  isUnfinished: boolean;
  practise: () => void;
}

export function Door({ isLocked, isUnfinished, practise }: DoorProps) {
  return (
    <main class="narrow door" data-testid="door">
      <Mark />
      <h1>{isLocked ? "Locked" : "Review room"}</h1>
      <p class="lead">{isLocked ? (isUnfinished ? UNFINISHED : LOCKED) : GREETING}</p>
      <WayIn name="Touch your passkey" />
      <p class="beside">
        <button type="button" class="quiet" onClick={practise} data-testid="practise">
          Practise first
        </button>
      </p>
    </main>
  );
}

export function Resting() {
  return (
    <main class="narrow door">
      <Mark />
      <h1>Take your time</h1>
      <p class="lead">
        The room is locked and nothing is running. Look at something far away, stand up, drink some water.
      </p>
      <WayIn name="Back to work" />
    </main>
  );
}

function WayIn({ name }: { name: string }) {
  const { isBusy, failure } = session.now.value;
  return (
    <>
      <Trouble of={failure} />
      <button
        type="button"
        class="main big"
        data-testid="enter"
        disabled={isBusy}
        onClick={() => void session.signIn()}
        autofocus
      >
        {name}
      </button>
    </>
  );
}
