// Is all well? Then the cameras, then what happened.

import { when } from "../../shared/time";
import type { CameraNow, Home } from "../../shared/wire";
import { home, now, stillsChanged } from "../state";
import { Link, SealedPicture, useTitle, Wait } from "../ui";
import { Events } from "./Events";
import { cameraNow, headline, lead, mailboxLine, storageLine } from "./status";

export function HomePage() {
  useTitle("Home");
  const found = home.value;
  if (!found) return <Wait text="Asking the hub…" />;
  const troubled = new Set(found.problems.map((problem) => problem.camera_id));
  return (
    <>
      <Status of={found} />
      <section class="cameras" aria-label="Cameras">
        {found.cameras.map((camera) => (
          <Card key={camera.id} camera={camera} isLost={troubled.has(camera.id)} />
        ))}
        {found.cameras.length === 0 && <NoCamera />}
      </section>
      {found.cameras.some((camera) => camera.demo) && (
        <p class="note">
          <span>
            These are rendered demo cameras, sealed and stored like real ones; only their clips stay at home. They go
            once you add your own, with everything they recorded.
          </span>
          <Link href="/cameras/new" class="button">
            Add your own camera
          </Link>
        </p>
      )}
      <p class="keeps fine">
        <span>{storageLine(found.storage)}</span> <span>{mailboxLine(found.cloud, isDemo(found))}</span>
      </p>
      <Events />
    </>
  );
}

const isDemo = ({ cameras }: Home) => cameras.length > 0 && cameras.every((camera) => camera.demo);

function Status({ of }: { of: Home }) {
  return (
    <section class={of.well ? "status well" : "status trouble"} data-testid="status-line" aria-live="polite">
      <span class="seal">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d={of.well ? "M6 12.5l4 4 8-9" : "M12 6v7m0 4v.5"} />
        </svg>
      </span>
      <div>
        <h1>{headline(of)}</h1>
        {of.well ? (
          <p>{lead(of)}</p>
        ) : (
          <ul>
            {of.problems.map((problem) => (
              <li key={problem.text}>
                <strong>{problem.text}</strong> {problem.since_ms && `Since ${when(problem.since_ms, now.value)}.`}{" "}
                {problem.todo}{" "}
                {problem.camera_id && <Link href={`/cameras/${problem.camera_id}`}>Open its settings</Link>}
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function Card({ camera, isLost }: { camera: CameraNow; isLost: boolean }) {
  const changed = stillsChanged.value[camera.id];
  const stillMs = Math.max(camera.still_at_ms ?? 0, changed ?? 0);
  return (
    <Link href={`/timeline?camera=${camera.id}`} class={`card ${isLost ? "lost" : ""}`} data-testid="camera-card">
      <span class="picture">
        <SealedPicture
          path={`/cameras/${camera.id}/still`}
          again={changed ?? camera.still_at_ms ?? 0}
          alt={`Latest picture of ${camera.name}`}
          empty={camera.state === "off" ? "Turned off" : "Waiting for the first picture…"}
        />
        {camera.demo && <span class="badge">Demo</span>}
        <span class={`badge now ${camera.state}`}>{cameraNow(camera, stillMs, now.value)}</span>
      </span>
      <span class="card-text">
        <strong>{camera.name}</strong>
        <small>{camera.last_clip ? `Last event ${when(camera.last_clip.onset_ms, now.value)}` : "No events yet"}</small>
      </span>
    </Link>
  );
}

function NoCamera() {
  return (
    <div class="empty">
      <h2>No camera yet</h2>
      <p>Any camera with RTSP and H.264 or H.265 works. Nightlatch tries it before adding it.</p>
      <Link href="/cameras/new" class="button main">
        Add a camera
      </Link>
    </div>
  );
}
