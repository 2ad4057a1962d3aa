// A strip of 24 hours per camera. Drag to look, space to play, arrows to step; all pictures are opened here.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type CameraDay, get, sealed, type Segment } from "../shared/api";
import { context, hasInit, type SheetFacts, sheetFacts } from "../shared/mp4";
import { dayAfter, dayBefore, dayName, dayOf, hhmmss, HOUR, hoursOf, MINUTE } from "../shared/time";
import { SealedPlayer } from "./player";
import { clipsChanged, home, now, opener, path, ring } from "./state";
import { Link, useTitle, Wait } from "./ui";

const MOST_SHEETS = 48;
const PLAY_WINDOW = 10 * MINUTE;
const ZOOMS = [24 * HOUR, 6 * HOUR, HOUR] as const;

interface OpenSheet {
  picture: ImageBitmap;
  facts: SheetFacts;
}

const sheets = new Map<number, Promise<OpenSheet | null>>();

function sheet(id: number): Promise<OpenSheet | null> {
  let found = sheets.get(id);
  if (found) sheets.delete(id);
  else {
    found = (async () => {
      const got = await sealed(`/sheets/${id}`);
      if (!got || !opener.value) return null;
      const jpeg = await opener.value.open(got.bytes);
      const facts = sheetFacts(jpeg);
      return facts && { picture: await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" })), facts };
    })();
    found.catch(() => sheets.delete(id));
  }
  sheets.set(id, found);
  for (const old of sheets.keys()) {
    if (sheets.size <= MOST_SHEETS) break;
    sheets.delete(old);
  }
  return found;
}

export function Timeline() {
  useTitle("Timeline");
  const asked = new URLSearchParams(path.value.split("?")[1] ?? "");
  const [at, setAt] = useState(Number(asked.get("at")) || Date.now() - 5000);
  const [camera, setCamera] = useState(asked.get("camera"));
  const [zoom, setZoom] = useState(0);
  const [days, setDays] = useState<CameraDay[] | null>(null);
  const [playing, setPlaying] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const day = dayOf(at);
  const tick = Math.floor(now.value / 20_000);

  useEffect(() => {
    let gone = false;
    get<{ cameras: CameraDay[] }>(`/timeline?from_ms=${day.from}&to_ms=${day.to}`).then(
      (found) => !gone && setDays(found.cameras),
      (error: Error) => !gone && setProblem(error.message),
    );
    return () => {
      gone = true;
    };
  }, [day.from, clipsChanged.value, day.to > Date.now() ? tick : 0]);

  const shown = days?.find((d) => d.id === camera) ?? days?.[0] ?? null;
  const span = ZOOMS[zoom] ?? ZOOMS[0];
  const window = useMemo(() => {
    if (span >= 24 * HOUR) return day;
    const from = Math.max(day.from, Math.min(Math.floor(at / (span / 4)) * (span / 4) - span / 2, day.to - span));
    return { from, to: from + span };
  }, [day.from, day.to, span, Math.floor(at / (span / 4))]);

  const step = (by: number) => {
    setPlaying(false);
    setAt(Math.min(Date.now(), at + by));
  };
  const toEvent = (forward: boolean) => {
    const clips = [...(shown?.clips ?? [])].sort((a, b) => a.onset_ms - b.onset_ms);
    const next = forward ? clips.find((c) => c.onset_ms > at + 500) : clips.reverse().find((c) => c.onset_ms < at - 500);
    if (next) step(next.onset_ms - at);
  };
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if ((event.target as HTMLElement).closest("input, select, textarea")) return;
      if (event.key === "ArrowLeft") event.shiftKey ? toEvent(false) : step(-10_000);
      else if (event.key === "ArrowRight") event.shiftKey ? toEvent(true) : step(10_000);
      else if (event.key === " " && !(event.target as HTMLElement).closest("button")) setPlaying(!playing);
      else if (event.key === "+") setZoom(Math.min(ZOOMS.length - 1, zoom + 1));
      else if (event.key === "-") setZoom(Math.max(0, zoom - 1));
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  });

  if (problem) return <p role="alert">{problem}</p>;
  if (!days) return <Wait text="Fetching the day…" />;
  if (!shown) {
    return (
      <div class="empty">
        <h2>No camera yet</h2>
        <Link href="/cameras/new" class="button main">
          Add a camera
        </Link>
      </div>
    );
  }
  return (
    <>
      <div class="day-bar">
        <button type="button" class="quiet" aria-label="The day before" onClick={() => step(dayBefore(at) + (at - day.from) - at)}>
          ‹
        </button>
        <h1>{dayName(at, now.value)}</h1>
        <button type="button" class="quiet" aria-label="The day after" disabled={day.to > Date.now()} onClick={() => step(dayAfter(at) + (at - day.from) - at)}>
          ›
        </button>
        <span class="grow" />
        <div class="segmented" role="group" aria-label="Zoom">
          {["24 h", "6 h", "1 h"].map((label, i) => (
            <button key={label} type="button" aria-pressed={zoom === i} onClick={() => setZoom(i)}>
              {label}
            </button>
          ))}
        </div>
      </div>
      <div class="look">
        {playing ? <Playing camera={shown.id} from={at} tell={setAt} stop={() => setPlaying(false)} /> : <Look day={shown} at={at} />}
        <div class="look-bar">
          <button type="button" class="main round" data-testid="timeline-play" aria-label={playing ? "Pause" : "Play from here"} onClick={() => setPlaying(!playing)}>
            {playing ? "❚❚" : "▶"}
          </button>
          <strong data-testid="timeline-at">{hhmmss(at)}</strong>
          <span>{shown.name}</span>
          <span class="grow" />
          <button type="button" class="quiet" onClick={() => toEvent(false)}>
            ‹ Event
          </button>
          <button type="button" class="quiet" onClick={() => toEvent(true)}>
            Event ›
          </button>
        </div>
      </div>
      {days.map((each) => (
        <Strip
          key={each.id}
          day={each}
          window={window}
          at={at}
          current={each.id === shown.id}
          move={(to) => {
            setPlaying(false);
            setCamera(each.id);
            setAt(Math.min(to, Date.now()));
          }}
        />
      ))}
      <p class="fine hint">Drag on a strip to look. ← → step ten seconds, with Shift to the next event; space plays; + and − zoom.</p>
    </>
  );
}

