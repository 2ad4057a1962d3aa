// How events look: a badge, trails over the clip, a filter, the day at a glance, the owner's own remark.

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, type Clip, put, sealed } from "../shared/api";
import { hhmm, ticks, tickStep } from "../shared/time";
import { go, opener, say } from "./state";
import { Hours, TICK_PX } from "./Strip";
import { CALLED, type Filter, kindGroup, NAMES, passes, placeAt, type Told, type Verdict, VERDICTS, what } from "./told";
import type { View } from "./view";

export function Badge({ of }: { of: Told | undefined }) {
  if (!of?.verdict) return null;
  return (
    <span class={`verdict ${of.verdict}`} data-testid="verdict">
      {CALLED[of.verdict]}
    </span>
  );
}

// Boxes and trails drawn over the video, in step with it.
export function Trails({ video, began, of }: { video: { current: HTMLVideoElement | null }; began: number; of: Told }) {
  const [at, setAt] = useState(began);
  const [shape, setShape] = useState<[number, number]>([16, 9]);
  useEffect(() => {
    let frame = 0;
    const follow = () => {
      const it = video.current;
      if (it) {
        setAt(began + it.currentTime * 1000);
        if (it.videoWidth) setShape((had) => (had[0] === it.videoWidth && had[1] === it.videoHeight ? had : [it.videoWidth, it.videoHeight]));
      }
      frame = requestAnimationFrame(follow);
    };
    frame = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(frame);
  }, [began]);
  const [w, h] = shape;
  return (
    <svg class="trails" viewBox={`0 0 ${w} ${h}`} preserveAspectRatio="xMidYMid meet" aria-hidden="true" data-testid="trails">
      {of.tracks.map((track) => {
        const here = placeAt(track.path, at);
        const past = track.path.filter((p) => p[0] <= at);
        return (
          <g key={track.id} class={of.verdict ?? "routine"}>
            {past.length > 1 && <polyline points={past.map((p) => `${((p[1] + p[3]) / 2) * w},${p[4] * h}`).join(" ")} stroke-width={w / 400} />}
            {here && (
              <>
                <rect x={here[1] * w} y={here[2] * h} width={(here[3] - here[1]) * w} height={(here[4] - here[2]) * h} rx={w / 160} stroke-width={w / 480} />
                <text x={here[1] * w} y={here[2] * h - w / 150 > w / 40 ? here[2] * h - w / 150 : here[4] * h + w / 45} font-size={w / 55}>
                  {NAMES[track.kind]}
                </text>
              </>
            )}
          </g>
        );
      })}
    </svg>
  );
}

const KINDS: [Exclude<Filter["kind"], null>, string][] = [
  ["person", "People"],
  ["pet", "Animals"],
  ["vehicle", "Vehicles"],
  ["other", "Other"],
];

export function FilterBar({ filter, set }: { filter: Filter; set: (to: Filter) => void }) {
  return (
    <div class="filter" role="group" aria-label="Which events">
      {VERDICTS.map((v) => (
        <button key={v} type="button" class={`chip ${v}`} aria-pressed={filter.verdict === v} onClick={() => set({ ...filter, verdict: filter.verdict === v ? null : v })}>
          {CALLED[v]}
        </button>
      ))}
      <span class="bar" />
      {KINDS.map(([k, name]) => (
        <button key={k} type="button" class="chip" aria-pressed={filter.kind === k} onClick={() => set({ ...filter, kind: filter.kind === k ? null : k })}>
          {name}
        </button>
      ))}
    </div>
  );
}

const ROWS = KINDS.map(([k]) => k);
const ROW = 34;
const LINE = 24; // of a row: its name stands above, so that hours lie under those of the strips
const RANK: Record<Verdict, number> = { routine: 0, unsure: 1, threat: 2 };

// The day at a glance: each event a dot at its hour, in the row of what it was.
export function Glance({ clips, known, whole, filter }: { clips: readonly Clip[]; known: ReadonlyMap<string, Told>; whole: View; filter: Filter }) {
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
      <svg viewBox={`0 0 ${width} ${ROWS.length * ROW}`} role="img" aria-label={`${dots.length} events of the day by hour and kind`} data-testid="glance">
        {ROWS.map((row, i) => (
          <g key={row}>
            <text x="0" y={i * ROW + 12}>
              {KINDS[i]![1]}
            </text>
            <line class="base" x1={0} x2={width} y1={i * ROW + LINE} y2={i * ROW + LINE} />
          </g>
        ))}
        {dots.map(({ clip, of }) => (
          <circle key={clip.id} class={of?.verdict ?? "routine"} cx={x(clip.onset_ms)} cy={ROWS.indexOf(kindGroup(of)) * ROW + LINE} r={of?.verdict === "threat" ? 7 : 5} onClick={() => go(`/clip/${clip.id}`)}>
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

const RIGHT: [string, string][] = [
  ["threat", "A threat"],
  ["routine", "Daily life"],
  ["nothing", "Nothing there"],
];

// "Not right?": a remark kept at home, sealed in this browser to the owner's own key.
export function Remark({ clip }: { clip: string }) {
  const [said, setSaid] = useState<{ right: string; note: string } | null>(null);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    let gone = false;
    setSaid(null);
    setOpen(false);
    void (async () => {
      try {
        const found = await sealed(`/clips/${clip}/remark`);
        if (!found || !opener.value) return;
        const opened = JSON.parse(new TextDecoder().decode(await opener.value.open(found.bytes))) as { right: string; note: string };
        if (!gone) setSaid(opened);
      } catch (error) {
        if (!gone && !(error instanceof ApiError)) say("The remark on this clip cannot be opened.");
      }
    })();
    return () => {
      gone = true;
    };
  }, [clip]);
  const keep = async (next: { right: string; note: string }) => {
    const had = said;
    setSaid(next);
    try {
      if (!opener.value) throw new Error("Sign in first.");
      await put(`/clips/${clip}/remark`, await opener.value.seal(new TextEncoder().encode(JSON.stringify(next))));
    } catch (error) {
      setSaid(had);
      say((error as Error).message);
    }
  };
  if (!open && !said) {
    return (
      <button type="button" class="quiet" data-testid="remark-open" onClick={() => setOpen(true)}>
        Not right?
      </button>
    );
  }
  return (
    <div class="remark" data-testid="remark">
      <span>It was</span>
      <div class="segmented" role="group" aria-label="What it was">
        {RIGHT.map(([value, name]) => (
          <button key={value} type="button" aria-pressed={said?.right === value} onClick={() => void keep({ right: value, note: said?.note ?? "" })}>
            {name}
          </button>
        ))}
      </div>
      <input aria-label="Your note" placeholder="A note for yourself" maxLength={500} value={said?.note ?? ""} onChange={(e) => void keep({ right: said?.right ?? "", note: e.currentTarget.value })} />
      <small>Stays at home, sealed to your key.</small>
    </div>
  );
}
