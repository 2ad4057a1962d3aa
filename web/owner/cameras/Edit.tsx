// One camera: its areas, its settings, whether its clips may be given, and its removal.

import { useEffect, useRef, useState } from "preact/hooks";
import { broken, type Failure, get, type Result, send } from "../../shared/api";
import type { Camera, Site } from "../../shared/wire";
import { go, home, now, refresh } from "../state";
import { say } from "../toast";
import { Check, Confirm, Field, Link, Trouble, useTitle, Wait } from "../ui";
import { AreaEditor } from "./Areas";
import { SiteChoice } from "./Choices";
import { aboutLooks, aboutReceiving } from "./eye";
import { Address, SUB_HINT, SubAddress, Transport } from "./fields";
import { changesOf, type Footage, REMOVAL, type Settings, settingsOf, withoutAddresses } from "./settings";
import { SAY_WHERE, SITES, wantsSite } from "./sites";
import { UsualHours } from "./Usual";

// Why it failed; null when it is done.
type Change = (what: Record<string, unknown>, said: string) => Promise<Failure | null>;

export function EditCamera({ id }: { id: string }) {
  const [camera, setCamera] = useState<Camera | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useTitle(camera?.name ?? "Camera");
  const show = (answer: Result<Camera>) => {
    if (answer.ok) setCamera(answer.value);
    setFailure(answer.ok ? null : answer);
  };
  useEffect(() => void fetchCamera(id).then(show), [id]);
  const ask: Change = async (what, said) => {
    const answer = await send<Camera>("PATCH", `/cameras/${id}`, what);
    if (!answer.ok) return answer;
    show(answer);
    void refresh();
    say(said);
    return null;
  };
  const change: Change = async (what, said) => {
    const why = await ask(what, said);
    setFailure(why);
    return why;
  };
  if (!camera) return failure ? <Trouble of={failure} /> : <Wait text="Asking the hub…" />;
  return (
    <div class="narrow wide">
      <p class="crumb">
        <Link href="/cameras">Cameras</Link>
      </p>
      <h1>{camera.name}</h1>
      <Trouble of={failure} />
      <Where camera={camera} change={change} />
      <h2>Areas</h2>
      <AreaEditor camera={camera} save={(areas) => ask({ areas }, "Areas saved.")} />
      <UsualHours id={id} />
      <Looks id={id} />
      <Receiving id={id} />
      <h2>Settings</h2>
      <SettingsForm camera={camera} change={change} />
      <h2>Private room</h2>
      <PrivateRoom camera={camera} change={change} />
      <h2>Remove</h2>
      <Removal camera={camera} fail={setFailure} />
    </div>
  );
}

async function fetchCamera(id: string): Promise<Result<Camera>> {
  const all = await get<Camera[]>("/cameras");
  if (!all.ok) return all;
  const found = all.value.find((camera) => camera.id === id);
  return found ? { ok: true, value: found } : broken("This camera is no longer here.");
}

// How the eye keeps up with this camera.
function Looks({ id }: { id: string }) {
  const looks = home.value?.cameras.find((camera) => camera.id === id)?.looks;
  return looks ? (
    <p class="fine" data-testid="looks">
      {aboutLooks(looks, now.value)}
    </p>
  ) : null;
}

// How its stream comes in, and what of it is left out.
function Receiving({ id }: { id: string }) {
  const now = home.value?.cameras.find((camera) => camera.id === id);
  const said = now ? aboutReceiving(now) : [];
  return said.length > 0 ? (
    <p class="fine" data-testid="receiving">
      {said.join(" ")}
    </p>
  ) : null;
}

const SETTLES_MS = 600; // arrow keys pass over other places on their way

