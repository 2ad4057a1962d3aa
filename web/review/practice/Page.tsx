// A clip to practise on: the words and keys of the desk, an answer with reasons, and nothing that counts.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Result } from "../../shared/ask";
import { Mark } from "../../shared/Mark";
import { type Acts, actsOf, type BoxName, type Hears } from "../desk/acts";
import { GuideBox } from "../desk/Guide";
import { GuideButton, StillMissing } from "../desk/LabelSheet";
import { Said } from "../desk/Page";
import { Stage } from "../desk/Stage";
import { useKeys } from "../desk/useKeys";
import { usePlayer } from "../desk/usePlayer";
import { Words } from "../desk/Words";
import { EMPTY, isComplete, type Label } from "../label";
import { Trouble } from "../Trouble";
import { type Checked, checked } from "./key";
import { fetched, type PracticeClip } from "./reel";

export function Practice({ close }: { close: () => void }) {
  const [clip, setClip] = useState<Result<PracticeClip> | null>(null);
  useEffect(() => void fetched().then(setClip), []);
  if (clip?.ok) return <PracticeDesk clip={clip.value} close={close} />;
  return (
    <main id="content" class="narrow door" data-testid="practice">
      <h1>Practice</h1>
      {clip ? <Trouble of={clip} /> : <p class="lead">The clip is on its way…</p>}
      <button type="button" class="main big" onClick={close}>
        Back
      </button>
    </main>
  );
}

// What is said of the clip, and what the key says to that.
function useAnswer(close: () => void) {
  const label = useSignal<Label>(EMPTY);
  const answer = useSignal<Checked | null>(null);
  const hears: Hears = {
    change: (to) => {
      label.value = to;
      answer.value = null;
    },
    handIn: () => {
      if (isComplete(label.value)) answer.value = checked(label.value);
    },
    undo: () => undefined,
    skipClip: close,
    rest: close,
  };
  return { label, answer, hears };
}

function PracticeDesk({ clip: { reel, length }, close }: { clip: PracticeClip; close: () => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const player = usePlayer(canvas, length, () => reel);
  const { label, answer, hears } = useAnswer(close);
  const began = useSignal<number | null>(null);
  const box = useSignal<BoxName | null>(null);
  const large = useSignal(false);
  const acts = useMemo(() => {
    const [{ now, play }, roll] = [player, () => reel];
    return actsOf({ session: hears, length, label: () => label.value, roll, playing: now, play, began, box, large });
  }, []);
  useKeys(acts);
  const shut = () => {
    box.value = null;
  };
  return (
    <>
      <PracticeHeader />
      <main id="content" class={large.value ? "desk large" : "desk"} data-testid="practice" data-here={reel.here}>
        <Stage
          canvas={canvas}
          film={reel}
          length={length}
          player={player}
          acts={acts}
          spans={label.value.spans}
          began={began.value}
          isLarge={large.value}
          instead={null}
        />
        {large.value ? (
          <Said label={label.value} />
        ) : (
          <PracticeSheet label={label.value} answer={answer.value} acts={acts} close={close} />
        )}
        {box.value === "keys" && <GuideBox close={shut} />}
      </main>
    </>
  );
}

function PracticeHeader() {
  return (
    <header class="room">
      <span class="brand">
        <Mark /> Practice
      </span>
      <span class="fine">A drawn scene, nobody's clip. Nothing here is sent, logged or counted.</span>
    </header>
  );
}

interface SheetProps {
  label: Label;
  answer: Checked | null;
  acts: Acts;
  close: () => void;
}

function PracticeSheet({ label, answer, acts, close }: SheetProps) {
  return (
    <section class="says-what" aria-label="Your label">
      {answer && <Answer of={answer} />}
      <Words label={label} acts={acts} />
      <div class="reach">
        <div class="state">
          <p class="fine" role="status">
            <StillMissing of={label} />
          </p>
          <GuideButton acts={acts} />
        </div>
        <div class="row hand-in">
          <button type="button" class="main" data-testid="check" disabled={!isComplete(label)} onClick={acts.Enter}>
            Check <kbd>↵</kbd>
          </button>
          <button type="button" onClick={close} data-testid="practice-close">
            Back <kbd>N</kbd>
          </button>
        </div>
      </div>
    </section>
  );
}

function Answer({ of }: { of: Checked }) {
  const shown = useRef<HTMLElement>(null);
  useEffect(() => shown.current?.scrollIntoView({ block: "start" }), [of]);
  return (
    <section class="answer" role="status" data-testid="answer" data-right={of.isRight} ref={shown}>
      <h2>{of.isRight ? "That is how we would label it" : "Nearly. Look again:"}</h2>
      <ul>
        {of.remarks.map(({ isRight, text }) => (
          <li key={text} class={isRight ? "right" : "wrong"}>
            {text}
          </li>
        ))}
      </ul>
    </section>
  );
}
