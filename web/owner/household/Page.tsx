import { useEffect, useState } from "preact/hooks";
import { type Bytes, b64 } from "../../shared/bytes";
import { type Kdf, newKdf, recipientOf, stretch, unwrap, words, wrap } from "../../shared/keys";
import { get, send, value } from "../../shared/throwing";
import { ago, bytes, when } from "../../shared/time";
import type { Device } from "../../shared/wire";
import { mailbox } from "../clips";
import { SHORTEST } from "../passphrase";
import { NewPassphrase, RecoverySheet } from "../secrets";
import { now, say, signOut, state } from "../state";
import { Confirm, Link, Problem, Secret, useTitle, Wait } from "../ui";
import { Alerts } from "./Alerts";

export function HouseholdPage() {
  useTitle("Household");
  return (
    <div class="narrow wide">
      <h1>{state.value?.household?.name}</h1>
      <Devices />
      <Alerts />
      <section>
        <h2>Your key</h2>
        <p class="fine">
          Made in your browser, kept there in a form that cannot be read out, and nowhere else but on your recovery
          sheet.
        </p>
        <details>
          <summary>Show the recovery sheet again</summary>
          <Sheet />
        </details>
        <details>
          <summary>Change the passphrase</summary>
          <Passphrase />
        </details>
      </section>
      <section>
        <h2>Giving clips</h2>
        <p class="fine">
          One clip at a time, people hidden, signed by you, each look on record.{" "}
          <Link href="/giving">Who looked, and take back</Link>
        </p>
      </section>
      {state.value?.cloud.configured && <Mailbox />}
      <Look />
      <section>
        <h2>What Nightlatch cannot promise</h2>
        <p>
          Whoever has your passphrase or your recovery sheet sees everything. The mailbox outside knows the number of
          this household, and the size and time of each sealed piece. The hub itself sees what its cameras see while it
          seals. A browser that you unlocked stays unlocked until you sign out.
        </p>
        <p class="fine">Nightlatch {state.value?.version}</p>
      </section>
    </div>
  );
}

