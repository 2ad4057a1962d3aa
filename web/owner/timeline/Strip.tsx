// One camera's day as a strip: what was recorded, what was lost, what happened. Drag to scrub, two fingers or the wheel
// to zoom and move.

import { useEffect, useRef, useState } from "preact/hooks";
import { hhmmss, type Tick, tickStep, ticks } from "../../shared/time";
import type { CameraDay } from "../../shared/wire";
import { type Filter, type Finding, passes } from "../findings";
import { hubNow, knownTo } from "../state";
import { beginOf } from "./days";
import { dragged, LOOSE, type Pull, pressed, released, type Scale, wheeled, xOf } from "./grip";
import { aboutOutage } from "./lost";
import type { View } from "./view";

const HEIGHT = 52;
const EDGE = 8; // above and below the recording
const TICK_PX = 58;

interface StripProps {
  day: CameraDay;
  whole: View;
  view: View;
  at: number;
  isCurrent: boolean;
  known: ReadonlyMap<string, Finding>;
  filter: Filter;
  move: (ms: number) => void;
  show: (view: View) => void;
}

export function Strip({ day, whole, view, at, isCurrent, known, filter, move, show }: StripProps) {
  const box = useRef<SVGSVGElement>(null);
  const width = useWidth(box, 100, 1000);
  const scale = { view, whole, width };
  const pointers = usePointers(box, scale, move, show);
  const marks = marksOn(view, width);
  return (
    <section class={isCurrent ? "strip current" : "strip"}>
      <h2>{day.name}</h2>
      {/* biome-ignore lint/a11y/useFocusableInteractive: it is focusable, by the attribute as an SVG knows it */}
      <svg
        ref={box}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        data-testid="timeline-strip"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a drawn slider; the page has its keys
        role="slider"
        tabindex={0} // in small letters: an SVG knows no other
        aria-label={`Time on ${day.name}`}
        aria-valuemin={view.from}
        aria-valuemax={view.to}
        aria-valuenow={Math.round(Math.max(view.from, Math.min(view.to, at)))}
        aria-valuetext={hhmmss(at)}
        {...pointers}
      >
        <rect class="bed" y={EDGE} width={width} height={HEIGHT - 2 * EDGE} rx="8" />
        <Recorded day={day} scale={scale} />
        <Outages day={day} scale={scale} />
        <Clips day={day} scale={scale} known={known} filter={filter} />
        <Unheard scale={scale} />
        {marks.map(({ at: mark }) => (
          <line key={mark} class="tick" x1={xOf(scale, mark)} x2={xOf(scale, mark)} y1={HEIGHT - 8} y2={HEIGHT - 3} />
        ))}
        {at >= view.from && at <= view.to && (
          <g class="cursor">
            <rect x={xOf(scale, at) - 1} width="2" height={HEIGHT} rx="1" />
            <circle cx={xOf(scale, at)} cy="5" r="5" />
          </g>
        )}
      </svg>
      <Hours marks={marks} x={(ms) => xOf(scale, ms)} />
    </section>
  );
}

// Pointers and the wheel on a strip: the page is told where to stand and what to show.
function usePointers(
  box: { current: SVGSVGElement | null },
  scale: Scale,
  move: (ms: number) => void,
  show: (view: View) => void,
) {
  const grip = useRef(LOOSE);
  const px = (event: MouseEvent) => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    return Math.max(0, Math.min(scale.width, event.clientX - left));
  };
  const follow = (pull: Pull) => {
    grip.current = pull.grip;
    if (pull.moveTo !== undefined) move(pull.moveTo);
    if (pull.show) show(pull.show);
  };
  useEffect(() => {
    const wheel = (event: WheelEvent) => {
      const next = wheeled(event, px(event), scale);
      if (!next) return;
      event.preventDefault();
      show(next);
    };
    const target = box.current;
    target?.addEventListener("wheel", wheel, { passive: false });
    return () => target?.removeEventListener("wheel", wheel);
  });
  const up = (event: PointerEvent) => {
    grip.current = released(grip.current, event.pointerId);
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      box.current?.setPointerCapture(event.pointerId);
      follow(pressed(grip.current, event.pointerId, px(event), scale));
    },
    onPointerMove: (event: PointerEvent) => follow(dragged(grip.current, event.pointerId, px(event), scale)),
    onPointerUp: up,
    onPointerCancel: up,
  };
}