function Strip(props: { day: CameraDay; window: { from: number; to: number }; at: number; current: boolean; move: (ms: number) => void }) {
  const { day, window, at } = props;
  const box = useRef<SVGSVGElement>(null);
  const length = window.to - window.from;
  const x = (ms: number) => ((Math.max(window.from, Math.min(window.to, ms)) - window.from) / length) * 1000;
  const pick = (event: PointerEvent) => {
    const frame = box.current!.getBoundingClientRect();
    props.move(window.from + (Math.max(0, Math.min(frame.width, event.clientX - frame.left)) / frame.width) * length);
  };
  const marks = length >= 24 * HOUR - HOUR ? hoursOf(window).filter((_, i) => i % 3 === 0) : Array.from({ length: 7 }, (_, i) => ({ at: window.from + (i * length) / 6, label: hhmmss(window.from + (i * length) / 6).slice(0, 5) }));
  return (
    <section class={props.current ? "strip current" : "strip"}>
      <h2>{day.name}</h2>
      <svg
        ref={box}
        viewBox="0 0 1000 44"
        preserveAspectRatio="none"
        data-testid="timeline-strip"
        role="slider"
        tabIndex={0}
        aria-label={`Time on ${day.name}`}
        aria-valuemin={window.from}
        aria-valuemax={window.to}
        aria-valuenow={Math.round(at)}
        aria-valuetext={hhmmss(at)}
        onPointerDown={(e) => {
          e.currentTarget.setPointerCapture(e.pointerId);
          pick(e);
        }}
        onPointerMove={(e) => e.buttons && pick(e)}
      >
        <rect class="bed" width="1000" height="44" rx="3" />
        {day.spans.map(([from, to]) => to > window.from && from < window.to && <rect key={from} class="kept" x={x(from)} width={Math.max(0.8, x(to) - x(from))} y="14" height="16" />)}
        {day.outages.map((o) => (
          <rect key={o.began_ms} class="lost" x={x(o.began_ms)} width={Math.max(0.8, x(o.ended_ms ?? Date.now()) - x(o.began_ms))} y="14" height="16">
            <title>Not recorded: {o.reason.replaceAll("_", " ")}</title>
          </rect>
        ))}
        {day.clips.map((c) => (c.ended_ms ?? Date.now()) > window.from && c.onset_ms < window.to && <rect key={c.id} class="event" x={x(c.onset_ms)} width={Math.max(2, x(c.ended_ms ?? Date.now()) - x(c.onset_ms))} y="6" height="32" rx="1" />)}
        {at >= window.from && at <= window.to && <rect class="cursor" x={x(at) - 0.8} width="1.6" height="44" />}
      </svg>
      <div class="hours" aria-hidden="true">
        {marks.map((m) => (
          <span key={m.at} style={{ left: `${x(m.at) / 10}%` }}>
            {m.label}
          </span>
        ))}
      </div>
    </section>
  );
}

