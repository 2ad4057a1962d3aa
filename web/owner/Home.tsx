// Is all well? Then the cameras, then what happened.

import { useEffect, useState } from "preact/hooks";
import { type Clip, get } from "../shared/api";
import { ago, bytes, dayName, dayOf, hhmm, lasting, when } from "../shared/time";
import { clipsChanged, home, now, stillsChanged } from "./state";
import { Link, SealedPicture, useTitle, Wait } from "./ui";

const PAGE = 12;

export function HomePage() {
  useTitle("Home");
  const found = home.value;
  if (!found) return <Wait text="Asking the hub…" />;
  const watching = found.cameras.filter((c) => c.state === "recording").length;
  const { storage, cloud } = found;
  return (
    <>
      <section class={found.well ? "status well" : "status trouble"} data-testid="status-line" aria-live="polite">
        <h1>{found.well ? "All is well" : found.problems.length === 1 ? "One thing needs you" : `${found.problems.length} things need you`}</h1>
        {found.well ? (
          <p>
            {watching === 1 ? "One camera records" : `${watching} cameras record`}, sealed for you alone. The last {storage.keep_hours} hours are kept
            {storage.full_in_hours ? `, but the disk is full in about ${storage.full_in_hours} h; the oldest goes first then` : `; ${bytes(storage.used_bytes)} used, ${bytes(storage.free_bytes)} free`}.
          </p>
        ) : (
          <ul>
            {found.problems.map((p) => (
              <li key={p.text}>
                <strong>{p.text}</strong> {p.todo}
              </li>
            ))}
          </ul>
        )}
        <p class="fine">
          {!cloud.configured && "No mailbox is configured: clips stay at home."}
          {cloud.configured && cloud.reachable === null && "The mailbox has not been asked yet."}
          {cloud.configured && cloud.reachable === false && `The mailbox cannot be reached; ${cloud.waiting_parts} sealed pieces wait here.`}
          {cloud.configured && cloud.reachable && (cloud.waiting_parts > 4 ? `Sending ${cloud.waiting_parts} sealed pieces to the mailbox.` : `The mailbox outside holds ${cloud.clips} sealed ${cloud.clips === 1 ? "clip" : "clips"} that only you can open.`)}
        </p>
      </section>
      <section class="cameras" aria-label="Cameras">
        {found.cameras.map((camera) => (
          <Link key={camera.id} href={`/timeline?camera=${camera.id}`} class="card" data-testid="camera-card">
            <SealedPicture path={`/cameras/${camera.id}/still`} again={stillsChanged.value[camera.id]} alt={`Latest picture of ${camera.name}`} empty={camera.state === "off" ? "Off" : "Waiting for the first picture…"} />
            <span class="card-text">
              <strong>{camera.name}</strong>
              <span class={`dot ${camera.state}`}>
                {camera.state === "recording" ? (camera.still_at_ms ? ago(Math.max(camera.still_at_ms, stillsChanged.value[camera.id] ?? 0), now.value) : "recording") : camera.state === "retrying" ? "lost, trying again" : camera.state}
              </span>
              <small>{camera.last_clip ? `Last event ${when(camera.last_clip.onset_ms, now.value)}` : "No event yet"}</small>
            </span>
          </Link>
        ))}
        {found.cameras.length === 0 && (
          <div class="empty">
            <h2>No camera yet</h2>
            <p>Any camera with RTSP and H.264 works. It is tried before it is added.</p>
            <Link href="/cameras/new" class="button main">
              Add a camera
            </Link>
          </div>
        )}
      </section>
      {found.cameras.some((c) => c.demo) && (
        <p class="note">
          These are rendered demo cameras, sealed and stored like real ones. <Link href="/cameras/new">Add your own camera</Link> and they leave.
        </p>
      )}
      <Events />
    </>
  );
}

export function Events() {
  const [clips, setClips] = useState<Clip[] | null>(null);
  const [shown, setShown] = useState(PAGE);
  useEffect(() => {
    let gone = false;
    get<Clip[]>(`/clips?limit=${shown + 1}`).then(
      (found) => !gone && setClips(found),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [clipsChanged.value, shown]);
  const names = new Map(home.value?.cameras.map((c) => [c.id, c.name]));
  if (!clips) return <Wait text="Fetching what happened…" />;
  if (clips.length === 0) {
    return (
      <section class="empty">
        <h2>Nothing has moved yet</h2>
        <p>When something does, its clip appears here within seconds, from five seconds before to ten after.</p>
      </section>
    );
  }
  let day = 0;
  return (
    <section aria-label="Events">
      <ul class="clips">
        {clips.slice(0, shown).map((clip) => {
          const heading = dayOf(clip.onset_ms).from !== day;
          day = dayOf(clip.onset_ms).from;
          return (
            <>
              {heading && (
                <li key={day} class="day">
                  <h2>{dayName(day, now.value)}</h2>
                </li>
              )}
              <li key={clip.id}>
                <Link href={`/clip/${clip.id}`} class="clip" data-testid="clip-row" data-clip={clip.id}>
                  <SealedPicture path={`/clips/${clip.id}/still`} alt="" />
                  <span>
                    <strong>{hhmm(clip.onset_ms)}</strong> Motion, {names.get(clip.camera_id) ?? "a camera that was removed"}
                    <small>
                      {clip.open ? "going on now" : lasting((clip.ended_ms ?? clip.began_ms) - clip.began_ms)}
                      {clip.in_cloud ? " · in the mailbox, too" : ""}
                    </small>
                  </span>
                </Link>
              </li>
            </>
          );
        })}
      </ul>
      {clips.length > shown && (
        <button type="button" class="quiet" onClick={() => setShown(shown + 2 * PAGE)}>
          Earlier
        </button>
      )}
    </section>
  );
}
