// The picture above the strips: a still while the owner looks around, a video while the day plays.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Failure } from "../../shared/api";
import { ago, hhmmss, SECOND } from "../../shared/time";
import type { CameraDay } from "../../shared/wire";
import { isHere } from "../hub";
import { home, knownTo, now, stillsChanged } from "../state";
import { SealedPicture, Trouble } from "../ui";
import { type Sheet, sheetAt } from "./days";
import { playInto } from "./playback";
import { Scrub } from "./scrub";
import { draw, type OpenSheet, prepare, sheet } from "./sheets";

const FRESH = 100 * SECOND; // no sheet is made of the newest minute yet
const UNHEARD = "There is no picture of this minute here, and the hub does not answer.";
const SETTLED_MS = 80; // before neighbours are fetched, too

// The still under the finger.
export function Still({ day, at }: { day: CameraDay; at: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [shown, setShown] = useState<"coming" | "drawn" | "nothing" | Failure>("coming");
  const entry = useMemo(() => sheetAt(day.sheets, at), [day.sheets, at]);
  const isNewer = !entry && at > knownTo() - FRESH; // than the newest sheet that this page can know of
  const isFresh = isNewer && isHere.value;
  const isUnheard = isNewer && !isHere.value;
  const scrub = useMemo(() => {
    const show = (open: OpenSheet, moment: number) => {
      if (!canvas.current) return;
      canvas.current.dataset.atMs = String(draw(open, moment, canvas.current));
      setShown("drawn");
    };
    return new Scrub(sheet, show, setShown);
  }, []);
  useEffect(() => {
    scrub.want(entry && { sheet: entry[0], at });
    if (!entry) setShown("nothing");
  }, [entry?.[0], at]);
  useEffect(() => () => scrub.want(null), []);
  usePrepared(day.sheets, entry);
  return (
    <div class="screen">
      {isFresh && <Newest day={day} />}
      <canvas
        ref={canvas}
        data-testid="timeline-still"
        hidden={isFresh || shown !== "drawn"}
        aria-label={`${day.name} at ${hhmmss(at)}`}
        role="img"
      />
      {!isFresh && shown === "nothing" && <p>{isUnheard ? UNHEARD : "Nothing was recorded here."}</p>}
      {!isFresh && typeof shown === "object" && <Trouble of={shown} isPlain />}
    </div>
  );
}

// Once the owner rests on a minute, those beside it are fetched.
function usePrepared(sheets: readonly Sheet[], entry: Sheet | null) {
  useEffect(() => {
    if (!entry) return;
    const index = sheets.indexOf(entry);
    const soon = setTimeout(() => {
      for (const near of [index + 1, index - 1, index + 2]) if (sheets[near]) void prepare(sheets[near][0]);
    }, SETTLED_MS);
    return () => clearTimeout(soon);
  }, [entry?.[0]]);
}

function Newest({ day }: { day: CameraDay }) {
  const changed = stillsChanged.value[day.id] ?? 0;
  const stillMs = home.value?.cameras.find((camera) => camera.id === day.id)?.still_at_ms;
  return (
    <>
      <SealedPicture
        path={`/cameras/${day.id}/still`}
        again={changed}
        alt={`Latest picture of ${day.name}`}
        empty="Waiting for the first picture…"
      />
      {stillMs ? <span class="badge">Latest picture, {ago(Math.max(stillMs, changed), now.value)}</span> : null}
    </>
  );
}

interface PlayingProps {
  camera: string;
  from: number;
  isPaused: boolean;
  speed: number;
  isLoud: boolean;
  tell: (at: number) => void;
  stop: () => void;
}

// Mounted afresh for each start: `camera` and `from` do not change while it plays.
export function Playing({ camera, from, isPaused, speed, isLoud, tell, stop }: PlayingProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isSmaller, setSmaller] = useState(false);
  useEffect(() => {
    const it = video.current;
    if (!it) return;
    it.defaultPlaybackRate = speed;
    it.playbackRate = speed;
    it.muted = !isLoud;
    if (isPaused) it.pause();
    else void it.play().catch(() => undefined); // it plays when there is something to play
  }, [isPaused, speed, isLoud]);
  useEffect(() => {
    if (!video.current) return;
    return playInto(video.current, camera, from, { tell, isSmaller: () => setSmaller(true), fail: setFailure });
  }, []);
  return (
    <div class="screen">
      {failure ? (
        <Trouble of={failure} isPlain />
      ) : (
        <video ref={video} data-testid="timeline-video" autoplay muted playsinline onEnded={stop} />
      )}
      {isSmaller && !failure && (
        <span class="badge" data-testid="timeline-sub">
          Second stream: this browser does not play H.265
        </span>
      )}
    </div>
  );
}
