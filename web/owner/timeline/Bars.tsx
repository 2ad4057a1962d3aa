// What stands above and below the picture: which day and how much of it, then play, where we are, and events.

import type { ComponentChildren } from "preact";
import { dateOf, dayAfter, dayBefore, dayName, dayOfDate, hhmmss, SECOND } from "../../shared/time";
import type { CameraDay, Clip } from "../../shared/wire";
import { home, hubNow, now } from "../state";
import { Link } from "../ui";
import { clipAt } from "./days";
import {
  faster,
  isShowing,
  neighbour,
  onDay,
  play,
  SPANS,
  spanOn,
  standNow,
  toEvent,
  type Walk,
  wholeOf,
  zoom,
} from "./walk";

const BEHIND = 20 * SECOND; // less than this is now

interface BarProps {
  walk: Walk;
  set: (next: (had: Walk) => Walk) => void;
}

export function DayBar({ walk, set }: BarProps) {
  const { at, day } = walk;
  const goTo = (to: number) => set((had) => onDay(had, to, hubNow()));
  return (
    <Bar class="day-bar">
      <button
        type="button"
        class="quiet round"
        aria-label="The day before"
        onClick={() => goTo(dayBefore(day ?? hubNow()))}
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
            onClick={(event) => event.currentTarget.showPicker?.()}
            onChange={(event) => goTo(dayOfDate(event.currentTarget.value) ?? at)}
          />
        </label>
      </h1>
      <button
        type="button"
        class="quiet round"
        aria-label="The day after"
        disabled={day === null}
        onClick={() => goTo(dayAfter(day ?? at))}
      >
        ›
      </button>
      <span class="grow" />
      <div class="segmented" role="group" aria-label="Zoom">
        {SPANS.map(({ label, ms }) => (
          <button
            key={label}
            type="button"
            aria-pressed={isShowing(walk, ms, hubNow())}
            onClick={() => set((had) => zoom(had, spanOn(wholeOf(had, hubNow()), ms), hubNow()))}
          >
            {label}
          </button>
        ))}
      </div>
    </Bar>
  );
}

export function LookBar({ day, clips, walk, set }: BarProps & { day: CameraDay; clips: readonly Clip[] }) {
  const isPlaying = walk.session !== null && !walk.session.isPaused;
  const toNeighbour = (forward: boolean) => set((had) => toEvent(had, clips, forward, hubNow()));
  return (
    <Bar class="look-bar">
      <button
        type="button"
        class="main round"
        data-testid="timeline-play"
        aria-label={isPlaying ? "Pause" : "Play from here"}
        onClick={() => set((had) => play(had, hubNow()))}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d={isPlaying ? "M7 5h3v14H7zM14 5h3v14h-3z" : "M8 5v14l11-7z"} />
        </svg>
      </button>
      <span class="look-at">
        <strong data-testid="timeline-at">{hhmmss(walk.at)}</strong>
        <small>{day.name}</small>
      </span>
      <More day={day} walk={walk} set={set} />
      <span class="grow" />
      <button
        type="button"
        class="quiet"
        aria-label="Previous event"
        disabled={!neighbour(clips, walk.at, false)}
        onClick={() => toNeighbour(false)}
      >
        ‹<span class="wide-only"> Event</span>
      </button>
      <button
        type="button"
        class="quiet"
        aria-label="Next event"
        disabled={!neighbour(clips, walk.at, true)}
        onClick={() => toNeighbour(true)}
      >
        <span class="wide-only">Event </span>›
      </button>
      <button
        type="button"
        class="quiet"
        disabled={walk.at > hubNow() - BEHIND}
        onClick={() => set((had) => standNow(had, hubNow()))}
      >
        Now
      </button>
    </Bar>
  );
}

// What there is to do with this moment, and with what plays.
function More({ day, walk, set }: BarProps & { day: CameraDay }) {
  const clip = clipAt(day.clips, walk.at, hubNow());
  const sound = home.value?.cameras.find((camera) => camera.id === day.id)?.audio;
  const canSound = sound && !sound.startsWith("pcm"); // no browser plays that in an MP4
  return (
    <span class="look-more">
      {clip && (
        <Link href={`/clip/${clip.id}`} class="button">
          Open clip
        </Link>
      )}
      {walk.session && (
        <button type="button" class="quiet" aria-label={`Speed ${walk.speed} times`} onClick={() => set(faster)}>
          {walk.speed}×
        </button>
      )}
      {walk.session && canSound && (
        <button
          type="button"
          class="quiet"
          aria-pressed={walk.isLoud}
          onClick={() => set((had) => ({ ...had, isLoud: !had.isLoud }))}
        >
          {walk.isLoud ? "Sound off" : "Sound on"}
        </button>
      )}
    </span>
  );
}

// A button that was tapped or clicked gives the focus back, so that space plays; one reached by keyboard keeps it.
function Bar(props: { class: string; children: ComponentChildren }) {
  const letGo = (event: MouseEvent) => {
    if (event.detail > 0) (event.target as HTMLElement).closest("button")?.blur();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: it only takes the focus off a button that the mouse pressed
    // biome-ignore lint/a11y/noStaticElementInteractions: the same
    <div class={props.class} onClick={letGo}>
      {props.children}
    </div>
  );
}
