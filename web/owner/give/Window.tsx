// The strip below the film: pictures of the whole clip, what happened in it, and the window that is given, which is
// dragged or moved with keys.

import { useEffect, useRef } from "preact/hooks";
import type { Manifest } from "../../shared/manifest";
import { hhmmss } from "../../shared/time";
import { useWidth } from "../timeline/Strip";
import { type Cut, endOf, keyed, lengthOf, type Part, placed, placeOf } from "./cut";
import type { Stills } from "./film";
import { type Event, eventOf } from "./words";

const PICTURE_PX = 92;
const TAP_PX = 4;

interface WindowProps {
  clip: Manifest;
  cut: Cut;
  stills: Stills | null;
  toFilmS: (ms: number) => number; // where a moment of the clip is in the film that is shown
  set: (to: Cut, part: Part) => void;
  look: (ms: number) => void; // stand there
  head: { current: HTMLDivElement | null }; // where the film is
}

export function CutWindow({ clip, cut, stills, toFilmS, set, look, head }: WindowProps) {
  const box = useRef<HTMLDivElement>(null);
  const all = lengthOf(clip);
  const at = (ms: number) => `${(100 * ms) / all}%`;
  const pointers = usePointers(box, cut, all, set, look);
  const keys = (part: Part) => (event: KeyboardEvent) => {
    const next = keyed(cut, part, event, all);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    set(next, event.shiftKey ? (part === "end" ? "start" : "end") : part);
  };
  const slider = (part: Part, name: string, least: number, most: number) => ({
    "data-part": part,
    role: "slider" as const,
    tabIndex: 0,
    "aria-label": name,
    "aria-valuemin": Math.round(least / 1000),
    "aria-valuemax": Math.round(most / 1000),
    "aria-valuenow": Math.round(placeOf(cut, part) / 1000),
    "aria-valuetext": partInWords(clip, cut, part),
    onKeyDown: keys(part),
  });
  return (
    <div class="cut" data-testid="give-window">
      <div class="cut-bed" ref={box} {...pointers}>
        <Pictures all={all} stills={stills} toFilmS={toFilmS} />
        <div class="cut-shade" style={{ left: 0, width: at(cut.fromMs) }} />
        <div class="cut-shade" style={{ right: 0, width: at(all - endOf(cut)) }} />
        <div
          class="cut-window"
          style={{ left: at(cut.fromMs), width: at(cut.lengthMs) }}
          {...slider("window", "The part that is given", 0, all - cut.lengthMs)}
        />
        <div class="cut-head" ref={head} />
        <div class="cut-handle" style={{ left: at(cut.fromMs) }} {...slider("start", "Its beginning", 0, all)} />
        <div class="cut-handle end" style={{ left: at(endOf(cut)) }} {...slider("end", "Its end", 0, all)} />
      </div>
      <Marks event={eventOf(clip)} at={at} />
    </div>
  );
}

function partInWords(clip: Manifest, cut: Cut, part: Part): string {
  const clock = (ms: number) => hhmmss(clip.began_ms + ms);
  if (part === "start") return `Begins at ${clock(cut.fromMs)}, ${seconds(cut)} long`;
  if (part === "end") return `Ends at ${clock(endOf(cut))}, ${seconds(cut)} long`;
  return `${clock(cut.fromMs)} to ${clock(endOf(cut))}, ${seconds(cut)}`;
}

const seconds = ({ lengthMs }: Cut) => `${Number((lengthMs / 1000).toFixed(1))} seconds`;

// What happened, and the moment at which it was seen best.
function Marks({ event, at }: { event: Event; at: (ms: number) => string }) {
  return (
    <div class="cut-marks" aria-hidden="true">
      <span class="cut-event" style={{ left: at(event.fromMs), width: at(event.toMs - event.fromMs) }} />
      {event.bestMs !== null && <span class="cut-best" style={{ left: at(event.bestMs) }} />}
      <small>
        <i class="cut-event" /> what happened{" "}
        {event.bestMs !== null && (
          <>
            <i class="cut-best" /> the best look
          </>
        )}
      </small>
    </div>
  );
}

function Pictures({ all, stills, toFilmS }: { all: number } & Pick<WindowProps, "stills" | "toFilmS">) {
  const box = useRef<HTMLDivElement>(null);
  const count = Math.max(3, Math.min(12, Math.round(useWidth(box, 100, 700) / PICTURE_PX)));
  useEffect(() => {
    if (!stills || !box.current) return;
    box.current.querySelectorAll("canvas").forEach((canvas, i) => {
      stills.want(toFilmS(((i + 0.5) / count) * all), canvas, false);
    });
  }, [stills, count]);
  return (
    <div class="cut-pictures" ref={box} aria-hidden="true">
      {Array.from({ length: count }, (_, i) => (
        <canvas key={i} />
      ))}
    </div>
  );
}

// A pointer takes the part under it along; one that does not move shows the moment that it touched.
function usePointers(
  box: { current: HTMLDivElement | null },
  cut: Cut,
  all: number,
  set: WindowProps["set"],
  look: WindowProps["look"],
) {
  const grip = useRef<{ part: Part; offMs: number; fromPx: number; hasMoved: boolean } | null>(null);
  const ms = (event: PointerEvent) => {
    const { left, width } = box.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / Math.max(1, width))) * all;
  };
  const up = (event: PointerEvent) => {
    if (grip.current && !grip.current.hasMoved && event.type === "pointerup") look(ms(event));
    grip.current = null;
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      const target = (event.target as HTMLElement).closest<HTMLElement>("[data-part]");
      const part = target?.dataset.part as Part | undefined;
      if (!part) return look(ms(event));
      target?.focus({ preventScroll: true });
      box.current?.setPointerCapture(event.pointerId);
      grip.current = { part, offMs: ms(event) - placeOf(cut, part), fromPx: event.clientX, hasMoved: false };
      event.preventDefault();
    },
    onPointerMove: (event: PointerEvent) => {
      const held = grip.current;
      if (!held) return;
      held.hasMoved ||= Math.abs(event.clientX - held.fromPx) > TAP_PX;
      if (held.hasMoved) set(placed(cut, held.part, ms(event) - held.offMs, all), held.part);
    },
    onPointerUp: up,
    onPointerCancel: up,
  };
}
