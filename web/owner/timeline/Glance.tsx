// The day at a glance.

import { useEffect, useRef, useState } from "preact/hooks";
import { hhmm, tickStep, ticks } from "../../shared/time";
import type { Clip } from "../../shared/wire";
import { KINDS } from "../events";
import { CALLED, type Filter, kindGroup, passes, type Told, type Verdict, what } from "../findings";
import { go } from "../state";
import { Hours, TICK_PX } from "./Strip";
import type { View } from "./view";

const ROWS = KINDS.map(([k]) => k);
const ROW = 34;
const LINE = 24; // of a row: its name stands above, so that hours lie under those of the strips
const RANK: Record<Verdict, number> = { routine: 0, unsure: 1, threat: 2 };

// The day at a glance: each event a dot at its hour, in the row of what it was.
export function Glance({
  clips,
  known,
  whole,
  filter,
}: {
  clips: readonly Clip[];
  known: ReadonlyMap<string, Told>;
  whole: View;
  filter: Filter;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(900);
  useEffect(() => {
    const watcher = new ResizeObserver(() => box.current && setWidth(Math.max(200, box.current.clientWidth)));
    if (box.current) watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  const x = (at: number) => ((at - whole.from) / (whole.to - whole.from)) * width;
  const dots = clips
    .map((clip) => ({ clip, of: known.get(clip.id) }))
    .filter(({ of }) => passes(of, filter))
    .sort((a, b) => RANK[a.of?.verdict ?? "routine"] - RANK[b.of?.verdict ?? "routine"]);
  const marks = ticks(whole.from, whole.to, tickStep(whole.to - whole.from, Math.max(2, width / TICK_PX)));
  return (
    <div class="glance" ref={box}>
      <svg
        viewBox={`0 0 ${width} ${ROWS.length * ROW}`}
        role="img"
        aria-label={`${dots.length} events of the day by hour and kind`}
        data-testid="glance"
      >
        {ROWS.map((row, i) => (
          <g key={row}>
            <text x="0" y={i * ROW + 12}>
              {KINDS[i]![1]}
            </text>
            <line class="base" x1={0} x2={width} y1={i * ROW + LINE} y2={i * ROW + LINE} />
          </g>
        ))}
        {dots.map(({ clip, of }) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: a short way for the mouse; Home lists the same clips as links
          <circle
            key={clip.id}
            class={of?.verdict ?? "routine"}
            cx={x(clip.onset_ms)}
            cy={ROWS.indexOf(kindGroup(of)) * ROW + LINE}
            r={of?.verdict === "threat" ? 7 : 5}
            onClick={() => go(`/clip/${clip.id}`)}
          >
            <title>
              {hhmm(clip.onset_ms)} {what(of)}
              {of?.verdict ? `, ${CALLED[of.verdict].toLowerCase()}` : ""}
            </title>
          </circle>
        ))}
      </svg>
      <Hours marks={marks} x={x} />
    </div>
  );
}