const isIn = ({ view }: Scale, from: number, to: number) => to > view.from && from < view.to;
const across = (scale: Scale, from: number, to: number, least: number) =>
  Math.max(least, xOf(scale, to) - xOf(scale, from));

function Recorded({ day, scale }: { day: CameraDay; scale: Scale }) {
  return day.spans
    .filter(([from, to]) => isIn(scale, from, to))
    .map(([from, to]) => {
      const width = across(scale, from, to, 1);
      return (
        <rect
          key={from}
          class="kept"
          x={xOf(scale, from)}
          width={width}
          y={EDGE}
          height={HEIGHT - 2 * EDGE}
          rx={width > 12 ? 4 : 0}
        />
      );
    });
}

function Outages({ day, scale }: { day: CameraDay; scale: Scale }) {
  return day.outages
    .map((outage) => ({ ...outage, ended_ms: outage.ended_ms ?? knownTo() }))
    .filter(({ began_ms, ended_ms }) => isIn(scale, began_ms, ended_ms))
    .map(({ began_ms, ended_ms, reason }) => (
      <rect
        key={began_ms}
        class="lost"
        x={xOf(scale, began_ms)}
        width={across(scale, began_ms, ended_ms, 2)}
        y={HEIGHT / 2 - 3}
        height="6"
        rx="3"
      >
        <title>{aboutOutage(reason)}</title>
      </rect>
    ));
}

// From when the hub was last heard until now: nobody here knows what was recorded.
function Unheard({ scale }: { scale: Scale }) {
  const [from, to] = [knownTo(), hubNow()];
  if (from >= to || !isIn(scale, from, to)) return null;
  return (
    <rect
      class="unheard"
      data-testid="strip-unheard"
      x={xOf(scale, from)}
      width={across(scale, from, to, 2)}
      y={EDGE}
      height={HEIGHT - 2 * EDGE}
    >
      <title>The hub does not answer: not known</title>
    </rect>
  );
}

type ClipsProps = Pick<StripProps, "day" | "known" | "filter"> & { scale: Scale };

function Clips({ day, scale, known, filter }: ClipsProps) {
  return day.clips
    .filter((clip) => isIn(scale, beginOf(clip), clip.ended_ms ?? knownTo()) && passes(known.get(clip.id), filter))
    .map((clip) => {
      const verdict = known.get(clip.id)?.verdict ?? "routine";
      const x = xOf(scale, beginOf(clip));
      const width = across(scale, beginOf(clip), clip.ended_ms ?? knownTo(), 3);
      return (
        <g key={clip.id}>
          <rect class={`event ${verdict}`} x={x} width={width} y={EDGE} height={HEIGHT - 2 * EDGE} rx="1.5" />
          {verdict === "help" && <path class="sign" d={`M${x + width / 2} 0v7m-3.5-3.5h7`} />}
        </g>
      );
    });
}

export function marksOn(view: View, width: number): Tick[] {
  return ticks(view.from, view.to, tickStep(view.to - view.from, Math.max(2, width / TICK_PX)));
}

// Names of the hours under a strip or a plot; the first is not cut off by its edge.
export function Hours({ marks, x }: { marks: readonly Tick[]; x: (at: number) => number }) {
  return (
    <div class="hours" aria-hidden="true">
      {marks.map((mark) => (
        <span key={mark.at} class={x(mark.at) < 14 ? "edge" : ""} style={{ left: `${x(mark.at)}px` }}>
          {mark.label}
        </span>
      ))}
    </div>
  );
}

// How wide a drawing is, in px, as the window and the page around it change.
export function useWidth(box: { current: Element | null }, least: number, atFirst: number): number {
  const [width, setWidth] = useState(atFirst);
  useEffect(() => {
    const target = box.current;
    if (!target) return;
    const watcher = new ResizeObserver(() => setWidth(Math.max(least, target.clientWidth)));
    watcher.observe(target);
    return () => watcher.disconnect();
  }, []);
  return width;
}