// Kept once the owner stays with it, or leaves the page.
function Where({ camera, change }: { camera: Camera; change: Change }) {
  const [site, setSite] = useState<Site | null>(camera.site);
  const owed = useRef<(() => void) | null>(null);
  useEffect(() => () => owed.current?.(), []);
  useEffect(() => {
    if (site === camera.site) return;
    owed.current = () => {
      owed.current = null;
      const said = site ? `${camera.name}: ${SITES[site].name.toLowerCase()}.` : "Where it is has been left open.";
      void change({ site }, said).then((why) => why && setSite(camera.site));
    };
    const timer = setTimeout(owed.current, SETTLES_MS);
    return () => clearTimeout(timer);
  }, [site, camera.site]);
  return (
    <section data-testid="site">
      <SiteChoice chosen={site} choose={setSite} later="Not said" />
      {wantsSite(camera) && <p class="fine">{SAY_WHERE}</p>}
    </section>
  );
}

function SettingsForm({ camera, change }: { camera: Camera; change: Change }) {
  const [settings, setSettings] = useState(() => settingsOf(camera));
  const set = (part: Partial<Settings>) => setSettings((had) => ({ ...had, ...part }));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void change(changesOf(settings, camera), "Saved.").then((why) => why || setSettings(withoutAddresses));
      }}
    >
      <Field label="Name">
        <input value={settings.name} maxLength={60} onInput={(event) => set({ name: event.currentTarget.value })} />
      </Field>
      {!camera.demo && <StreamFields camera={camera} settings={settings} set={set} />}
      <Field label="Storage limit (GB)" hint="Leave empty to limit it by hours only.">
        <input
          value={settings.quotaGb}
          inputMode="decimal"
          pattern="[0-9]*[.]?[0-9]*"
          onInput={(event) => set({ quotaGb: event.currentTarget.value })}
        />
      </Field>
      <div class="row">
        <button type="submit" class="main">
          Save
        </button>
        <button
          type="button"
          onClick={() => void change({ enabled: !camera.enabled }, camera.enabled ? "Turned off." : "Turned on.")}
        >
          {camera.enabled ? "Turn off" : "Turn on"}
        </button>
      </div>
    </form>
  );
}

interface StreamFieldsProps {
  camera: Camera;
  settings: Settings;
  set: (part: Partial<Settings>) => void;
}

function StreamFields({ camera, settings, set }: StreamFieldsProps) {
  return (
    <>
      <Address
        label="New address"
        hint={`It is ${camera.address} now. Leave empty to keep it.`}
        value={settings.url}
        set={(url) => set({ url })}
      />
      <SubAddress
        hint={camera.has_sub ? "There is one. Leave empty to keep it." : SUB_HINT}
        value={settings.sub}
        set={(sub) => set({ sub })}
      />
      <Transport value={settings.transport} set={(transport) => set({ transport })} />
    </>
  );
}

function PrivateRoom({ camera, change }: { camera: Camera; change: Change }) {
  const keep = (isPrivate: boolean) =>
    change(
      { private: isPrivate },
      isPrivate ? "None of its clips can be given." : "Its clips can be given, one by one.",
    );
  return (
    <Check
      name="Bedroom, bathroom, children"
      about={"Clips of this camera cannot be given to anybody."}
      checked={camera.private}
      set={(isOn) => void keep(isOn)}
    />
  );
}

function Removal({ camera, fail }: { camera: Camera; fail: (failure: Failure) => void }) {
  const [asking, setAsking] = useState<Footage | null>(null);
  const remove = async (footage: Footage) => {
    const done = await send("DELETE", `/cameras/${camera.id}?footage=${footage}`);
    if (!done.ok) return fail(done);
    await refresh();
    say(`${camera.name} has been removed.`);
    go("/cameras");
  };
  return (
    <div class="row">
      <button type="button" onClick={() => setAsking("keep")}>
        {REMOVAL.keep.button}
      </button>
      <button type="button" class="danger" onClick={() => setAsking("delete")}>
        {REMOVAL.delete.button}
      </button>
      {asking && (
        <Confirm
          title={`Remove ${camera.name}?`}
          text={REMOVAL[asking].text}
          yes={REMOVAL[asking].yes}
          act={() => void remove(asking)}
          close={() => setAsking(null)}
        />
      )}
    </div>
  );
}
