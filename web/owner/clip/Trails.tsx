// Boxes over a clip, in step with it: one for each thing, with its kind, and the steps it took.

import { useEffect, useState } from "preact/hooks";
import { type Finding, NAMES } from "../findings";
import { type Box, boxesAt, toneOf, trailsAt } from "./boxes";

interface TrailsProps {
  video: { current: HTMLVideoElement | null };
  began: number;
  of: Finding;
}

export function Trails({ video, began, of }: TrailsProps) {
  const { at, size, shown } = useFilm(video, began);
  const [w, h] = size;
  const px = w / shown; // of the film, for one on the screen
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const boxes = boxesAt(of.tracks, at, still);
  return (
    <svg
      class="trails"
      viewBox={`0 0 ${w} ${h}`}
      preserveAspectRatio="xMidYMid meet"
      aria-hidden="true"
      data-testid="trails"
    >
      {!still &&
        trailsAt(boxes, at).map(({ id, line }) => (
          <polyline key={id} points={line.map(([x, y]) => `${x * w},${y * h}`).join(" ")} stroke-width={1.3 * px} />
        ))}
      {boxes.map((box) => (
        <Frame key={box.track.id} box={box} tone={toneOf(box.track.kind, of)} size={size} px={px} />
      ))}
    </svg>
  );
}

type Size = [width: number, height: number];
const LETTERS_PX = 13;

interface FrameProps {
  box: Box;
  tone: string;
  size: Size;
  px: number;
}

function Frame({ box, tone, size: [w, h], px }: FrameProps) {
  const { place, strength, track } = box;
  const [left, top, right, bottom] = [place[1] * w, place[2] * h, place[3] * w, place[4] * h];
  const letters = Math.max(LETTERS_PX * px, w / 60); // to be read on a phone, too
  const above = top - letters / 3;
  return (
    <g class={tone} opacity={strength} data-kind={track.kind}>
      <rect x={left} y={top} width={right - left} height={bottom - top} rx={6 * px} stroke-width={2 * px} />
      <text
        x={Math.min(left, w - 5 * letters)}
        y={above > letters ? above : Math.min(bottom + letters, h - letters / 3)}
        font-size={letters}
        stroke-width={3 * px}
      >
        {NAMES[track.kind]}
      </text>
    </g>
  );
}

// Where the film is, how large its picture, and how wide it is shown.
function useFilm(video: TrailsProps["video"], began: number): { at: number; size: Size; shown: number } {
  const [at, setAt] = useState(began);
  const [size, setSize] = useState<Size>([16, 9]);
  const [shown, setShown] = useState(16);
  useEffect(() => {
    let frame = 0;
    const follow = () => {
      const it = video.current;
      if (it) {
        setAt(began + it.currentTime * 1000);
        const { videoWidth: w, videoHeight: h, clientWidth, clientHeight } = it;
        if (h) setShown(Math.max(1, Math.min(clientWidth, (clientHeight * w) / h)));
        if (w) setSize((had) => (had[0] === w && had[1] === h ? had : [w, h]));
      }
      frame = requestAnimationFrame(follow);
    };
    frame = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(frame);
  }, [began]);
  return { at, size, shown };
}
