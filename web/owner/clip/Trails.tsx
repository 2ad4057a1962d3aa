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
  const { at, size } = useFilm(video, began);
  const [w, h] = size;
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
          <polyline key={id} points={line.map(([x, y]) => `${x * w},${y * h}`).join(" ")} stroke-width={w / 640} />
        ))}
      {boxes.map((box) => (
        <Frame key={box.track.id} box={box} tone={toneOf(box.track.kind, of)} size={size} />
      ))}
    </svg>
  );
}

type Size = [width: number, height: number];

function Frame({ box, tone, size: [w, h] }: { box: Box; tone: string; size: Size }) {
  const { place, strength, track } = box;
  const [left, top, right, bottom] = [place[1] * w, place[2] * h, place[3] * w, place[4] * h];
  const above = top - w / 150;
  return (
    <g class={tone} opacity={strength} data-kind={track.kind}>
      <rect x={left} y={top} width={right - left} height={bottom - top} rx={w / 160} stroke-width={w / 480} />
      <text
        x={Math.min(left, w - w / 10)}
        y={above > w / 40 ? above : Math.min(bottom + w / 45, h - w / 150)}
        font-size={w / 55}
      >
        {NAMES[track.kind]}
      </text>
    </g>
  );
}

// Where the film is, and how large its picture.
function useFilm(video: TrailsProps["video"], began: number): { at: number; size: Size } {
  const [at, setAt] = useState(began);
  const [size, setSize] = useState<Size>([16, 9]);
  useEffect(() => {
    let frame = 0;
    const follow = () => {
      const it = video.current;
      if (it) {
        setAt(began + it.currentTime * 1000);
        const { videoWidth: w, videoHeight: h } = it;
        if (w) setSize((had) => (had[0] === w && had[1] === h ? had : [w, h]));
      }
      frame = requestAnimationFrame(follow);
    };
    frame = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(frame);
  }, [began]);
  return { at, size };
}
