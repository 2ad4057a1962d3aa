// Plays pictures onto a canvas, in step with the screen.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Reel } from "../film";
import { advanced, type Playing, START } from "./playing";

const SHOW_EVERY_MS = 80; // the ruler need not follow every picture

export interface Player {
  shown: Playing; // as of the last time that it was shown
  now: () => Playing;
  play: (to: Playing) => void;
}

export function usePlayer(
  canvas: { current: HTMLCanvasElement | null },
  length: number,
  reelNow: () => Reel | null,
): Player {
  const now = useRef(START);
  const reel = useRef(reelNow);
  reel.current = reelNow;
  const [shown, show] = useState(START);
  const play = (to: Playing) => {
    now.current = to;
    show(to);
  };
  useEffect(() => {
    let frame = 0;
    let last = performance.now();
    let drawn: HTMLCanvasElement | null = null; // and which picture is on it
    let picture = -1;
    let shownAt = 0;
    const turn = (time: number) => {
      const roll = reel.current();
      if (roll?.here) {
        now.current = advanced(now.current, time - last, roll, length);
        const index = roll.indexAt(now.current.at);
        if ((index !== picture || drawn !== canvas.current) && canvas.current) {
          picture = index;
          drawn = canvas.current;
          void roll.draw(index, drawn).catch(() => undefined);
        }
        if (time - shownAt > SHOW_EVERY_MS || !now.current.isPlaying) {
          shownAt = time;
          show(now.current);
        }
      }
      last = time;
      frame = requestAnimationFrame(turn);
    };
    frame = requestAnimationFrame(turn);
    return () => cancelAnimationFrame(frame);
  }, [canvas, length]);
  return { shown, now: () => now.current, play };
}
