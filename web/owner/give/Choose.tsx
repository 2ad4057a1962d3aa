// The first step: the clip's film, and below it the part of it that is to be given.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { hhmmss, when } from "../../shared/time";
import { doorsTo } from "../clip/doors";
import { beganOf } from "../clip/showing";
import { Trails } from "../clip/Trails";
import { Viewer } from "../clip/viewer";
import { findingOf } from "../findings";
import { now } from "../state";
import { Link, Trouble } from "../ui";
import { type Cut, endOf, type Part, placeOf } from "./cut";
import { letGo, piecesOf, Stills } from "./film";
import type { Giver } from "./giver";
import { Heading } from "./Heading";
import { Needs, useNeeds } from "./Needs";
import type { Choosing } from "./steps";
import { CutWindow } from "./Window";

interface ChooseProps {
  id: string;
  giving: Giver;
  at: Choosing;
  isFirst: boolean;
}

export function Choose({ id, giving, at, isFirst }: ChooseProps) {
  const needs = useNeeds();
  return (
    <div class="narrow wide give">
      <Heading step={0} isFirst={isFirst}>
        Give this clip
      </Heading>
      <p class="lead">
        {at.clip.camera_name}, {when(at.clip.onset_ms, now.value)}. Choose 20 to 30 seconds. Nothing leaves before you
        have seen exactly what would.
      </p>
      {at.note && <p class="note quiet">{at.note}</p>}
      <Trouble of={at.failure} />
      <Film id={id} at={at} set={giving.cut} />
      <Needs of={needs} />
      <div class="row">
        <button
          type="button"
          class="main"
          data-testid="give-hide"
          disabled={needs.isLacking}
          onClick={() => void giving.hide()}
        >
          Hide people
        </button>
        <Link href={`/clip/${id}`} class="button quiet">
          Keep it
        </Link>
      </div>
      <p class="fine hint">
        Drag the window or its ends. With keys: ← and → move it, with Shift its end; Home and End; Space plays.
      </p>
    </div>
  );
}

function Film({ id, at: { clip, cut }, set }: { id: string; at: Choosing; set: (cut: Cut) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const viewer = useMemo(() => {
    const parts = (clipId: string, of: typeof clip, _: number, stream: "main" | "sub") =>
      piecesOf(clipId, of, stream).all();
    return new Viewer(id, { ...doorsTo(video), parts });
  }, [id]);
  useEffect(() => {
    void viewer.watch();
    return () => {
      viewer.leave();
      letGo();
    };
  }, [viewer]);
  const shown = viewer.at.value;
  const began = beganOf(clip, viewer.stream.value);
  const toFilmS = (ms: number) => Math.max(0, (clip.began_ms + ms - began) / 1000);
  const stills = useStills(id, clip, shown.is === "shown" ? viewer.stream.value : null);
  const play = usePlay(video, cut, toFilmS, (clip.ended_ms ?? clip.began_ms) - clip.began_ms);
  const move = (next: Cut, part: Part) => {
    set(next);
    play.look(placeOf(next, part));
  };
  const finding = findingOf(clip);
  return (
    <>
      <div class="film">
        <video
          ref={video}
          data-testid="give-clip"
          aria-label={`Clip of ${clip.camera_name || "the camera"}`}
          poster={shown.is === "shown" ? (shown.poster ?? undefined) : undefined}
          muted
          playsinline
          onClick={play.toggle}
        />
        {finding.tracks.length > 0 && <Trails video={video} began={began} of={finding} />}
      </div>
      {shown.is === "stopped" && <Trouble of={shown.failure} />}
      <CutWindow clip={clip} cut={cut} stills={stills} toFilmS={toFilmS} set={move} look={play.look} head={play.head} />
      <div class="cut-ends">
        <Edge name="Begins" at={clip.began_ms + cut.fromMs} stills={stills} atS={toFilmS(cut.fromMs)} />
        <button type="button" class="play" onClick={play.toggle} data-testid="give-play">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d={play.isPlaying ? "M8 5v14M16 5v14" : "M8 5l11 7-11 7z"} />
          </svg>
          {play.isPlaying ? "Pause" : `Play ${Number((cut.lengthMs / 1000).toFixed(1))} s`}
        </button>
        <Edge name="Ends" at={clip.began_ms + endOf(cut)} stills={stills} atS={toFilmS(endOf(cut)) - 0.05} />
      </div>
    </>
  );
}

// How the film looks where the part begins or ends.
function Edge({ name, at, atS, stills }: { name: string; at: number; atS: number; stills: Stills | null }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) stills?.want(atS, canvas.current, true);
  }, [stills, atS]);
  return (
    <figure class="cut-edge">
      <canvas ref={canvas} role="img" aria-label={`How it looks where it ${name.toLowerCase()}`} />
      <figcaption>
        <small>{name}</small> {hhmmss(at)}
      </figcaption>
    </figure>
  );
}

function useStills(id: string, clip: Choosing["clip"], stream: "main" | "sub" | null): Stills | null {
  const [stills, setStills] = useState<Stills | null>(null);
  useEffect(() => {
    if (!stream) return;
    const codecs = (stream === "sub" && clip.sub ? clip.sub : clip).codecs;
    const made = new Stills(piecesOf(id, clip, stream).all(), codecs);
    setStills(made);
    return () => made.close();
  }, [id, stream]);
  return stills;
}

// Plays the film within the window, and stands where the owner looks. Space plays and pauses.
function usePlay(
  video: { current: HTMLVideoElement | null },
  cut: Cut,
  toFilmS: (ms: number) => number,
  allMs: number,
) {
  const head = useRef<HTMLDivElement>(null);
  const [isPlaying, setPlaying] = useState(false);
  const [startS, endS] = [toFilmS(cut.fromMs), toFilmS(endOf(cut))];
  const wantedS = useRef<number | null>(startS); // first, where the window begins
  const look = (ms: number) => {
    video.current?.pause();
    wantedS.current = toFilmS(ms);
    reach(video.current, wantedS);
  };
  const toggle = () => {
    const it = video.current;
    if (!it) return;
    if (!it.paused) return it.pause();
    wantedS.current = null;
    if (it.currentTime < startS - 0.1 || it.currentTime > endS - 0.1) it.currentTime = startS;
    void it.play().catch(() => undefined); // it plays when there is something to play
  };
  useEffect(() => {
    let frame = 0;
    const follow = () => {
      const it = video.current;
      reach(it, wantedS);
      if (it && !it.paused && it.currentTime >= endS) it.pause();
      setPlaying(Boolean(it && !it.paused));
      if (it && head.current) head.current.style.left = `${(100 * (it.currentTime - toFilmS(0)) * 1000) / allMs}%`;
      frame = requestAnimationFrame(follow);
    };
    frame = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(frame);
  }, [endS]);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== " " || event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as HTMLElement).closest("button, a, input, summary")) return;
      event.preventDefault();
      toggle();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  return { look, toggle, isPlaying, head };
}

// Stand at a moment as soon as that much of the film is there: one that is sent further stops at what it has.
function reach(video: HTMLVideoElement | null, wantedS: { current: number | null }) {
  const at = wantedS.current;
  if (!video || at === null) return;
  const { buffered } = video;
  if (!buffered.length || buffered.end(buffered.length - 1) < at) return;
  video.currentTime = at;
  wantedS.current = null;
}
