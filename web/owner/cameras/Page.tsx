import { useEffect, useState } from "preact/hooks";
import { unb64 } from "../../shared/bytes";
import { get, send } from "../../shared/throwing";
import { bytes, when } from "../../shared/time";
import type { Camera, Home, Probe } from "../../shared/wire";
import { go, home, now, opener, refresh, say, stillsChanged } from "../state";
import { Confirm, Field, Link, Problem, pictureUrl, SealedPicture, useTitle, Wait } from "../ui";
import { AreaEditor } from "./Areas";

export function Cameras({ at }: { at: string }) {
  const id = at.split("/")[2];
  if (id === "new") return <AddCamera />;
  if (id) return <EditCamera id={id} />;
  return <List />;
}

const STATES = {
  recording: "Recording",
  retrying: "Lost, trying again",
  starting: "Starting",
  off: "Turned off",
} as const;

function List() {
  useTitle("Cameras");
  const found = home.value?.cameras;
  if (!found) return <Wait text="Asking the hub…" />;
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
        {found.map((c) => (
          <li key={c.id}>
            <Link href={`/cameras/${c.id}`}>
              <SealedPicture path={`/cameras/${c.id}/still`} again={stillsChanged.value[c.id]} alt="" />
              <span>
                <strong>{c.name}</strong>
                <small>
                  {c.demo ? "Rendered demo camera" : c.address}
                  {c.width ? ` · ${c.width}×${c.height}${c.fps ? ` at ${Math.round(c.fps)}` : ""}` : ""} ·{" "}
                  {bytes(c.bytes)} kept
                </small>
                <small class={`dot ${c.state}`}>{c.reason_text ?? STATES[c.state]}</small>
                {c.advice && <small>{c.advice}</small>}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {found.length > 0 && home.value && (
        <p class="fine eye" data-testid="eye">
          {EYES[home.value.eye]}
          {home.value.looking &&
            home.value.looking.coming_percent !== null &&
            ` It looks while ${CHOSEN[home.value.looking.chosen]} being fetched: ${home.value.looking.coming_percent} % so far.`}
          {home.value.looking?.blind_since_ms &&
            ` It is blind since ${when(home.value.looking.blind_since_ms, now.value)}: everything is recorded, but nothing is recognised.`}
        </p>
      )}
      {found.length === 0 && (
        <div class="empty">
          <h2>No camera yet</h2>
          <p>Have its address, user and password at hand. It is tried before it is added.</p>
        </div>
      )}
    </>
  );
}

// What looks, and what it cannot see.
const EYES: Record<Home["eye"], string> = {
  eye: "The built-in eye looks at what moves and tells people, cats, dogs, other animals and vehicles apart. It does not see what stands still, packages, or what is only a few pixels large, and it recognises nobody.",
  yolox:
    "YOLOX looks at whole pictures and around what moves, for people, cats, dogs, other animals and vehicles. It does not see packages, and it recognises nobody.",
  both: "The built-in eye and YOLOX look together, for people, cats, dogs, other animals and vehicles. They do not see packages, and they recognise nobody.",
  motion: "Nothing looks at what moves: every motion is an event, and none of them has a kind.",
};

const CHOSEN: Record<Home["eye"], string> = {
  eye: "the eye is",
  yolox: "YOLOX is",
  both: "YOLOX is",
  motion: "another is",
};

// How the eye keeps up with one camera.
function Looks({ id }: { id: string }) {
  const looks = home.value?.cameras.find((c) => c.id === id)?.looks;
  if (!looks) return null;
  return (
    <p class="fine" data-testid="looks">
      {looks.looked === 0
        ? "The eye was not needed here"
        : `The eye looked at ${looks.looked.toLocaleString()} ${looks.looked === 1 ? "picture" : "pictures"}`}{" "}
      since {when(looks.since_ms, now.value)}
      {looks.passed_over
        ? ` and passed over ${looks.passed_over.toLocaleString()}, because a newer one had come. They are recorded all the same.`
        : "."}
    </p>
  );
}

function AddCamera() {
  useTitle("Add a camera");
  const demo = home.value?.cameras.some((c) => c.demo);
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [sub, setSub] = useState("");
  const [transport, setTransport] = useState("tcp");
  const [busy, setBusy] = useState<string | null>(null);
  const [found, setFound] = useState<Probe | null>(null);
  const [picture, setPicture] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const test = async () => {
    setBusy("Connecting and waiting for the first picture…");
    setFound(null);
    setPicture(null);
    setProblem(null);
    try {
      const answer = await send<Probe>("POST", "/cameras/test", { url, transport });
      setFound(answer);
      if (answer.still && opener.value) setPicture(pictureUrl(await opener.value.open(unb64(answer.still))));
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(null);
    }
  };
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy("Adding it…");
    setProblem(null);
    try {
      await send<Camera>("POST", "/cameras", { name, url, transport, ...(sub ? { sub_url: sub } : {}) });
      await refresh();
      say(`${name} is added.`);
      go("/");
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(null);
    }
  };
  return (
    <form class="narrow left" onSubmit={save}>
      <p class="crumb">
        <Link href="/cameras">Cameras</Link>
      </p>
      <h1>Add a camera</h1>
      <p class="lead">Any camera with RTSP and H.264. {demo && "The demo cameras leave when it comes."}</p>
      <Field label="Name">
        <input
          data-testid="camera-name"
          value={name}
          placeholder="Porch"
          maxLength={60}
          required
          onInput={(e) => setName(e.currentTarget.value)}
        />
      </Field>
      <Field label="Address" hint="Look up the RTSP path of your model. User and password stay in this hub.">
        <input
          data-testid="camera-url"
          value={url}
          placeholder="rtsp://user:password@192.168.1.20/stream"
          required
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          onInput={(e) => setUrl(e.currentTarget.value)}
        />
      </Field>
      <details>
        <summary>More</summary>
        <Field label="Address of its second, smaller stream" hint="Optional. Watching that one is cheaper.">
          <input
            value={sub}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            onInput={(e) => setSub(e.currentTarget.value)}
          />
        </Field>
        <Field label="Transport" hint="TCP loses nothing. Choose UDP only if the camera insists.">
          <select value={transport} onChange={(e) => setTransport(e.currentTarget.value)}>
            <option value="tcp">TCP</option>
            <option value="udp">UDP</option>
          </select>
        </Field>
      </details>
      {busy && <Steps text={busy} />}
      {found?.ok && (
        <div class="found" data-testid="camera-found">
          {picture && <img src={picture} alt="First picture of the camera" />}
          <p>
            It works: {found.width}×{found.height}
            {found.fps ? `, ${Math.round(found.fps)} pictures a second` : ""}
            {found.gop_s ? `, a key frame every ${found.gop_s} s` : ""},{" "}
            {found.audio ? `sound ${found.audio}` : "no sound"}.
          </p>
          {found.notes?.map((note) => (
            <p key={note} class="fine">
              {note}
            </p>
          ))}
        </div>
      )}
      {found && !found.ok && <Problem text={found.text ?? "This camera cannot be recorded."} />}
      {problem && <Problem text={problem} />}
      <div class="row">
        <button
          type="button"
          class={found?.ok ? "quiet" : "main"}
          data-testid="camera-test"
          disabled={busy !== null || !url}
          onClick={test}
        >
          Test
        </button>
        <button
          type="submit"
          class={found?.ok ? "main" : "quiet"}
          data-testid="camera-save"
          disabled={busy !== null || !url || !name}
        >
          Add
        </button>
      </div>
    </form>
  );
}

// What is being done, and for how long already: a camera may take its time.
function Steps({ text }: { text: string }) {
  const [s, setS] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setS((was) => was + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="found steps">
      <Wait text={text} />
      {s > 2 && (
        <p class="fine">
          {s < 12
            ? "Signing in, then waiting for a whole picture."
            : `Still waiting after ${s} s. It gives up at 30 and says why.`}
        </p>
      )}
    </div>
  );
}

function EditCamera({ id }: { id: string }) {
  const [camera, setCamera] = useState<Camera | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [name, setName] = useState("");
  const [quota, setQuota] = useState("");
  const [url, setUrl] = useState("");
  const [sub, setSub] = useState("");
  const [transport, setTransport] = useState("tcp");
  useTitle(camera?.name ?? "Camera");
  useEffect(() => {
    get<Camera[]>("/cameras").then(
      (all) => {
        const found = all.find((c) => c.id === id);
        if (!found) return setProblem("There is no such camera any more.");
        setCamera(found);
        setName(found.name);
        setTransport(found.transport);
        setQuota(found.quota_bytes ? String(found.quota_bytes / 1e9) : "");
      },
      (error: Error) => setProblem(error.message),
    );
  }, [id]);
  const change = async (what: Record<string, unknown>, said: string) => {
    try {
      setCamera(await send<Camera>("PATCH", `/cameras/${id}`, what));
      setProblem(null);
      void refresh();
      say(said);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const [removing, setRemoving] = useState<"keep" | "delete" | null>(null);
  const remove = async (footage: "keep" | "delete") => {
    try {
      await send("DELETE", `/cameras/${id}?footage=${footage}`);
      await refresh();
      say(`${camera?.name} is removed.`);
      go("/cameras");
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  if (!camera) return problem ? <Problem text={problem} /> : <Wait text="Asking the hub…" />;
  return (
    <div class="narrow wide">
      <p class="crumb">
        <Link href="/cameras">Cameras</Link>
      </p>
      <h1>{camera.name}</h1>
      {problem && <Problem text={problem} />}
      <h2>Areas</h2>
      <AreaEditor camera={camera} save={(areas) => change({ areas }, "The areas are saved.")} />
      <Looks id={id} />
      <h2>Settings</h2>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          const gigabytes = Number(quota);
          void change(
            {
              name,
              quota_bytes: gigabytes > 0 ? gigabytes * 1e9 : null,
              ...(camera.demo ? {} : { transport }),
              ...(url ? { url } : {}),
              ...(sub ? { sub_url: sub } : {}),
            },
            "Saved.",
          );
          setUrl("");
          setSub("");
        }}
      >
        <Field label="Name">
          <input value={name} maxLength={60} onInput={(e) => setName(e.currentTarget.value)} />
        </Field>
        {!camera.demo && (
          <>
            <Field label="New address" hint={`Now ${camera.address}. Leave empty to keep it.`}>
              <input
                value={url}
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                onInput={(e) => setUrl(e.currentTarget.value)}
              />
            </Field>
            <Field
              label="Address of its second, smaller stream"
              hint={
                camera.has_sub ? "There is one. Leave empty to keep it." : "Optional. Watching that one is cheaper."
              }
            >
              <input
                value={sub}
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                onInput={(e) => setSub(e.currentTarget.value)}
              />
            </Field>
            <Field label="Transport" hint="TCP loses nothing. Choose UDP only if the camera insists.">
              <select value={transport} onChange={(e) => setTransport(e.currentTarget.value)}>
                <option value="tcp">TCP</option>
                <option value="udp">UDP</option>
              </select>
            </Field>
          </>
        )}
        <Field label="At most, in GB" hint="Empty: only the hours kept limit it.">
          <input
            value={quota}
            inputMode="decimal"
            pattern="[0-9]*[.]?[0-9]*"
            onInput={(e) => setQuota(e.currentTarget.value)}
          />
        </Field>
        <div class="row">
          <button type="submit" class="main">
            Save
          </button>
          <button
            type="button"
            onClick={() => change({ enabled: !camera.enabled }, camera.enabled ? "Turned off." : "Turned on.")}
          >
            {camera.enabled ? "Turn off" : "Turn on"}
          </button>
        </div>
      </form>
      <h2>Private room</h2>
      <label class="check">
        <input
          type="checkbox"
          checked={camera.private}
          onChange={(e) =>
            change(
              { private: e.currentTarget.checked },
              e.currentTarget.checked ? "None of its clips can be given." : "Its clips can be given, one by one.",
            )
          }
        />
        <span>
          <strong>Bedroom, bathroom, children</strong>
          <small>Clips of this camera cannot be given to anybody.</small>
        </span>
      </label>
      <h2>Remove</h2>
      <div class="row">
        <button type="button" onClick={() => setRemoving("keep")}>
          Remove, keep its recordings
        </button>
        <button type="button" class="danger" onClick={() => setRemoving("delete")}>
          Remove with its recordings
        </button>
      </div>
      {removing && (
        <Confirm
          title={`Remove ${camera.name}?`}
          text={
            removing === "delete"
              ? "Everything that it recorded here is deleted at once. Clips in the mailbox stay until their time is up."
              : "It is not recorded any more. What it recorded stays until its time is up."
          }
          yes={removing === "delete" ? "Remove and delete" : "Remove"}
          act={() => remove(removing)}
          close={() => setRemoving(null)}
        />
      )}
    </div>
  );
}