function Devices() {
  const [devices, setDevices] = useState<Device[] | null>(null);
  const load = () => get<Device[]>("/devices").then(setDevices, () => undefined);
  useEffect(() => void load(), []);
  return (
    <section>
      <h2>Signed-in devices</h2>
      {!devices && <Wait text="Asking the hub…" />}
      <ul class="rows plain">
        {devices?.map((d) => (
          <li key={d.id}>
            <span>
              <strong>{d.name}</strong>
              <small>{d.this ? "this one" : `last seen ${ago(d.last_seen_ms, now.value)}`}</small>
            </span>
            <button
              type="button"
              class="quiet"
              onClick={async () => {
                if (d.this) return signOut();
                try {
                  await send("DELETE", `/devices/${d.id}`);
                  say(`${d.name} is signed out.`);
                } catch (error) {
                  say((error as Error).message);
                }
                void load();
              }}
            >
              Sign out
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

async function rootBy(passphrase: string): Promise<{ root: Bytes; loginKey: Bytes }> {
  const { kdf, wrapped_root } = await get<{ kdf: Kdf; wrapped_root: string }>("/wrapped-root");
  const stretched = await stretch(passphrase, kdf);
  return { root: await unwrap(wrapped_root, stretched.wrapKey), loginKey: stretched.loginKey };
}

function Sheet() {
  const [passphrase, setPassphrase] = useState("");
  const [shown, setShown] = useState<{ words: string[]; recipient: string } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const show = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const { root } = await rootBy(passphrase);
      setShown({ words: words(root), recipient: await recipientOf(root) });
      setPassphrase("");
      setProblem(null);
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {shown ? (
        <>
          <RecoverySheet
            words={shown.words}
            household={state.value?.household?.name ?? ""}
            recipient={shown.recipient}
          />
          <button type="button" class="quiet" onClick={() => setShown(null)}>
            Hide it
          </button>
        </>
      ) : (
        <form class="inset" onSubmit={show}>
          <Secret
            label="Passphrase"
            testid="sheet-passphrase"
            autocomplete="current-password"
            value={passphrase}
            onInput={setPassphrase}
          />
          <button type="submit" disabled={!passphrase || busy}>
            Show it
          </button>
          {busy && <Wait text="Unlocking your key…" />}
          {problem && <Problem text={problem} />}
        </form>
      )}
    </>
  );
}

function Passphrase() {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const change = async (event: Event) => {
    event.preventDefault();
    setProblem(null);
    if (next.length < SHORTEST) return setProblem(`The new passphrase needs at least ${SHORTEST} characters.`);
    setBusy(true);
    try {
      const { root, loginKey } = await rootBy(old);
      const kdf = newKdf();
      const stretched = await stretch(next, kdf);
      await send("POST", "/passphrase", {
        old_login_key: b64(loginKey),
        kdf,
        login_key: b64(stretched.loginKey),
        wrapped_root: await wrap(root, stretched.wrapKey),
      });
      setOld("");
      setNext("");
      say("The passphrase is changed. Other devices are signed out.");
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <form onSubmit={change} class="inset">
        <Secret label="Now" testid="passphrase-old" autocomplete="current-password" value={old} onInput={setOld} />
        <NewPassphrase label="New" testid="passphrase-new" value={next} onInput={setNext} />
        {problem && <Problem text={problem} />}
        <button type="submit" disabled={busy || !old || !next}>
          Change it
        </button>
        {busy && <Wait text="Locking your key anew…" />}
      </form>
    </>
  );
}

const LISTED = 6;

interface Held {
  clips: { clip: string; created_ms: number; expires_ms: number; bytes: number; objects: unknown[] }[];
  used_bytes: number;
  quota_bytes: number;
  keep_hours: number;
}

function Mailbox() {
  const [held, setHeld] = useState<Held | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const load = () =>
    value(mailbox("GET", "/clips"))
      .then((r) => r.json())
      .then(setHeld, (error: Error) => setProblem(error.message));
  useEffect(() => void load(), []);
  const [all, setAll] = useState(false);
  const [asking, setAsking] = useState(false);
  const empty = async () => {
    try {
      await value(mailbox("DELETE", "/clips"));
      say("The mailbox is empty.");
    } catch (error) {
      setProblem((error as Error).message);
    }
    void load();
  };
  return (
    <section>
      <h2>What the mailbox sees</h2>
      <p>This is all that it knows: no picture, no name, no camera. Sizes are padded, so they say little.</p>
      {problem && <Problem text={problem} />}
      {!held && !problem && <Wait text="Asking the mailbox…" />}
      {held && held.clips.length === 0 && <p class="fine">It is empty.</p>}
      {held && held.clips.length > 0 && (
        <>
          <table>
            <thead>
              <tr>
                <th>Clip</th>
                <th>Came</th>
                <th>Deleted</th>
                <th>Sealed</th>
              </tr>
            </thead>
            <tbody>
              {held.clips
                .slice(all ? 0 : -LISTED)
                .reverse()
                .map((c) => (
                  <tr key={c.clip}>
                    <td>
                      <Link
                        href={`/clip/${c.clip}`}
                        aria-label={`Open the clip ${c.clip.slice(0, 8)} from the mailbox`}
                      >
                        <code>{c.clip.slice(0, 8)}…</code>
                      </Link>
                    </td>
                    <td>{when(c.created_ms, now.value)}</td>
                    <td>{when(c.expires_ms, now.value)}</td>
                    <td>{bytes(c.bytes)}</td>
                  </tr>
                ))}
            </tbody>
          </table>
          <p class="fine">
            {held.clips.length} clips, {bytes(held.used_bytes)} of {bytes(held.quota_bytes)}; each is deleted after{" "}
            {held.keep_hours} hours.
          </p>
          <div class="row">
            {held.clips.length > LISTED && (
              <button type="button" aria-expanded={all} onClick={() => setAll(!all)}>
                {all ? "Show fewer" : `Show all ${held.clips.length}`}
              </button>
            )}
            <button type="button" class="danger" onClick={() => setAsking(true)}>
              Delete all of it
            </button>
          </div>
        </>
      )}
      {asking && (
        <Confirm
          title="Empty the mailbox?"
          text="Every sealed clip outside is deleted at once. What is kept at home stays."
          yes="Delete all"
          act={empty}
          close={() => setAsking(false)}
        />
      )}
    </section>
  );
}

function Look() {
  const [theme, setTheme] = useState(localStorage.getItem("theme") ?? "");
  const choose = (to: string) => {
    setTheme(to);
    if (to) localStorage.setItem("theme", to);
    else localStorage.removeItem("theme");
    if (to) document.documentElement.dataset.theme = to;
    else delete document.documentElement.dataset.theme;
  };
  return (
    <section>
      <h2>Look</h2>
      <div class="segmented" role="group" aria-label="Colours">
        {[
          ["", "As the system"],
          ["light", "Light"],
          ["dark", "Dark"],
        ].map(([value, label]) => (
          <button key={value} type="button" aria-pressed={theme === value} onClick={() => choose(value ?? "")}>
            {label}
          </button>
        ))}
      </div>
    </section>
  );
}
