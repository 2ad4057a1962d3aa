// The day of each camera. Drag to look, space to play, arrows to step; all pictures are opened here.

import { useEffect, useState } from "preact/hooks";
import { type Failure, get } from "../../shared/api";
import { SECOND } from "../../shared/time";
import type { CameraDay, Timeline as CameraDays } from "../../shared/wire";
import { FilterBar } from "../events";
import { passes } from "../findings";
import { findings, learn } from "../learn";
import { clipsChanged, go, hubNow, now, path } from "../state";
import { Link, Trouble, useTitle, Wait } from "../ui";
import { DayBar, LookBar } from "./Bars";
import { Glance } from "./Glance";
import { Playing, Still } from "./Screen";
import { Strip } from "./Strip";
import type { View } from "./view";
import { begin, type KeyPress, keyed, moved, show, stand, stop, viewOf, type Walk, wholeOf } from "./walk";

const AGAIN = 20 * SECOND; // today grows while it is looked at

export function Timeline() {
  useTitle("Timeline");
  const [walk, setWalk] = useState(() => begin(path.value.split("?")[1] ?? "", hubNow()));
  const nowMs = now.value && hubNow(); // afresh every second
  const [whole, view] = [wholeOf(walk, nowMs), viewOf(walk, nowMs)];
  const { days, failure } = useDays(whole, walk.day === null);
  useEffect(() => {
    if (days) void learn(days.flatMap((day) => day.clips));
  }, [days]);
  const day = days?.find((each) => each.id === walk.camera) ?? days?.[0];
  const clips = day?.clips.filter((clip) => passes(findings.value.get(clip.id), walk.filter)) ?? [];
  useKeys((key) => {
    setWalk((had) => keyed(had, key, clips, hubNow()) ?? had); // of keys pressed quickly, each counts
    return keyed(walk, key, clips, hubNow()) !== null;
  });
  if (!days)
    return failure ? <Trouble of={failure} todo="Nightlatch keeps trying." /> : <Wait text="Fetching the day…" />;
  if (!day) return <NoCamera />;
  return (
    <>
      <DayBar walk={walk} set={setWalk} />
      <div class="look">
        <Picture day={day} walk={walk} set={setWalk} />
        <LookBar day={day} clips={clips} walk={walk} set={setWalk} />
      </div>
      {days.map((each) => (
        <Strip
          key={each.id}
          day={each}
          whole={whole}
          view={view}
          at={walk.at}
          isCurrent={each.id === day.id}
          known={findings.value}
          filter={walk.filter}
          show={(wanted) => setWalk((had) => show(had, wanted, hubNow()))}
          move={(to) => {
            if (each.id !== day.id) go(`/timeline?camera=${each.id}`, true);
            setWalk((had) => stand({ ...had, camera: each.id }, to, hubNow()));
          }}
        />
      ))}
      <section class="at-a-glance">
        <h2>{`${day.name}: the ${walk.day === null ? "last 24 hours" : "day"} at a glance`}</h2>
        <FilterBar filter={walk.filter} set={(filter) => setWalk((had) => ({ ...had, filter }))} />
        <Glance clips={day.clips} known={findings.value} whole={whole} filter={walk.filter} />
      </section>
      <p class="fine hint">
        Drag along a strip to look around. ← and → step, with Shift from event to event; Space plays; + and − zoom, as
        does Ctrl with the wheel.
      </p>
    </>
  );
}

function Picture({ day, walk, set }: { day: CameraDay; walk: Walk; set: (next: (had: Walk) => Walk) => void }) {
  const { session, at, speed, isLoud } = walk;
  if (!session) return <Still day={day} at={at} />;
  return (
    <Playing
      key={`${day.id} ${session.from}`}
      camera={day.id}
      from={session.from}
      isPaused={session.isPaused}
      speed={speed}
      isLoud={isLoud}
      tell={(to) => set((had) => moved(had, to, hubNow()))}
      stop={() => set(stop)}
    />
  );
}

function NoCamera() {
  return (
    <div class="empty">
      <h2>No camera yet</h2>
      <p>Once you add one, its day appears here.</p>
      <Link href="/cameras/new" class="button main">
        Add a camera
      </Link>
    </div>
  );
}

// Keys of the page, where no field, button or shortcut of the browser wants them.
function useKeys(act: (key: KeyPress) => boolean) {
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === " " && target.closest("button")) return;
      if (act(event)) event.preventDefault();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  });
}

// The cameras of a day, asked again when clips come or go and, up to now, as time goes by.
function useDays(whole: View, isNow: boolean): { days: CameraDay[] | null; failure: Failure | null } {
  const [days, setDays] = useState<CameraDay[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const from = isNow ? Math.floor(whole.from / AGAIN) * AGAIN : whole.from;
  const to = isNow ? from + (whole.to - whole.from) + 2 * AGAIN : whole.to;
  useEffect(() => {
    const stop = new AbortController();
    const path = `/timeline?from_ms=${from}&to_ms=${to}`;
    void get<CameraDays>(path, { signal: stop.signal }).then((found) => {
      if (stop.signal.aborted) return;
      if (found.ok) setDays(found.value.cameras);
      setFailure(found.ok ? null : found);
    });
    return () => stop.abort();
  }, [from, to, clipsChanged.value]);
  return { days, failure };
}
