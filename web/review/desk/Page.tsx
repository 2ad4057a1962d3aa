// The desk: one clip, and what the reviewer says of it.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { session } from "../here";
import { EMPTY, type Label, named } from "../label";
import { type Work, workOf } from "../room";
import { actsOf, type BoxName, type Hears } from "./acts";
import { FlagBox } from "./Boxes";
import { GuideBox } from "./Guide";
import { LabelSheet } from "./LabelSheet";
import { Stage } from "./Stage";
import { useKeys } from "./useKeys";
import { usePlayer } from "./usePlayer";

const workNow = () => workOf(session.now.value.place);
const labelNow = () => workNow()?.label ?? EMPTY;
const HEARS: Hears = {
  change: (label: Label) => session.change(label),
  handIn: () => void session.handIn(),
  undo: () => void session.undo(),
  skipClip: () => void session.skipClip(),
  rest: () => void session.rest(),
};

export function Desk({ work }: { work: Work }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const length = work.look.length_ms;
  const reel = () => session.filmOf(work);
  const player = usePlayer(canvas, length, reel);
  const began = useSignal<number | null>(null);
  const box = useSignal<BoxName | null>(null);
  const large = useSignal(false);
  const film = reel();
  const acts = useMemo(() => {
    const { now, play } = player;
    return actsOf({ session: HEARS, length, label: labelNow, roll: reel, playing: now, play, began, box, large });
  }, [length]);
  useKeys(acts);
  useEffect(() => scrollTo(0, 0), []); // each look begins at its top
  const close = () => {
    box.value = null;
  };
  const isLarge = large.value && film !== null;
  return (
    <main
      id="content"
      class={isLarge ? "desk large" : "desk"}
      data-testid="desk"
      data-here={work.pictures}
      data-view={work.look.view}
    >
      <Stage
        canvas={canvas}
        film={film}
        length={length}
        player={player}
        acts={acts}
        spans={work.label.spans}
        began={began.value}
        isLarge={isLarge}
        instead={<Instead work={work} hasFilm={film !== null} />}
      />
      {isLarge ? <Said label={work.label} /> : <LabelSheet work={work} acts={acts} hasFilm={film !== null} />}
      {box.value === "keys" && <GuideBox close={close} />}
      {box.value === "flag" && <FlagBox close={close} flag={() => void session.flagClip()} />}
    </main>
  );
}

function Instead({ work, hasFilm }: { work: Work; hasFilm: boolean }) {
  const { handed, isBusy } = session.now.value;
  if (isBusy && handed?.work.look.view === work.look.view)
    return <p class="coming">Handed in. The next clip is being drawn…</p>;
  if (!hasFilm)
    return (
      <p data-testid="no-pictures">
        {work.why || "The pictures are gone. Finish your label, or go on to the next clip."}
      </p>
    );
  return work.pictures === 0 ? <p class="coming">Drawn for you. The pictures are on their way…</p> : null;
}

// What is said so far, over a picture that takes the whole window.
export function Said({ label }: { label: Label }) {
  return (
    <p class="said" role="status" data-testid="said">
      {named(label).join(" · ") || "Nothing is said yet."}{" "}
      <span class="hint">
        <kbd>?</kbd> words <kbd>+</kbd> small
      </span>
    </p>
  );
}
