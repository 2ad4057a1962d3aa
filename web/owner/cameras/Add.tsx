// A new camera: where it is, what it sends, and only then into the house.

import { useEffect, useState } from "preact/hooks";
import { send } from "../../shared/api";
import { unb64 } from "../../shared/bytes";
import type { Camera, Probe, ProbeSuccess } from "../../shared/wire";
import { go, home, opened, refresh } from "../state";
import { say } from "../toast";
import { Field, Link, pictureUrl, Trouble, useTitle, Wait } from "../ui";
import { SiteChoice } from "./Choices";
import { sentByDemo, takeAway } from "./demo";
import { aboutReceiver } from "./eye";
import { Address, SUB_HINT, SubAddress, Transport } from "./fields";
import { aboutFound, adding, asked, BLANK, canAdd, canTry, failed, patience, type Trial, tried, trying } from "./trial";

export function AddCamera() {
  useTitle("Add a camera");
  const [trial, setTrial] = useState(BLANK);
  const { busy, found, picture } = trial;
  const hasDemo = home.value?.cameras.some((camera) => camera.demo);
  return (
    <form
      class="narrow left"
      onSubmit={(event) => {
        event.preventDefault();
        void addIt(trial, setTrial);
      }}
    >
      <p class="crumb">
        <Link href="/cameras">Cameras</Link>
      </p>
      <h1>Add a camera</h1>
      <p class="lead">Any camera with RTSP and H.264 or H.265. {hasDemo && DEMO_GOES}</p>
      <Fields trial={trial} set={setTrial} />
      <SiteChoice chosen={trial.site} choose={(site) => setTrial((had) => ({ ...had, site }))} later="Ask me later" />
      {busy && <Steps text={busy} />}
      {found && <Found probe={found} picture={picture} />}
      <Trouble of={trial.failure} />
      <div class="row">
        <button
          type="button"
          class={found ? "quiet" : "main"}
          data-testid="camera-test"
          disabled={!canTry(trial)}
          onClick={() => void tryIt(trial, setTrial)}
        >
          Test
        </button>
        <button type="submit" class={found ? "main" : "quiet"} data-testid="camera-save" disabled={!canAdd(trial)}>
          Add
        </button>
      </div>
    </form>
  );
}

const DEMO_GOES = "The demo cameras go once it is added, with everything they recorded.";

type Set = (next: (had: Trial) => Trial) => void;

async function tryIt({ url, transport }: Trial, set: Set) {
  set(trying);
  const answer = await send<Probe>("POST", "/cameras/test", { url, transport });
  set((had) => tried(had, answer));
  if (!answer.ok || !answer.value.ok) return;
  const jpeg = await opened(unb64(answer.value.still));
  set((had) => (jpeg.ok ? { ...had, picture: pictureUrl(jpeg.value) } : failed(had, jpeg)));
}

async function addIt(trial: Trial, set: Set) {
  set(adding);
  const away = await sentByDemo(home.value?.cameras ?? []);
  const added = await send<Camera>("POST", "/cameras", asked(trial));
  if (!added.ok) return set((had) => failed(had, added));
  void takeAway(away).then((isAway) => isAway || say("The mailbox keeps some demo clips until they expire."));
  await refresh();
  say(`${trial.name} has been added.`);
  go("/");
}

function Fields({ trial, set }: { trial: Trial; set: Set }) {
  return (
    <>
      <Field label="Name">
        <input
          data-testid="camera-name"
          value={trial.name}
          placeholder="Porch"
          maxLength={60}
          required
          onInput={({ currentTarget }) => set((had) => ({ ...had, name: currentTarget.value }))}
        />
      </Field>
      <Address
        label="Address"
        hint="Look up your model's RTSP path. User name and password stay on this hub."
        value={trial.url}
        set={(url) => set((had) => ({ ...had, url }))}
        placeholder="rtsp://user:password@192.168.1.20/stream"
        testid="camera-url"
        isRequired
      />
      <details>
        <summary>More</summary>
        <SubAddress hint={SUB_HINT} value={trial.sub} set={(sub) => set((had) => ({ ...had, sub }))} />
        <Transport value={trial.transport} set={(transport) => set((had) => ({ ...had, transport }))} />
      </details>
    </>
  );
}

function Found({ probe, picture }: { probe: ProbeSuccess; picture: string | null }) {
  return (
    <div class="found" data-testid="camera-found">
      {picture && <img src={picture} alt="First picture of the camera" />}
      <p>{aboutFound(probe)}</p>
      <p class="fine">{aboutReceiver(probe.receiver)}</p>
      {probe.notes.map((note) => (
        <p key={note} class="fine">
          {note}
        </p>
      ))}
    </div>
  );
}

// What is being done, and for how long already.
function Steps({ text }: { text: string }) {
  const [s, setS] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setS((was) => was + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const more = patience(s);
  return (
    <div class="found steps">
      <Wait text={text} />
      {more && <p class="fine">{more}</p>}
    </div>
  );
}
