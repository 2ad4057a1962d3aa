// The day of each camera. Drag to look, space to play, arrows to step; all pictures are opened here.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { codecs, context, hasInit } from "../../shared/mp4";
import { get, sealed } from "../../shared/throwing";
import {
  ago,
  dateOf,
  dayAfter,
  dayBefore,
  dayName,
  dayOf,
  dayOfDate,
  HOUR,
  hhmmss,
  MINUTE,
  SECOND,
  sameTimeOn,
} from "../../shared/time";
import type { CameraDay, Clip, Segment } from "../../shared/wire";
import { FilterBar } from "../events";
import { type Filter, passes } from "../findings";
import { learn, told } from "../learn";
import { SealedPlayer } from "../player";
import { clipsChanged, go, home, hubNow, now, opener, path, ring, stillsChanged } from "../state";
import { Link, Problem, SealedPicture, useTitle, Wait } from "../ui";
import { Glance } from "./Glance";
import { Strip } from "./Strip";
import { draw, prepare, sheet } from "./sheets";
import { including, type View, zoomed } from "./view";

const PLAY_WINDOW = 10 * MINUTE;
const INIT_BEFORE = MINUTE; // an init segment is at most this far back
const FRESH = 100 * SECOND; // no sheet is made of the newest minute yet
const SPANS = [
  ["24 h", 24 * HOUR],
  ["6 h", 6 * HOUR],
  ["1 h", HOUR],
  ["10 min", 10 * MINUTE],
] as const;
const SPEEDS = [1, 2, 4];

