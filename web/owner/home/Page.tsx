// Is all well? Then the cameras, then what happened.

import { useEffect, useState } from "preact/hooks";
import { get } from "../../shared/throwing";
import { ago, bytes, dayName, dayOf, hhmm, lasting, when } from "../../shared/time";
import type { CameraNow, Clip } from "../../shared/wire";
import { Badge, FilterBar } from "../events";
import { type Filter, passes, what } from "../findings";
import { learn, told } from "../learn";
import { clipsChanged, home, leaving, now, stillsChanged } from "../state";
import { Link, SealedPicture, useTitle, Wait } from "../ui";

const PAGE = 12;

export function HomePage() {
  useTitle("Home");
  const found = home.value;
  if (!found) return <Wait text="Asking the hub…" />;
  const watching = found.cameras.filter((c) => c.state === "recording").length;
  const { storage, cloud } = found;
  const trouble = new Map(found.problems.map((p) => [p.camera_id, p]));
  return (
    <>
      <section class={found.well ? "status well" : "status trouble"} data-testid="status-line" aria-live="polite">
        <span class="seal">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d={found.well ? "M6 12.5l4 4 8-9" : "M12 6v7m0 4v.5"} />
          </svg>
        </span>
        <div>
          <h1>
            {found.well
              ? watching
                ? "All is well"
                : "Ready for a camera"
              : found.problems.length === 1
                ? "One thing needs you"
                : `${found.problems.length} things need you`}
          </h1>
          {found.well ? (
            <p>
              {watching
                ? `${watching === 1 ? "One camera records" : `${watching} cameras record`}, sealed for you alone.`
                : "Nothing is being recorded yet."}
            </p>
          ) : (
            <ul>
              {found.problems.map((p) => (
                <li key={p.text}>
                  <strong>{p.text}</strong> {p.since_ms && `Since ${when(p.since_ms, now.value)}.`} {p.todo}{" "}
                  {p.camera_id && <Link href={`/cameras/${p.camera_id}`}>Open its settings</Link>}
                </li>
              ))}
            </ul>
          )}
        </div>
      </section>
      <section class="cameras" aria-label="Cameras">
        {found.cameras.map((camera) => {
          const at = Math.max(camera.still_at_ms ?? 0, stillsChanged.value[camera.id] ?? 0);
          return (
            <Link
              key={camera.id}
              href={`/timeline?camera=${camera.id}`}
              class={`card ${trouble.has(camera.id) ? "lost" : ""}`}
              data-testid="camera-card"
            >
              <span class="picture">
                <SealedPicture
                  path={`/cameras/${camera.id}/still`}
                  again={stillsChanged.value[camera.id] ?? camera.still_at_ms ?? 0}
                  alt={`Latest picture of ${camera.name}`}
                  empty={camera.state === "off" ? "Turned off" : "Waiting for the first picture…"}
                />
                {camera.demo && <span class="badge">Demo</span>}
                <span class={`badge now ${camera.state}`}>{nowOf(camera, at, now.value)}</span>
              </span>
              <span class="card-text">
                <strong>{camera.name}</strong>
                <small>
                  {camera.last_clip ? `Last event ${when(camera.last_clip.onset_ms, now.value)}` : "No event yet"}
                </small>
              </span>
            </Link>
          );
        })}
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
          <span>These are rendered demo cameras, sealed and stored like real ones. They leave when yours comes.</span>
          <Link href="/cameras/new" class="button">
            Add your own camera
          </Link>
        </p>
      )}
      <p class="keeps fine">
        <span>
          {storage.keep_hours} h kept
          {storage.full_in_hours
            ? `, but the disk is full in about ${Math.max(1, Math.round(storage.full_in_hours))} h; the oldest goes first then`
            : ""}
          , {bytes(storage.used_bytes)} used, {bytes(storage.free_bytes)} free.
        </span>{" "}
        <span>
          {!cloud.configured && "No mailbox is set: clips stay at home."}
          {cloud.configured && cloud.reachable === null && "The mailbox outside has not been asked yet."}
          {cloud.configured &&
            cloud.reachable === false &&
            `The mailbox outside cannot be reached; ${cloud.waiting_parts} sealed pieces wait here.`}
          {cloud.configured &&
            cloud.reachable &&
            (cloud.waiting_parts > 4
              ? `Sending ${cloud.waiting_parts} sealed pieces to the mailbox.`
              : `The mailbox outside holds ${cloud.clips} sealed ${cloud.clips === 1 ? "clip" : "clips"} that only you can open.`)}
        </span>
      </p>
      <Events />
    </>
  );
}

function nowOf(camera: CameraNow, at: number, now: number): string {
  if (camera.state === "off") return "Off";
  if (camera.state === "retrying") return "Lost, trying again";
  if (camera.state === "starting") return "Starting";
  return at ? ago(at, now) : "Recording";
}

export function Events() {
  const [clips, setClips] = useState<Clip[] | null>(null);
  const [shown, setShown] = useState(PAGE);
  const [filter, setFilter] = useState<Filter>({ verdict: null, kind: null });
  useEffect(() => void (clips && learn(clips)), [clips]);
  useEffect(() => {
    let gone = false;
    get<Clip[]>(`/clips?limit=${filter.verdict || filter.kind ? 200 : shown + 1}`).then(
      (found) => !gone && setClips(found),
      () => !gone && setClips((had) => had ?? []),
    );
    return () => {
      gone = true;
    };
  }, [clipsChanged.value, shown, filter]);
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
  const known = told.value;
  const here = clips
    .filter((clip) => !leaving.value.has(clip.id) && passes(known.get(clip.id), filter))
    .slice(0, shown);
  const days = new Map<number, Clip[]>();
  for (const clip of here) {
    const day = dayOf(clip.onset_ms).from;
    days.set(day, [...(days.get(day) ?? []), clip]);
  }
  return (
    <section aria-label="Events">
      <FilterBar filter={filter} set={setFilter} />
      {here.length === 0 && (
        <p class="fine">None of the newest {clips.length} events is like that. The timeline shows the whole day.</p>
      )}
      {[...days].map(([day, some]) => (
        <div key={day}>
          <h2>{dayName(day, now.value)}</h2>
          <ul class="clips">
            {some.map((clip) => (
              <li key={clip.id}>
                <Link href={`/clip/${clip.id}`} class="clip" data-testid="clip-row" data-clip={clip.id}>
                  <SealedPicture path={`/clips/${clip.id}/still`} again={clip.open ? clip.parts : undefined} alt="" />
                  <span>
                    <strong>{names.get(clip.camera_id) ?? "A camera that was removed"}</strong>
                    <span>
                      {what(known.get(clip.id))} at {hhmm(clip.onset_ms)} <Badge of={known.get(clip.id)} />
                    </span>
                    <small>
                      {known.get(clip.id)?.reasons[0]}{" "}
                      {clip.open
                        ? "It goes on now."
                        : `Clip of ${lasting((clip.ended_ms ?? clip.began_ms) - clip.began_ms)}${clip.in_cloud ? ", in the mailbox, too." : "."}`}
                    </small>
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
      {clips.length > shown && (
        <button type="button" class="more" onClick={() => setShown(shown + 2 * PAGE)}>
          Earlier
        </button>
      )}
    </section>
  );
}