// The still under the finger.
function Look({ day, at }: { day: CameraDay; at: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [blank, setBlank] = useState<string | null>("");
  const entry = useMemo(() => {
    let best: [number, number, number] | null = null;
    for (const each of day.sheets) if (each[1] <= at + 2000 && at <= each[1] + each[2] + 10_000) best = each;
    return best;
  }, [day.sheets, at]);
  useEffect(() => {
    let gone = false;
    if (!entry) {
      setBlank(at > Date.now() - 90_000 ? "The newest minute has no stills yet. Press play." : "Nothing was recorded here.");
      return;
    }
    sheet(entry[0]).then(
      (open) => {
        const target = canvas.current;
        if (gone || !open || !target) return;
        const { at_ms, columns, cell } = open.facts;
        let index = 0;
        at_ms.forEach((ms, i) => {
          if (ms <= at + 500) index = i;
        });
        target.width = cell[0];
        target.height = cell[1];
        target.getContext("2d")!.drawImage(open.picture, (index % columns) * cell[0], Math.floor(index / columns) * cell[1], cell[0], cell[1], 0, 0, cell[0], cell[1]);
        target.dataset.atMs = String(at_ms[index]);
        setBlank(null);
      },
      (error: Error) => !gone && setBlank(error.message),
    );
    const index = day.sheets.indexOf(entry);
    for (const near of [day.sheets[index + 1], day.sheets[index - 1]]) if (near) sheet(near[0]).catch(() => undefined);
    return () => {
      gone = true;
    };
  }, [entry?.[0], at]);
  return (
    <div class="screen">
      <canvas ref={canvas} data-testid="timeline-still" hidden={blank !== null} aria-label={`${day.name} at ${hhmmss(at)}`} role="img" />
      {blank && <p>{blank}</p>}
    </div>
  );
}

// Continuous playback from the 24 hours of sealed segments.
function Playing(props: { camera: string; from: number; tell: (ms: number) => void; stop: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    let player: SealedPlayer | null = null;
    const now = home.value?.cameras.find((c) => c.id === props.camera);
    let base = props.from;
    const told = setInterval(() => {
      const it = video.current;
      if (it && !it.paused && it.currentTime > 0) props.tell(base + it.currentTime * 1000);
    }, 250);
    void (async () => {
      try {
        let from = props.from;
        let seen = 0;
        while (!gone) {
          const found = await get<Segment[]>(`/segments?camera=${props.camera}&from_ms=${Math.round(from)}&to_ms=${Math.round(from + PLAY_WINDOW)}`);
          const fresh = found.filter((s) => s.began_ms > seen);
          if (!fresh.length && from < Date.now() - 60_000 && !found.length) {
            if (!player) throw new Error("Nothing was recorded here. Choose a filled stretch of the strip.");
            break;
          }
          for (const segment of fresh) {
            const got = await sealed(`/segments/${segment.id}`);
            if (gone || !got || !opener.value || !video.current) return;
            const open = await opener.value.open(got.bytes);
            const says = context(open);
            if (says && (says.household !== ring.value?.household || says.camera !== props.camera)) throw new Error("A segment says that it is of another camera. It is not shown.");
            if (!player) {
              if (!hasInit(open)) continue;
              base = segment.began_ms;
              player = new SealedPlayer(video.current, now?.codecs ?? "avc1.640028");
              video.current.currentTime = Math.max(0, (props.from - base) / 1000);
            }
            await player.append(open, hasInit(open) ? (segment.began_ms - base) / 1000 : undefined);
            seen = segment.began_ms;
            from = segment.began_ms + segment.duration_ms;
            await player.room();
            if (gone) return;
          }
          if (!fresh.length) await new Promise((resolve) => setTimeout(resolve, 1500));
        }
        player?.end();
      } catch (error) {
        if (!gone) setProblem((error as Error).message);
      }
    })();
    return () => {
      gone = true;
      clearInterval(told);
      player?.close();
    };
  }, [props.camera]);
  return <div class="screen">{problem ? <p role="alert">{problem}</p> : <video ref={video} data-testid="timeline-video" autoplay muted playsinline onEnded={props.stop} onClick={props.stop} />}</div>;
}