export function Timeline() {
  useTitle("Timeline");
  const asked = new URLSearchParams(path.value.split("?")[1] ?? "");
  const [at, setAt] = useState(Number(asked.get("at")) || hubNow() - 5 * SECOND);
  const [camera, setCamera] = useState(asked.get("camera"));
  const [days, setDays] = useState<CameraDay[] | null>(null);
  const [session, setSession] = useState<{ from: number; paused: boolean } | null>(null);
  const [speed, setSpeed] = useState(1);
  const [loud, setLoud] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const whole = useMemo(() => dayOf(at), [dayOf(at).from]);
  const [view, setView] = useState<View>(whole);
  const [filter, setFilter] = useState<Filter>({ verdict: null, kind: null });
  useEffect(() => void (days && learn(days.flatMap((d) => d.clips))), [days]);
  const tick = Math.floor(now.value / 20_000);

  useEffect(() => {
    let gone = false;
    get<{ cameras: CameraDay[] }>(`/timeline?from_ms=${whole.from}&to_ms=${whole.to}`).then(
      (found) => {
        if (gone) return;
        setDays(found.cameras);
        setProblem(null);
      },
      (error: Error) => !gone && setProblem(error.message),
    );
    return () => {
      gone = true;
    };
  }, [whole.from, clipsChanged.value, whole.to > hubNow() ? tick : 0]);
  useEffect(() => {
    if (view.from < whole.from || view.to > whole.to || view.to - view.from > 22 * HOUR)
      setView(view.to - view.from > 22 * HOUR ? whole : zoomed(whole, whole, view.to - view.from, at));
    else setView(including(view, whole, at));
  }, [whole.from, Math.round(at / SECOND), session !== null]);

  const shown = days?.find((d) => d.id === camera) ?? days?.[0] ?? null;
  const wanted = (clips: Clip[]) => clips.filter((c) => passes(told.value.get(c.id), filter));
  const stand = (to: number) => {
    setSession(null);
    setAt(Math.min(hubNow(), to));
  };
  const toEvent = (forward: boolean) => {
    const next = neighbour(wanted(shown?.clips ?? []), at, forward);
    if (next) stand(next.onset_ms);
  };
  const play = () => setSession(session ? { ...session, paused: !session.paused } : { from: at, paused: false });
  const zoom = (span: number) =>
    setView(zoomed(view, whole, span, at >= view.from && at <= view.to ? at : (view.from + view.to) / 2));
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if (
        (event.target as HTMLElement).closest("input, select, textarea") ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey
      )
        return;
      const step = Math.max(SECOND, Math.min(10 * SECOND, (view.to - view.from) / 300));
      if (event.key === "ArrowLeft") event.shiftKey ? toEvent(false) : stand(at - step);
      else if (event.key === "ArrowRight") event.shiftKey ? toEvent(true) : stand(at + step);
      else if (event.key === " " && !(event.target as HTMLElement).closest("button")) play();
      else if (event.key === "+") zoom((view.to - view.from) / 2);
      else if (event.key === "-") zoom((view.to - view.from) * 2);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  });

  if (!days)
    return problem ? (
      <Problem text={problem} todo="It is tried again in a moment." />
    ) : (
      <Wait text="Fetching the day…" />
    );
  if (!shown) {
    return (
      <div class="empty">
        <h2>No camera yet</h2>
        <p>Its day appears here once one is added.</p>
        <Link href="/cameras/new" class="button main">
          Add a camera
        </Link>
      </div>
    );
  }
  const clip = shown.clips.find((c) => c.began_ms <= at && at <= (c.ended_ms ?? hubNow()));
  const sound = home.value?.cameras.find((c) => c.id === shown.id)?.audio;
  const isToday = whole.to > hubNow();
  return (
    <>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: it only takes the focus off a button that the mouse pressed */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the same */}
      <div class="day-bar" onClick={letGo}>
        <button
          type="button"
          class="quiet round"
          aria-label="The day before"
          onClick={() => stand(sameTimeOn(dayBefore(at), at))}
        >
          ‹
        </button>
        <h1>
          <label>
            {dayName(at, now.value)}
            <input
              type="date"
              aria-label="Day"
              max={dateOf(hubNow())}
              value={dateOf(at)}
              onClick={(e) => e.currentTarget.showPicker?.()}
              onChange={(e) => stand(sameTimeOn(dayOfDate(e.currentTarget.value) ?? at, at))}
            />
          </label>
        </h1>
        <button
          type="button"
          class="quiet round"
          aria-label="The day after"
          disabled={isToday}
          onClick={() => stand(sameTimeOn(dayAfter(at), at))}
        >
          ›
        </button>
        <span class="grow" />
        <div class="segmented" role="group" aria-label="Zoom">
          {SPANS.map(([label, span]) => (
            <button
              key={label}
              type="button"
              aria-pressed={
                Math.abs(view.to - view.from - Math.min(span, span > 20 * HOUR ? whole.to - whole.from : span)) < SECOND
              }
              onClick={() => zoom(span > 20 * HOUR ? whole.to - whole.from : span)}
            >
              {label}
            </button>
          ))}
        </div>
      </div>
      <div class="look">
        {session ? (
          <Playing
            key={`${shown.id} ${session.from}`}
            camera={shown.id}
            from={session.from}
            paused={session.paused}
            speed={speed}
            loud={loud}
            tell={setAt}
            stop={() => setSession(null)}
          />
        ) : (
          <Look day={shown} at={at} />
        )}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: it only takes the focus off a button that the mouse pressed */}
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the same */}
        <div class="look-bar" onClick={letGo}>
          <button
            type="button"
            class="main round"
            data-testid="timeline-play"
            aria-label={session && !session.paused ? "Pause" : "Play from here"}
            onClick={play}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={session && !session.paused ? "M7 5h3v14H7zM14 5h3v14h-3z" : "M8 5v14l11-7z"} />
            </svg>
          </button>
          <span class="look-at">
            <strong data-testid="timeline-at">{hhmmss(at)}</strong>
            <small>{shown.name}</small>
          </span>
          <span class="look-more">
            {clip && (
              <Link href={`/clip/${clip.id}`} class="button">
                Open clip
              </Link>
            )}
            {session && (
              <button
                type="button"
                class="quiet"
                aria-label={`Speed ${speed} times`}
                onClick={() => setSpeed(SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? 1)}
              >
                {speed}×
              </button>
            )}
            {session && sound && !sound.startsWith("pcm") && (
              <button type="button" class="quiet" aria-pressed={loud} onClick={() => setLoud(!loud)}>
                {loud ? "Sound off" : "Sound on"}
              </button>
            )}
          </span>
          <span class="grow" />
          <button
            type="button"
            class="quiet"
            aria-label="Previous event"
            disabled={!neighbour(wanted(shown.clips), at, false)}
            onClick={() => toEvent(false)}
          >
            ‹<span class="wide-only"> Event</span>
          </button>
          <button
            type="button"
            class="quiet"
            aria-label="Next event"
            disabled={!neighbour(wanted(shown.clips), at, true)}
            onClick={() => toEvent(true)}
          >
            <span class="wide-only">Event </span>›
          </button>
          <button
            type="button"
            class="quiet"
            disabled={isToday && at > hubNow() - 20 * SECOND}
            onClick={() => stand(hubNow() - 5 * SECOND)}
          >
            Now
          </button>
        </div>
      </div>
      {days.map((each) => (
        <Strip
          known={told.value}
          filter={filter}
          key={each.id}
          day={each}
          whole={whole}
          view={view}
          at={at}
          current={each.id === shown.id}
          show={setView}
          move={(to) => {
            if (each.id !== shown.id) {
              setCamera(each.id);
              go(`/timeline?camera=${each.id}`, true);
            }
            stand(to);
          }}
        />
      ))}
      <section class="at-a-glance">
        <h2>{shown.name}: the day at a glance</h2>
        <FilterBar filter={filter} set={setFilter} />
        <Glance clips={shown.clips} known={told.value} whole={whole} filter={filter} />
      </section>
      <p class="fine hint">
        Drag on a strip to look. ← → step, with Shift to the next event; space plays; + and − zoom, so does Ctrl with
        the wheel.
      </p>
    </>
  );
}

