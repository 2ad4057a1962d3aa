// The picture, its time line and the player's buttons: for a clip that was drawn, and for the practice clip.

import type { ComponentChildren, Ref } from "preact";
import type { Span } from "../label";
import type { Acts } from "./acts";
import { type Playing, type Roll, soughtTo } from "./playing";
import { Ruler } from "./Ruler";
import { Tool } from "./Tool";
import type { Player } from "./usePlayer";

interface StageProps {
  canvas: Ref<HTMLCanvasElement>;
  film: Roll | null;
  length: number;
  player: Player;
  acts: Acts;
  spans: readonly Span[];
  began: number | null;
  isLarge: boolean;
  instead: ComponentChildren; // of pictures that are not here
}

export function Stage({ canvas, film, length, player, acts, spans, began, isLarge, instead }: StageProps) {
  const { shown, now, play } = player;
  return (
    <section class="stage" aria-label="The clip">
      <div class="screen">
        {film && (
          <canvas
            ref={canvas}
            class={shown.isGrey ? "grey" : ""}
            data-testid="canvas"
            role="img"
            aria-label="The clip"
          />
        )}
        {instead}
      </div>
      <Ruler
        at={shown.at}
        length={length}
        began={began}
        spans={spans}
        film={film}
        seek={(at) => play(soughtTo(now(), at))}
      />
      <Tools acts={acts} shown={shown} length={length} hasBegun={began !== null} isLarge={isLarge} />
    </section>
  );
}

interface ToolsProps {
  acts: Acts;
  shown: Playing;
  length: number;
  hasBegun: boolean;
  isLarge: boolean;
}

function Tools({ acts, shown, length, hasBegun, isLarge }: ToolsProps) {
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
      <Tool does="+" acts={acts} name="Large" isOn={isLarge} />
      <span class="grow" />
      <span class="fine time">
        {seconds(shown.at)} of {seconds(length)}
      </span>
    </div>
  );
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
