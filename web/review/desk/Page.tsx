// The desk: one clip, and what the reviewer says of it.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { session } from "../here";
import { EMPTY } from "../label";
import { type Work, workOf } from "../room";
import { type Acts, actOf, actsOf } from "./acts";
import { FlagBox, KeysBox } from "./Boxes";
import { LabelSheet } from "./LabelSheet";
import { type Playing, soughtTo } from "./playing";
import { Ruler } from "./Ruler";
import { Tool } from "./Tool";
import { usePlayer } from "./usePlayer";

const labelNow = () => workOf(session.now.value.place)?.label ?? EMPTY;

export function Desk({ work }: { work: Work }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const length = work.look.length_ms;
  const { shown, now, play } = usePlayer(canvas, length);
  const began = useSignal<number | null>(null);
  const box = useSignal<"keys" | "flag" | null>(null);
  const film = session.film.value;
  const acts = useMemo(() => {
    const roll = () => session.film.value;
    return actsOf({ session, length, label: labelNow, roll, playing: now, play, began, box });
  }, [length]);
  useKeys(acts);
  const close = () => {
    box.value = null;
  };
  return (
    <main id="content" class="desk" data-testid="desk" data-here={work.pictures}>
      <section class="stage" aria-label="The clip">
        <div class="screen">
          {film ? (
            <canvas
              ref={canvas}
              class={shown.isGrey ? "grey" : ""}
              data-testid="canvas"
              role="img"
              aria-label="The clip"
            />
          ) : (
            <p data-testid="no-pictures">
              {work.why || "The pictures are gone. Finish your label, or go on to the next clip."}
            </p>
          )}
          {film && work.pictures === 0 && <p class="coming">Drawn for you. The pictures are on their way…</p>}
        </div>
        <Ruler
          at={shown.at}
          length={length}
          began={began.value}
          spans={work.label.spans}
          film={film}
          seek={(at) => play(soughtTo(now(), at))}
        />
        <Tools acts={acts} shown={shown} length={length} hasBegun={began.value !== null} />
      </section>
      <LabelSheet work={work} acts={acts} hasFilm={film !== null} />
      {box.value === "keys" && <KeysBox close={close} />}
      {box.value === "flag" && <FlagBox close={close} flag={() => void session.flagClip()} />}
    </main>
  );
}

function useKeys(acts: Acts) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTaken(event)) return;
      const act = actOf(acts, event.key);
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [acts]);
}

// By a box, a slider or the button that has the focus.
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (target instanceof HTMLInputElement || document.querySelector("dialog[open]")) return true;
  return target instanceof HTMLButtonElement && (key === " " || key === "Enter");
}

interface ToolsProps {
  acts: Acts;
  shown: Playing;
  length: number;
  hasBegun: boolean;
}

function Tools({ acts, shown, length, hasBegun }: ToolsProps) {
  return (
    <div class="look-bar">
      <Tool does=" " acts={acts} name={shown.isPlaying ? "Pause" : "Play"} isOn={shown.isPlaying} />
      <Tool does="," acts={acts} name="Back" />
      <Tool does="." acts={acts} name="Next" />
      <Tool does="s" acts={acts} name="Slow" isOn={shown.isSlow} />
      <Tool does="c" acts={acts} name="Loop" isOn={shown.isLooping} />
      <Tool does="g" acts={acts} name="Grey" isOn={shown.isGrey} />
      <Tool does="[" acts={acts} name="Span" isOn={hasBegun} />
      <Tool does="]" acts={acts} name="to here" />
      <span class="grow" />
      <span class="fine time">
        {seconds(shown.at)} of {seconds(length)}
      </span>
    </div>
  );
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
