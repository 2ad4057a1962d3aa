// The label of one clip: what is chosen, whether it is saved, and the ways on.

import { session } from "../here";
import { type Choice, HAPPENINGS, isComplete, missing, SUBJECTS, VERDICTS } from "../label";
import type { Saved, Work } from "../room";
import { Trouble } from "../Trouble";
import type { Acts } from "./acts";

const BREAK_AFTER_MS = 20 * 60_000;

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
  const { label, saved } = work;
  const { failure, sinceBreakMs } = session.now.value;
  return (
    <section class="says-what" aria-label="Your label">
      {session.isLockingSoon() ? <Soon /> : Date.now() - sinceBreakMs > BREAK_AFTER_MS && <Tired />}
      <Group name="Who or what" of={SUBJECTS} acts={acts} chosen={label.subjects} />
      <Group name="What happens" of={HAPPENINGS} acts={acts} chosen={label.happenings} />
      <Group name="Verdict" of={VERDICTS} acts={acts} chosen={label.verdict ? [label.verdict] : []} isVerdict />
      <Trouble of={failure} />
      <WaysOn acts={acts} isDone={isComplete(label)} hasFilm={hasFilm} />
      <p class="fine state" role="status" data-testid="saved" data-saved={saved}>
        {missing(label) ?? SAVED[saved]}
      </p>
      <button type="button" class="quiet keys-button" onClick={acts["?"]}>
        Keys <kbd>?</kbd>
      </button>
    </section>
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

interface GroupProps {
  name: string;
  of: Choice[];
  acts: Acts;
  chosen: string[];
  isVerdict?: boolean;
}

function Group({ name, of, acts, chosen, isVerdict }: GroupProps) {
  return (
    <fieldset class={isVerdict ? "group verdicts" : "group"}>
      <legend>{name}</legend>
      {of.map(({ word, key, name: said }) => (
        <button
          type="button"
          key={word}
          class={isVerdict ? `chip ${word}` : "chip"}
          aria-pressed={chosen.includes(word)}
          onClick={acts[key]}
          data-testid={`say-${word}`}
        >
          <kbd>{key.toUpperCase()}</kbd> {said}
        </button>
      ))}
    </fieldset>
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
