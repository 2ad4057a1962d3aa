// One question, with the picture: is anything left that could be read or recognised? What is, the owner covers.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Box } from "../../shared/wire";
import { added, type Covers, dragged, hasChanged, keyed, MOST, pressed, released, undone } from "./covers";
import { paint, seeked } from "./film";
import type { Giver } from "./giver";
import { isSeen, type Previewing } from "./steps";
import { quietestS, type Told } from "./words";

const WIDEST_PX = 1280;

interface QuestionProps {
  giving: Giver;
  at: Previewing;
  told: Told;
  isBusy: boolean;
}

export function Question({ giving, at, told, isBusy }: QuestionProps) {
  const box = useRef<HTMLHeadingElement>(null);
  const isOpen = isSeen(at);
  const was = useRef(isOpen);
  useEffect(() => {
    if (isOpen && !was.current) box.current?.scrollIntoView({ block: "nearest", behavior: calm() });
    was.current = isOpen;
  }, [isOpen]);
  const answers = useRef<HTMLDivElement>(null);
  const wasDrawing = useRef(false);
  useEffect(() => {
    if (wasDrawing.current) answers.current?.querySelector<HTMLElement>("[data-testid=give-cover]")?.focus();
    wasDrawing.current = at.answer === "something";
  }, [at.answer]);
  if (!isOpen) return null;
  const isDrawing = at.answer === "something";
  return (
    <section class="question" data-testid="give-question">
      <h2 ref={box}>
        Is anything left that could be read or recognised: a name, a number, a screen, a window, a mirror?
      </h2>
      <p class="fine">
        Look at mirrors and at glass in which somebody could be reflected, and at windows through which a neighbour's
        rooms can be seen.
      </p>
      <Picture at={at} atS={quietestS(told)} set={isDrawing ? giving.drawn : null} />
      {isDrawing ? (
        <Tools giving={giving} at={at} />
      ) : (
        <div class="row" role="group" aria-label="Your answer" ref={answers}>
          <button
            type="button"
            class={at.answer === "nothing" ? "" : "main"}
            aria-pressed={at.answer === "nothing"}
            data-testid="give-nothing"
            disabled={isBusy}
            onClick={() => giving.answer("nothing")}
          >
            {at.answer === "nothing" ? "✓ No, nothing" : "No, nothing"}
          </button>
          <button type="button" data-testid="give-cover" disabled={isBusy} onClick={() => giving.answer("something")}>
            Cover something
          </button>
        </div>
      )}
    </section>
  );
}

const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth");

function Tools({ giving, at }: { giving: Giver; at: Previewing }) {
  const { covers, preview } = at;
  const hasNew = hasChanged(covers, preview.covers);
  const add = useRef<HTMLButtonElement>(null);
  useEffect(() => add.current?.focus({ preventScroll: true }), []); // what was pressed to get here is gone
  return (
    <>
      <p class="fine">
        Draw over what must not be seen; drag a place to move it, its corner to size it. With keys: arrows move it, with
        Shift they size it, Delete removes it.
      </p>
      <div class="row">
        <button
          type="button"
          class="main"
          data-testid="give-cover-it"
          disabled={!hasNew}
          onClick={() => void giving.cover()}
        >
          {coverInWords(covers.boxes.length)}
        </button>
        <button
          ref={add}
          type="button"
          data-testid="give-add"
          disabled={covers.boxes.length >= MOST}
          onClick={() => giving.drawn(added(covers))}
        >
          Add a rectangle
        </button>
        <button type="button" class="quiet" disabled={!covers.past.length} onClick={() => giving.drawn(undone(covers))}>
          Undo
        </button>
        <button type="button" class="quiet" onClick={() => giving.answer(null)}>
          Cancel
        </button>
      </div>
      {hasNew && <p class="fine">The film is made again with it, and you look at that once more.</p>}
    </>
  );
}

function coverInWords(count: number): string {
  if (count === 0) return "Cover nothing after all";
  return count === 1 ? "Cover this place" : `Cover these ${count} places`;
}

// The picture in which fewest drawings stand before the place, and what is drawn over it.
function Picture({ at, atS, set }: { at: Previewing; atS: number; set: ((covers: Covers) => void) | null }) {
  const { preview, covers } = at;
  const [moment, setMoment] = useState(Math.min(atS, preview.lengthS));
  const canvas = useRef<HTMLCanvasElement>(null);
  useMoment(canvas, preview.url, moment);
  return (
    <>
      <div class={set ? "covering open" : "covering"}>
        <canvas ref={canvas} role="img" aria-label="A picture of the film" data-testid="give-still" />
        {set && <Drawing covers={covers} set={set} />}
      </div>
      <label class="moment">
        <span>Another moment</span>
        <input
          type="range"
          min={0}
          max={Math.max(0, preview.lengthS - 0.1)}
          step={0.5}
          value={moment}
          onInput={(event) => setMoment(Number(event.currentTarget.value))}
        />
      </label>
    </>
  );
}

function useMoment(canvas: { current: HTMLCanvasElement | null }, url: string, atS: number) {
  const video = useRef<HTMLVideoElement | null>(null);
  useEffect(() => {
    const it = document.createElement("video");
    it.muted = true;
    it.preload = "auto";
    it.src = url;
    video.current = it;
    return () => {
      it.removeAttribute("src");
      it.load();
    };
  }, [url]);
  useEffect(() => {
    const it = video.current;
    if (!it) return;
    void seeked(it, atS).then((isThere) => {
      if (isThere && canvas.current) paint(it, canvas.current, WIDEST_PX);
    });
  }, [url, atS]);
}

function Drawing({ covers, set }: { covers: Covers; set: (covers: Covers) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const count = useRef(covers.boxes.length);
  useEffect(() => {
    const all = box.current?.querySelectorAll<HTMLElement>("[data-cover]");
    if (all && all.length > count.current) all[all.length - 1]?.focus({ preventScroll: true }); // the new one
    count.current = covers.boxes.length;
  }, [covers.boxes.length]);
  const place = (event: PointerEvent) => {
    const { left, top, width, height } = box.current!.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height] as const;
  };
  return (
    <div
      class="drawing"
      ref={box}
      role="group"
      aria-label="Covered places"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        box.current?.setPointerCapture(event.pointerId);
        set(pressed(covers, place(event)));
      }}
      onPointerMove={(event) => covers.held && set(dragged(covers, place(event)))}
      onPointerUp={() => set(released(covers))}
      onPointerCancel={() => set(released(covers))}
    >
      {covers.boxes.map((each, i) => (
        <Cover key={i} at={i} of={each} covers={covers} set={set} />
      ))}
    </div>
  );
}

interface CoverProps {
  at: number;
  of: Box;
  covers: Covers;
  set: (covers: Covers) => void;
}

function Cover({ at, of, covers, set }: CoverProps) {
  const percent = (share: number) => `${100 * share}%`;
  const style = {
    left: percent(of.left),
    top: percent(of.top),
    width: percent(of.right - of.left),
    height: percent(of.bottom - of.top),
  };
  return (
    <button
      type="button"
      data-cover={at}
      data-testid="give-place"
      class={covers.chosen === at ? "chosen" : ""}
      style={style}
      aria-label={`Covered place ${at + 1} of ${covers.boxes.length}`}
      onKeyDown={(event) => {
        const next = keyed(covers, at, event);
        if (!next) return;
        event.preventDefault();
        set(next);
      }}
    />
  );
}
