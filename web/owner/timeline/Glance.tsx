// A day, or the last 24 hours, at a glance: each event a dot at its hour, in the row of what it was.

import { useRef } from "preact/hooks";
import { hhmm } from "../../shared/time";
import type { Clip } from "../../shared/wire";
import { KINDS } from "../events";
import { CALLED, type Filter, type Finding, kindGroup, passes, type Verdict, what } from "../findings";
import { go } from "../state";
import { beginOf } from "./days";
import { xOf } from "./grip";
import { Hours, marksOn, useWidth } from "./Strip";
import type { View } from "./view";

const ROW = 34;
const LINE = 24; // of a row: its name stands above, so that hours lie under those of the strips
const RANK: Record<Verdict, number> = { routine: 0, unsure: 1, help: 2, threat: 3 }; // the worst is drawn last, on top

interface GlanceProps {
  clips: readonly Clip[];
  known: ReadonlyMap<string, Finding>;
  whole: View;
  filter: Filter;
}

export function Glance({ clips, known, whole, filter }: GlanceProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box, 200, 900);
  const x = (at: number) => xOf({ view: whole, whole, width }, at);
  const shown = clips
    .filter((clip) => beginOf(clip) >= whole.from && beginOf(clip) <= whole.to)
    .map((clip) => ({ clip, of: known.get(clip.id) }))
    .filter(({ of }) => passes(of, filter))
    .sort((a, b) => RANK[a.of?.verdict ?? "routine"] - RANK[b.of?.verdict ?? "routine"]);
  return (
    <div class="glance" ref={box}>
      <svg
        viewBox={`0 0 ${width} ${KINDS.length * ROW}`}
        role="img"
        aria-label={`${shown.length} events by hour and kind`}
        data-testid="glance"
      >
        {KINDS.map(([kind, name], row) => (
          <g key={kind}>
            <text x="0" y={row * ROW + 12}>
              {name}
            </text>
            <line class="base" x1={0} x2={width} y1={row * ROW + LINE} y2={row * ROW + LINE} />
          </g>
        ))}
        {shown.map(({ clip, of }) => (
          <Dot key={clip.id} clip={clip} of={of} x={x(beginOf(clip))} />
        ))}
      </svg>
      <Hours marks={marksOn(whole, width)} x={x} />
    </div>
  );
}

function Dot({ clip, of, x }: { clip: Clip; of: Finding | undefined; x: number }) {
  const row = KINDS.findIndex(([kind]) => kind === kindGroup(of));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a short way for the mouse; Home lists the same as links
    <circle
      class={of?.verdict ?? "routine"}
      cx={x}
      cy={row * ROW + LINE}
      r={RANK[of?.verdict ?? "routine"] >= RANK.help ? 7 : 5}
      onClick={() => go(`/clip/${clip.id}`)}
    >
      <title>
        {hhmm(beginOf(clip))} {what(of)}
        {of?.verdict ? `, ${CALLED[of.verdict].toLowerCase()}` : ""}
      </title>
    </circle>
  );
}
