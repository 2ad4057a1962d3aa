import { useEffect, useRef, useState } from "preact/hooks";
import { type Area, type Camera, get, type Probe, send } from "../shared/api";
import { unb64 } from "../shared/bytes";
import { bytes } from "../shared/time";
import { go, home, opener, refresh, say, stillsChanged } from "./state";
import { Field, Link, pictureUrl, Problem, SealedPicture, useTitle, Wait } from "./ui";

export function Cameras({ at }: { at: string }) {
  const id = at.split("/")[2];
  if (id === "new") return <AddCamera />;
  if (id) return <EditCamera id={id} />;
  return <List />;
}

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
                  {c.demo ? "rendered demo camera" : c.address}
                  {c.width ? ` · ${c.width}×${c.height}${c.fps ? ` at ${Math.round(c.fps)}` : ""}` : ""} · {bytes(c.bytes)} kept
                </small>
                <small class={`dot ${c.state}`}>{c.reason_text ?? c.state}</small>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function AddCamera() {
  useTitle("Add a camera");
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
    <form class="narrow" onSubmit={save}>
      <p class="crumb">
        <Link href="/cameras">Cameras</Link>
      </p>
      <h1>Add a camera</h1>
      <Field label="Name">
        <input data-testid="camera-name" value={name} placeholder="Porch" maxLength={60} required onInput={(e) => setName(e.currentTarget.value)} />
      </Field>
      <Field label="Address" hint="Look up the RTSP path of your model. User and password stay in this hub.">
        <input data-testid="camera-url" value={url} placeholder="rtsp://user:password@192.168.1.20/stream" required autocomplete="off" autocapitalize="none" spellcheck={false} onInput={(e) => setUrl(e.currentTarget.value)} />
      </Field>
      <details>
        <summary>More</summary>
        <Field label="Address of its second, smaller stream" hint="Optional. Watching that one is cheaper.">
          <input value={sub} autocomplete="off" autocapitalize="none" spellcheck={false} onInput={(e) => setSub(e.currentTarget.value)} />
        </Field>
        <Field label="Transport" hint="TCP loses nothing. Choose UDP only if the camera insists.">
          <select value={transport} onChange={(e) => setTransport(e.currentTarget.value)}>
            <option value="tcp">TCP</option>
            <option value="udp">UDP</option>
          </select>
        </Field>
      </details>
      {found?.ok && (
        <div class="found" data-testid="camera-found">
          {picture && <img src={picture} alt="First picture of the camera" />}
          <p>
            It works: {found.width}×{found.height}
            {found.fps ? `, ${Math.round(found.fps)} pictures a second` : ""}
            {found.gop_s ? `, a key frame every ${found.gop_s} s` : ""}, {found.audio ? `sound ${found.audio}` : "no sound"}.
          </p>
          {found.notes?.map((note) => (
            <p key={note} class="fine">
              {note}
            </p>
          ))}
        </div>
      )}
      {found && !found.ok && <Problem text={found.text ?? ""} />}
      {problem && <Problem text={problem} />}
      <div class="row">
        <button type="button" class={found?.ok ? "quiet" : "main"} data-testid="camera-test" disabled={busy !== null || !url} onClick={test}>
          Test
        </button>
        <button class={found?.ok ? "main" : "quiet"} data-testid="camera-save" disabled={busy !== null || !url || !name}>
          Add
        </button>
      </div>
      {busy && <Wait text={busy} />}
    </form>
  );
}

