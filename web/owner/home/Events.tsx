// What happened, newest first: a row for each clip.

import { useEffect, useState } from "preact/hooks";
import { get } from "../../shared/api";
import { dayName, hhmm } from "../../shared/time";
import type { Clip } from "../../shared/wire";
import { expect } from "../clips";
import { Badge, FilterBar } from "../events";
import { what } from "../findings";
import { isHere } from "../hub";
import { findings, learn } from "../learn";
import { clipsChanged, home, leaving, now } from "../state";
import { Link, SealedPicture, Trouble, Wait } from "../ui";
import { aboutEvent, answered, asked, days, filtered, gathered, hasEarlier, START, withEarlier } from "./happenings";

let kept: Clip[] | null = null; // of the last visit: there is something to read while the hub is silent

export function Events() {
  const [list, setList] = useState(() => ({ ...START, clips: kept }));
  const path = asked(list);
  useEffect(() => {
    const stop = new AbortController();
    void get<Clip[]>(path, { signal: stop.signal }).then((answer) => {
      if (!stop.signal.aborted) setList((had) => answered(had, answer));
    });
    return () => stop.abort();
  }, [clipsChanged.value, path]);
  useEffect(() => {
    kept = list.clips;
    if (list.clips) void learn(list.clips);
  }, [list.clips]);
  if (list.failure) return isHere.value ? <Trouble of={list.failure} /> : null; // Home says it in larger letters
  if (!list.clips) return <Wait text="Fetching what happened…" />;
  if (list.clips.length === 0) return <Nothing />;
  const shown = days(list, findings.value, leaving.value);
  return (
    <section aria-label="Events">
      <FilterBar filter={list.filter} set={(filter) => setList((had) => filtered(had, filter))} />
      {shown.length === 0 && (
        <p class="fine">None of the latest {list.clips.length} events match. The timeline shows the whole day.</p>
      )}
      {shown.map(([day, clips]) => (
        <div key={day}>
          <h2>{dayName(day, now.value)}</h2>
          <ul class="clips">
            {gathered(clips).map((parts) => (
              <Row key={parts[0]?.event_id} parts={parts} />
            ))}
          </ul>
        </div>
      ))}
      {hasEarlier(list) && (
        <button type="button" class="more" onClick={() => setList(withEarlier)}>
          Earlier
        </button>
      )}
    </section>
  );
}

function Nothing() {
  return (
    <section class="empty">
      <h2>Nothing has moved yet</h2>
      <p>
        When something does, its clip appears here within seconds. It begins five seconds before and ends ten after.
      </p>
    </section>
  );
}

function Row({ parts }: { parts: Clip[] }) {
  const [clip, ...more] = parts;
  if (!clip) return null;
  const known = findings.value.get(clip.id);
  const camera = home.value?.cameras.find((c) => c.id === clip.camera_id);
  return (
    <li>
      <Link
        href={`/clip/${clip.id}`}
        class="clip"
        data-testid="clip-row"
        data-clip={clip.id}
        onPointerDown={(press) => press.pointerType === "mouse" && expect(clip.id)} // a finger may only scroll
      >
        <SealedPicture path={`/clips/${clip.id}/still`} again={clip.open ? clip.parts : undefined} alt="" />
        <span>
          <strong>{camera?.name ?? "A removed camera"}</strong>
          <span>
            {what(known)} at {hhmm(clip.onset_ms)} <Badge of={known} />
          </span>
          <small>
            {known?.reasons[0]} {aboutEvent(parts, isHere.value)}
          </small>
        </span>
      </Link>
      {more.length > 0 && (
        <p class="fine row" data-testid="event-parts">
          It goes on:{" "}
          {more.map((part, n) => (
            <Link key={part.id} href={`/clip/${part.id}`}>
              part {n + 2}
            </Link>
          ))}
        </p>
      )}
    </li>
  );
}