// A button that was tapped or clicked gives the focus back, so that space plays; one that was reached by keyboard keeps it.
function letGo(event: MouseEvent) {
  if (event.detail > 0) (event.target as HTMLElement).closest("button")?.blur();
}

function neighbour(clips: Clip[], at: number, forward: boolean): Clip | undefined {
  const inOrder = [...clips].sort((a, b) => a.onset_ms - b.onset_ms);
  return forward ? inOrder.find((c) => c.onset_ms > at + 500) : inOrder.reverse().find((c) => c.onset_ms < at - 500);
}

// The still under the finger. While one minute is being opened, only the last one asked for waits.
function Look({ day, at }: { day: CameraDay; at: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [blank, setBlank] = useState<string | null>("");
  const entry = useMemo(() => {
    let best: [number, number, number] | null = null;
    for (const each of day.sheets) if (each[1] <= at + 2000 && at <= each[1] + each[2] + 10_000) best = each;
    return best;
  }, [day.sheets, at]);
  const wanted = useRef<{ id: number; at: number } | null>(null);
  const working = useRef(false);
  const fresh = !entry && at > hubNow() - FRESH;

  useEffect(() => {
    wanted.current = entry && { id: entry[0], at };
    if (!entry) setBlank("Nothing was recorded here.");
    else if (!working.current) void work();
  }, [entry?.[0], at, fresh]);
  useEffect(() => {
    if (!entry) return;
    const index = day.sheets.indexOf(entry);
    const soon = setTimeout(() => {
      for (const near of [index + 1, index - 1, index + 2])
        if (day.sheets[near]) prepare(day.sheets[near][0]).catch(() => undefined);
    }, 80);
    return () => clearTimeout(soon);
  }, [entry?.[0]]);
  const work = async () => {
    working.current = true;
    for (let done: unknown = null; wanted.current && wanted.current !== done; ) {
      const want = wanted.current;
      try {
        const open = await sheet(want.id);
        const latest = wanted.current as typeof want | null;
        if (open && canvas.current && latest) {
          canvas.current.dataset.atMs = String(draw(open, latest.id === want.id ? latest.at : want.at, canvas.current));
          setBlank(null);
        }
        done = latest?.id === want.id ? latest : want;
      } catch (error) {
        if (wanted.current === want) setBlank((error as Error).message);
        done = want;
      }
    }
    working.current = false;
  };
  useEffect(
    () => () => {
      wanted.current = null;
    },
    [],
  );
  const live = home.value?.cameras.find((c) => c.id === day.id);
  return (
    <div class="screen">
      {fresh && (
        <SealedPicture
          path={`/cameras/${day.id}/still`}
          again={stillsChanged.value[day.id] ?? 0}
          alt={`Latest picture of ${day.name}`}
          empty="Waiting for the first picture…"
        />
      )}
      {fresh && live?.still_at_ms && (
        <span class="badge">
          Latest picture, {ago(Math.max(live.still_at_ms, stillsChanged.value[day.id] ?? 0), now.value)}
        </span>
      )}
      <canvas
        ref={canvas}
        data-testid="timeline-still"
        hidden={fresh || blank !== null}
        aria-label={`${day.name} at ${hhmmss(at)}`}
        role="img"
      />
      {blank && !fresh && <p>{blank}</p>}
    </div>
  );
}

interface PlayingProps {
  camera: string;
  from: number;
  paused: boolean;
  speed: number;
  loud: boolean;
  tell: (ms: number) => void;
  stop: () => void;
}

// Continuous playback of what is kept, sealed segment by sealed segment.
function Playing(props: PlayingProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const it = video.current;
    if (!it) return;
    it.defaultPlaybackRate = it.playbackRate = props.speed;
    it.muted = !props.loud;
    if (props.paused) it.pause();
    else void it.play().catch(() => undefined);
  }, [props.paused, props.speed, props.loud]);
  useEffect(() => {
    let gone = false;
    let player: SealedPlayer | null = null;
    let base = props.from;
    const told = setInterval(() => {
      const it = video.current;
      if (it && !it.paused && it.currentTime > 0) props.tell(base + it.currentTime * 1000);
    }, 250);
    const open = async (segment: Segment) => {
      const got = await sealed(`/segments/${segment.id}`);
      if (gone || !got || !opener.value) return null;
      const bytes = await opener.value.open(got.bytes);
      const says = context(bytes);
      if (says && (says.household !== ring.value?.household || says.camera !== props.camera))
        throw new Error("A segment says that it is of another camera. It is not shown.");
      return bytes;
    };
    void (async () => {
      try {
        let from = props.from - INIT_BEFORE;
        let seen = 0;
        while (!gone) {
          const found = await get<Segment[]>(
            `/segments?camera=${props.camera}&from_ms=${Math.round(from)}&to_ms=${Math.round(from + INIT_BEFORE + PLAY_WINDOW)}`,
          );
          let fresh = found.filter((s) => s.began_ms > seen);
          if (!player)
            fresh = fresh.slice(
              Math.max(
                0,
                fresh.findLastIndex((s) => !s.continues && s.began_ms <= props.from),
              ),
            );
          if (!player && !fresh.some((s) => s.began_ms + s.duration_ms > props.from))
            throw new Error("Nothing was recorded from here on. Choose a filled stretch of the strip.");
          let ahead = fresh[0] ? open(fresh[0]) : null; // the next one is fetched and opened while this one is appended
          for (let n = 0; n < fresh.length; n++) {
            const segment = fresh[n]!;
            const bytes = await ahead;
            const next = fresh[n + 1];
            ahead = next ? open(next) : null;
            ahead?.catch(() => undefined);
            if (gone || !bytes || !video.current) return;
            const begins = hasInit(bytes);
            if (!player) {
              if (!begins) continue;
              base = segment.began_ms;
              player = new SealedPlayer(video.current, codecs(bytes) ?? "avc1.640028");
              video.current.currentTime = Math.max(0, (props.from - base) / 1000);
            }
            await player.append(
              bytes,
              begins ? (segment.began_ms - base) / 1000 : undefined,
              begins ? codecs(bytes) : null,
            );
            seen = segment.began_ms;
            from = segment.began_ms + segment.duration_ms - INIT_BEFORE;
            await player.room();
            if (gone) return;
          }
          if (fresh.length) continue;
          if (from + INIT_BEFORE + PLAY_WINDOW > hubNow()) await new Promise((resolve) => setTimeout(resolve, 1500));
          else from += PLAY_WINDOW; // a long stretch without a recording
        }
      } catch (error) {
        if (!gone) setProblem((error as Error).message);
      }
    })();
    return () => {
      gone = true;
      clearInterval(told);
      player?.close();
    };
  }, []);
  if (problem) {
    return (
      <div class="screen">
        <p role="alert">{problem}</p>
      </div>
    );
  }
  return (
    <div class="screen">
      <video ref={video} data-testid="timeline-video" autoplay muted playsinline onEnded={props.stop} />
    </div>
  );
}