function EditCamera({ id }: { id: string }) {
  const [camera, setCamera] = useState<Camera | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [name, setName] = useState("");
  const [quota, setQuota] = useState("");
  const [url, setUrl] = useState("");
  useTitle(camera?.name ?? "Camera");
  useEffect(() => {
    get<Camera[]>("/cameras").then((all) => {
      const found = all.find((c) => c.id === id);
      if (!found) return setProblem("There is no such camera any more.");
      setCamera(found);
      setName(found.name);
      setQuota(found.quota_bytes ? String(Math.round(found.quota_bytes / 1e9)) : "");
    });
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
  const remove = async (footage: "keep" | "delete") => {
    const what = footage === "delete" ? "and delete everything that it recorded" : "and let what it recorded age out";
    if (!confirm(`Remove ${camera?.name} ${what}?`)) return;
    await send("DELETE", `/cameras/${id}?footage=${footage}`);
    await refresh();
    go("/cameras");
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
      <h2>Settings</h2>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          const gigabytes = Number(quota);
          void change({ name, quota_bytes: gigabytes > 0 ? gigabytes * 1e9 : null, ...(url ? { url } : {}) }, "Saved.");
          setUrl("");
        }}
      >
        <Field label="Name">
          <input value={name} maxLength={60} onInput={(e) => setName(e.currentTarget.value)} />
        </Field>
        {!camera.demo && (
          <Field label="New address" hint={`Now ${camera.address}. Leave empty to keep it.`}>
            <input value={url} autocomplete="off" autocapitalize="none" spellcheck={false} onInput={(e) => setUrl(e.currentTarget.value)} />
          </Field>
        )}
        <Field label="At most, in GB" hint="Empty: only the hours kept limit it.">
          <input value={quota} inputMode="numeric" pattern="[0-9]*" onInput={(e) => setQuota(e.currentTarget.value)} />
        </Field>
        <div class="row">
          <button class="main">Save</button>
          <button type="button" class="quiet" onClick={() => change({ enabled: !camera.enabled }, camera.enabled ? "Turned off." : "Turned on.")}>
            {camera.enabled ? "Turn off" : "Turn on"}
          </button>
        </div>
      </form>
      <h2>Remove</h2>
      <div class="row">
        <button type="button" class="quiet" onClick={() => remove("keep")}>
          Remove, keep its recordings
        </button>
        <button type="button" class="quiet danger" onClick={() => remove("delete")}>
          Remove with its recordings
        </button>
      </div>
    </div>
  );
}

// Polygons on the picture: click or tap adds a corner; Backspace takes the last one back; Enter closes the shape.
function AreaEditor({ camera, save }: { camera: Camera; save: (areas: Area[]) => void }) {
  const [areas, setAreas] = useState<Area[]>(camera.areas);
  const [drawing, setDrawing] = useState<[number, number][]>([]);
  const [use, setUse] = useState<"watch" | "ignore">("ignore");
  const box = useRef<SVGSVGElement>(null);
  const close = () => {
    if (drawing.length < 3) return;
    setAreas([...areas, { name: use === "watch" ? "Watched" : "Ignored", use, points: drawing }]);
    setDrawing([]);
  };
  const add = (event: MouseEvent) => {
    const frame = box.current!.getBoundingClientRect();
    const point: [number, number] = [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
    const first = drawing[0];
    if (first && drawing.length > 2 && Math.hypot(point[0] - first[0], point[1] - first[1]) < 0.03) return close();
    setDrawing([...drawing, point]);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Backspace") setDrawing(drawing.slice(0, -1));
    else if (event.key === "Enter") close();
    else if (event.key === "Escape") setDrawing([]);
    else return;
    event.preventDefault();
  };
  const line = (points: [number, number][]) => points.map(([x, y]) => `${x * 1600},${y * 900}`).join(" ");
  return (
    <div class="areas">
      <div class="canvas">
        <SealedPicture path={`/cameras/${camera.id}/still`} alt={`${camera.name} now`} empty="No picture yet" />
        <svg ref={box} viewBox="0 0 1600 900" preserveAspectRatio="none" tabIndex={0} role="application" aria-label="Draw an area: click its corners, Enter closes it, Backspace takes a corner back" onClick={add} onKeyDown={keys}>
          {areas.map((area, i) => (
            <polygon key={i} class={area.use} points={line(area.points)} />
          ))}
          {drawing.length > 0 && <polyline class={use} points={line(drawing)} />}
          {drawing.map(([x, y], i) => (
            <ellipse key={i} cx={x * 1600} cy={y * 900} rx="12" ry="12" />
          ))}
        </svg>
      </div>
      <p class="fine">Click the corners of an area. Motion in an ignored area never makes an event; with a watched area, only motion inside it does.</p>
      <div class="row">
        <div class="segmented" role="group" aria-label="Kind of area">
          <button type="button" aria-pressed={use === "ignore"} onClick={() => setUse("ignore")}>
            Ignore
          </button>
          <button type="button" aria-pressed={use === "watch"} onClick={() => setUse("watch")}>
            Watch
          </button>
        </div>
        <button type="button" class="quiet" disabled={!drawing.length && !areas.length} onClick={() => (drawing.length ? setDrawing(drawing.slice(0, -1)) : setAreas(areas.slice(0, -1)))}>
          Undo
        </button>
        <button type="button" class="quiet" disabled={drawing.length < 3} onClick={close}>
          Close shape
        </button>
        <button type="button" class="main" onClick={() => save(areas)}>
          Save areas
        </button>
      </div>
    </div>
  );
}
