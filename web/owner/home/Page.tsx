// Is all well? Then the cameras, then what happened.

import { when } from "../../shared/time";
import type { CameraNow, Home } from "../../shared/wire";
import { OffersUnderway } from "../give/Lines";
import { isHere, lastHeard, quiet } from "../hub";
import type { Silence } from "../presence";
import { home, now, stillsChanged } from "../state";
import { Link, Quiet, SealedPicture, useTitle, Wait } from "../ui";
import { Events } from "./Events";
import { ModeChoice } from "./Modes";
import { cameraNow, headline, lead, mailboxLine, type Standing, standing, storageLine, unknown } from "./status";

export function HomePage() {
  useTitle("Home");
  const found = home.value;
  if (!found)
    return (
      <>
        <Quiet />
        <Wait text="Asking the hub…" />
      </>
    );
  const troubled = new Set(found.problems.map((problem) => problem.camera_id));
  return (
    <>
      <Status of={found} />
      <OffersUnderway />
      {found.cameras.length > 0 && <ModeChoice of={found.mode} />}
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
        {isHere.value ? (
          <>
            <span>{storageLine(found.storage)}</span> <span>{mailboxLine(found.cloud, isDemo(found))}</span>
          </>
        ) : (
          "What is kept, and what is in the mailbox, cannot be told now."
        )}
      </p>
      <Events />
    </>
  );
}

const isDemo = ({ cameras }: Home) => cameras.length > 0 && cameras.every((camera) => camera.demo);
const SIGNS: Record<Standing, string> = {
  well: "M6 12.5l4 4 8-9",
  idle: "M7 12h10",
  trouble: "M12 6v7m0 4v.5",
  silent: "M6 12h.5M12 12h.5M18 12h.5",
};

function Status({ of }: { of: Home }) {
  const said = quiet.value;
  const how = standing(of, said === null);
  return (
    <section class={`status ${how}`} data-testid="status-line" aria-live="polite">
      <span class="seal">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d={SIGNS[how]} />
        </svg>
      </span>
      <div>{said ? <Unheard of={said} /> : <Heard of={of} />}</div>
    </section>
  );
}

function Unheard({ of }: { of: Silence }) {
  return (
    <>
      <h1>{of.title}</h1>
      <p>
        <strong>{of.text}</strong> {of.todo}
      </p>
    </>
  );
}

function Heard({ of }: { of: Home }) {
  return (
    <>
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
    </>
  );
}

function Card({ camera, isLost }: { camera: CameraNow; isLost: boolean }) {
  const changed = stillsChanged.value[camera.id];
  const stillMs = Math.max(camera.still_at_ms ?? 0, changed ?? 0);
  return (
    <Link
      href={`/timeline?camera=${camera.id}`}
      class={`card ${!isHere.value ? "unheard" : isLost ? "lost" : ""}`}
      data-testid="camera-card"
    >
      <span class="picture">
        <SealedPicture
          path={`/cameras/${camera.id}/still`}
          again={changed ?? camera.still_at_ms ?? 0}
          alt={`Latest picture of ${camera.name}`}
          empty={camera.state === "off" ? "Turned off" : "Waiting for the first picture…"}
        />
        {camera.demo && <span class="badge">Demo</span>}
        <span class={`badge now ${isHere.value ? camera.state : "unknown"}`}>
          {isHere.value ? cameraNow(camera, stillMs, now.value) : unknown(lastHeard.value)}
        </span>
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
