// The label of one clip: what is chosen, whether it is saved, and the ways on.

import { session } from "../here";
import { isComplete, type Label, missing } from "../label";
import { asideOf, type Saved, type Work } from "../room";
import { Trouble } from "../Trouble";
import type { Acts } from "./acts";
import { Words } from "./Words";

const SAVED: Record<Saved, string> = {
  nothing: "",
  waiting: "Saving…",
  saved: "Saved.",
  failed: "Not saved. Your next key tries again.",
};

interface SheetProps {
  work: Work;
  acts: Acts;
  hasFilm: boolean;
}

export function LabelSheet({ work, acts, hasFilm }: SheetProps) {
  const { label, saved, isAgain } = work;
  const { failure, warning, place } = session.now.value;
  const waits = asideOf(place) !== undefined;
  return (
    <section class="says-what" aria-label="Your label">
      {warning === "touch" ? <Soon /> : session.isTired() && <Tired />}
      {isAgain && (
        <p class="note" role="status" data-testid="again">
          Taken back: it does not count until you hand it in again.{waits && " The clip that you were at waits."}
        </p>
      )}
      <Words label={label} acts={acts} />
      <div class="reach">
        <Trouble of={failure} />
        <div class="state">
          <p class="fine" role="status" data-testid="saved" data-saved={saved}>
            <StillMissing of={label} /> {isComplete(label) && SAVED[saved]}
          </p>
          <GuideButton acts={acts} />
        </div>
        <WaysOn acts={acts} isDone={isComplete(label)} hasFilm={hasFilm} />
      </div>
    </section>
  );
}

// What is still to be said; which keys say it is of use only to whoever has keys.
export function StillMissing({ of }: { of: Label }) {
  const [asks, keys] = missing(of)?.split("?") ?? [];
  return asks ? (
    <>
      {asks}?<span class="hint">{keys}</span>
    </>
  ) : null;
}

export function GuideButton({ acts }: { acts: Acts }) {
  return (
    <button type="button" class="quiet keys-button" onClick={acts["?"]} data-testid="guide-open">
      What words mean <kbd>?</kbd>
    </button>
  );
}

function Soon() {
  return (
    <p class="note" role="status" data-testid="locking-soon">
      In a minute the room asks for your passkey again, and the pictures close. Your label is kept.
    </p>
  );
}

function Tired() {
  return (
    <p class="note" role="status">
      <span>Twenty minutes. Look far away for a moment.</span>
      <button type="button" class="quiet" onClick={() => void session.rest()}>
        Break
      </button>
    </p>
  );
}

function WaysOn({ acts, isDone, hasFilm }: { acts: Acts; isDone: boolean; hasFilm: boolean }) {
  const { isBusy } = session.now.value;
  return (
    <div class="row hand-in">
      <button type="button" class="main" data-testid="submit" disabled={!isDone || isBusy} onClick={acts.Enter}>
        Hand in <kbd>↵</kbd>
      </button>
      {hasFilm ? (
        <button type="button" data-testid="skip" disabled={isBusy} onClick={acts.n}>
          Skip <kbd>N</kbd>
        </button>
      ) : (
        <button type="button" data-testid="later" disabled={isBusy} onClick={() => void session.finishLater()}>
          Next clip
        </button>
      )}
      <button type="button" class="quiet danger" data-testid="flag" disabled={isBusy} onClick={acts["!"]}>
        Flag <kbd>!</kbd>
      </button>
    </div>
  );
}
