// One camera's day as a strip: what was recorded, what was lost, what happened. Drag to scrub, two fingers or the wheel
// to zoom and move.

import { useEffect, useRef, useState } from "preact/hooks";
import { hhmmss, tickStep, ticks } from "../../shared/time";
import type { CameraDay } from "../../shared/wire";
import { type Filter, passes, type Told } from "../findings";
import { hubNow } from "../state";
import { moved, type View, zoomed } from "./view";

const HEIGHT = 52;
export const TICK_PX = 58;
const LOST: Record<string, string> = {
  wrong_password: "the camera refused the password",
  no_route: "the camera was not on the network",
  refused: "the camera refused the connection",
  timeout: "the camera did not answer",
  not_found: "the address was not there",
  stalled: "the camera stopped sending",
  ended: "the camera ended the stream",
  broken_stream: "the stream could not be read",
  hub_down: "the hub was not running",
};

interface StripProps {
  day: CameraDay;
  whole: View;
  view: View;
  at: number;
  current: boolean;
  move: (ms: number) => void;
  show: (view: View) => void;
  known: ReadonlyMap<string, Told>;
  filter: Filter;
}

export function Strip({ day, whole, view, at, current, move, show, known, filter }: StripProps) {
  const box = useRef<SVGSVGElement>(null);
  const width = useWidth(box);
  const fingers = useRef(new Map<number, number>()); // pointer → x
  const held = useRef<{ view: View; times: [number, number] } | null>(null);
  const length = view.to - view.from;
  const x = (ms: number) => ((Math.max(view.from, Math.min(view.to, ms)) - view.from) / length) * width;
  const wide = (from: number, to: number, least: number) => Math.max(least, x(to) - x(from));
  const shown = (from: number, to: number) => to > view.from && from < view.to;
  const place = (clientX: number) => Math.max(0, Math.min(width, clientX - box.current!.getBoundingClientRect().left));
  const time = (px: number, within = view) => within.from + (px / width) * (within.to - within.from);

  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    box.current?.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, place(event.clientX));
    const [a, b] = [...fingers.current.values()];
    held.current = a !== undefined && b !== undefined ? { view, times: [time(a), time(b)] } : null;
    if (!held.current) move(time(place(event.clientX)));
  };
  const drag = (event: PointerEvent) => {
    if (!fingers.current.has(event.pointerId)) return;
    fingers.current.set(event.pointerId, place(event.clientX));
    const [a, b] = [...fingers.current.values()];
    if (!held.current || a === undefined || b === undefined) return move(time(place(event.clientX)));
    const [ta, tb] = held.current.times;
    if (Math.abs(b - a) < 12) return;
    const span = ((tb - ta) / (b - a)) * width; // what both fingers hold stays under them
    const from = ta - (a / width) * span;
    if (span > 0) show(zoomed({ from, to: from + span }, whole, span, ta));
  };
  const up = (event: PointerEvent) => {
    fingers.current.delete(event.pointerId);
    if (fingers.current.size === 0) held.current = null;
  };
  useEffect(() => {
    const wheel = (event: WheelEvent) => {
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (!sideways && !event.ctrlKey && !event.shiftKey) return; // the page scrolls
      event.preventDefault();
      if (sideways || event.shiftKey) show(moved(view, whole, ((event.deltaX || event.deltaY) / width) * length));
      else show(zoomed(view, whole, length * 1.003 ** event.deltaY, time(place(event.clientX))));
    };
    const target = box.current;
    target?.addEventListener("wheel", wheel, { passive: false });
    return () => target?.removeEventListener("wheel", wheel);
  });

  const marks = ticks(view.from, view.to, tickStep(length, Math.max(2, width / TICK_PX)));
  const here = at >= view.from && at <= view.to;
  return (
    <section class={current ? "strip current" : "strip"}>
      <h2>{day.name}</h2>
      <svg
        ref={box}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        data-testid="timeline-strip"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a drawing that is a slider; the page has its keys
        role="slider"
        tabIndex={0}
        aria-label={`Time on ${day.name}`}
        aria-valuemin={view.from}
        aria-valuemax={view.to}
        aria-valuenow={Math.round(at)}
        aria-valuetext={hhmmss(at)}
        onPointerDown={down}
        onPointerMove={drag}
        onPointerUp={up}
        onPointerCancel={up}
      >
        <rect class="bed" y="8" width={width} height={HEIGHT - 16} rx="8" />
        {day.spans.map(
          ([from, to]) =>
            shown(from, to) && (
              <rect
                key={from}
                class="kept"
                x={x(from)}
                width={wide(from, to, 1)}
                y="8"
                height={HEIGHT - 16}
                rx={wide(from, to, 1) > 12 ? 4 : 0}
              />
            ),
        )}
        {day.outages.map((o) => {
          const to = o.ended_ms ?? hubNow();
          if (!shown(o.began_ms, to)) return null;
          return (
            <rect
              key={o.began_ms}
              class="lost"
              x={x(o.began_ms)}
              width={wide(o.began_ms, to, 2)}
              y={HEIGHT / 2 - 3}
              height="6"
              rx="3"
            >
              <title>Not recorded: {LOST[o.reason] ?? o.reason.replaceAll("_", " ")}</title>
            </rect>
          );
        })}
        {day.clips.map((c) => {
          const to = c.ended_ms ?? hubNow();
          const of = known.get(c.id);
          return (
            shown(c.onset_ms, to) &&
            passes(of, filter) && (
              <rect
                key={c.id}
                class={`event ${of?.verdict ?? "routine"}`}
                x={x(c.onset_ms)}
                width={wide(c.onset_ms, to, 3)}
                y="8"
                height={HEIGHT - 16}
                rx="1.5"
              />
            )
          );
        })}
        {marks.map((m) => (
          <line key={m.at} class="tick" x1={x(m.at)} x2={x(m.at)} y1={HEIGHT - 8} y2={HEIGHT - 3} />
        ))}
        {here && (
          <g class="cursor">
            <rect x={x(at) - 1} width="2" height={HEIGHT} rx="1" />
            <circle cx={x(at)} cy="5" r="5" />
          </g>
        )}
      </svg>
      <Hours marks={marks} x={x} />
    </section>
  );
}

// Names of the hours under a strip or a plot; the first is not cut off by its edge.
export function Hours({ marks, x }: { marks: readonly { at: number; label: string }[]; x: (at: number) => number }) {
  return (
    <div class="hours" aria-hidden="true">
      {marks.map((m) => (
        <span key={m.at} class={x(m.at) < 14 ? "edge" : ""} style={{ left: `${x(m.at)}px` }}>
          {m.label}
        </span>
      ))}
    </div>
  );
}

function useWidth(box: { current: SVGSVGElement | null }): number {
  const [width, setWidth] = useState(1000);
  useEffect(() => {
    const target = box.current;
    if (!target) return;
    const watcher = new ResizeObserver(() => setWidth(Math.max(100, target.clientWidth)));
    watcher.observe(target);
    return () => watcher.disconnect();
  }, []);
  return width;
}
