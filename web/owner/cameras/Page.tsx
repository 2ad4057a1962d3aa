// The cameras of the house, each with what it is doing now; and the eye that looks at them.

import { bytes } from "../../shared/time";
import type { CameraNow } from "../../shared/wire";
import { unknown } from "../home/status";
import { isHere, lastHeard } from "../hub";
import { home, now, stillsChanged } from "../state";
import { Link, SealedPicture, useTitle, Wait } from "../ui";
import { AddCamera } from "./Add";
import { EditCamera } from "./Edit";
import { aboutEye, aboutStream } from "./eye";
import { SAY_WHERE, wantsSite } from "./sites";

export function Cameras({ at }: { at: string }) {
  const id = at.split("/")[2];
  if (id === "new") return <AddCamera />;
  return id ? <EditCamera key={id} id={id} /> : <List />;
}

const STATES = {
  recording: "Recording",
  retrying: "Lost, trying again",
  starting: "Not recording yet",
  off: "Turned off",
} as const;
const WAITS = "Connected, waiting for a key frame";

function List() {
  useTitle("Cameras");
  if (!home.value) return <Wait text="Asking the hub…" />;
  const { cameras } = home.value;
  return (
    <>
      <div class="row head">
        <h1>Cameras</h1>
        <span class="grow" />
        <Link href="/cameras/new" class="button main" data-testid="camera-add">
          Add a camera
        </Link>
      </div>
      <ul class="rows">
        {cameras.map((camera) => (
          <Row key={camera.id} camera={camera} />
        ))}
      </ul>
      {cameras.length > 0 ? (
        <p class="fine eye" data-testid="eye">
          {isHere.value ? aboutEye(home.value, now.value) : "Whether the eye looks cannot be told now."}
        </p>
      ) : (
        <div class="empty">
          <h2>No camera yet</h2>
          <p>Have its address, user name and password at hand. Nightlatch tries it before adding it.</p>
        </div>
      )}
    </>
  );
}

function Row({ camera }: { camera: CameraNow }) {
  const sends = aboutStream(camera);
  return (
    <li>
      <Link href={`/cameras/${camera.id}`}>
        <SealedPicture path={`/cameras/${camera.id}/still`} again={stillsChanged.value[camera.id]} alt="" />
        <span>
          <strong>{camera.name}</strong>
          <small>
            {camera.demo ? "Rendered demo camera" : camera.address}
            {sends && ` · ${sends}`} · {bytes(camera.bytes)} kept
          </small>
          {isHere.value ? (
            <small class={`dot ${camera.state}`}>
              {camera.reason_text ?? (camera.waits_for_key ? WAITS : STATES[camera.state])}
            </small>
          ) : (
            <small class="dot">{unknown(lastHeard.value)}</small>
          )}
          {camera.advice && <small>{camera.advice}</small>}
          {wantsSite(camera) && <small data-testid="site-hint">{SAY_WHERE}</small>}
          {camera.notes.map((note) => (
            <small key={note}>{note}</small>
          ))}
        </span>
      </Link>
    </li>
  );
}
