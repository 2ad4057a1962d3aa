// Where things went, drawn over the clip.

import { useEffect, useState } from "preact/hooks";
import { type Finding, NAMES, placeAt } from "../findings";

// Boxes and trails drawn over the video, in step with it.
export function Trails({
  video,
  began,
  of,
}: {
  video: { current: HTMLVideoElement | null };
  began: number;
  of: Finding;
}) {
  const [at, setAt] = useState(began);
  const [shape, setShape] = useState<[number, number]>([16, 9]);
  useEffect(() => {
    let frame = 0;
    const follow = () => {
      const it = video.current;
      if (it) {
        setAt(began + it.currentTime * 1000);
        if (it.videoWidth)
          setShape((had) =>
            had[0] === it.videoWidth && had[1] === it.videoHeight ? had : [it.videoWidth, it.videoHeight],
          );
      }
      frame = requestAnimationFrame(follow);
    };
    frame = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(frame);
  }, [began]);
  const [w, h] = shape;
  return (
    <svg
      class="trails"
      viewBox={`0 0 ${w} ${h}`}
      preserveAspectRatio="xMidYMid meet"
      aria-hidden="true"
      data-testid="trails"
    >
      {of.tracks.map((track) => {
        const here = placeAt(track.path, at);
        const past = track.path.filter((p) => p[0] <= at);
        return (
          <g key={track.id} class={of.verdict ?? "routine"}>
            {past.length > 1 && (
              <polyline
                points={past.map((p) => `${((p[1] + p[3]) / 2) * w},${p[4] * h}`).join(" ")}
                stroke-width={w / 400}
              />
            )}
            {here && (
              <>
                <rect
                  x={here[1] * w}
                  y={here[2] * h}
                  width={(here[3] - here[1]) * w}
                  height={(here[4] - here[2]) * h}
                  rx={w / 160}
                  stroke-width={w / 480}
                />
                <text
                  x={here[1] * w}
                  y={here[2] * h - w / 150 > w / 40 ? here[2] * h - w / 150 : here[4] * h + w / 45}
                  font-size={w / 55}
                >
                  {NAMES[track.kind]}
                </text>
              </>
            )}
          </g>
        );
      })}
    </svg>
  );
}
