import { useEffect, useState } from "preact/hooks";
import { b64, joined, unb64, utf8 } from "../../shared/bytes";
import { fromWords, type Kdf, lockedKeys, newKdf, stretch, unwrap, wrap, wrongWords } from "../../shared/keys";
import { ApiError, get, send } from "../../shared/throwing";
import { deviceName, SHORTEST } from "../passphrase";
import { NewPassphrase } from "../secrets";
import { now, unlock } from "../state";
import { Field, Mark, Problem, Secret, useTitle, Wait } from "../ui";

export function SignIn() {
  const [forgot, setForgot] = useState(false);
  return (
    <main class="narrow">
      <p class="brand large">
        <Mark /> Nightlatch
      </p>
      {forgot ? <Recover back={() => setForgot(false)} /> : <Passphrase forgot={() => setForgot(true)} />}
    </main>
  );
}

function Passphrase({ forgot }: { forgot: () => void }) {
  useTitle("Sign in");
  const [passphrase, setPassphrase] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [until, setUntil] = useState(0);
  const wait = now.value && Math.ceil((until - Date.now()) / 1000);
  useEffect(() => {
    if (until && wait <= 0) setProblem(null);
  }, [until > 0 && wait <= 0]);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const { kdf } = await get<{ kdf: Kdf }>("/login");
      const stretched = await stretch(passphrase, kdf);
      const answer = await send<{ wrapped_root: string }>("POST", "/login", {
        login_key: b64(stretched.loginKey),
        device_name: deviceName(navigator.userAgent),
      });
      const done = await unlock(await unwrap(answer.wrapped_root, stretched.wrapKey));
      if (!done.ok) throw new Error(done.text);
    } catch (error) {
      setProblem((error as Error).message);
      if (error instanceof ApiError && error.status === 429) setUntil(Date.now() + 1000 * (error.retryAfterS ?? 1));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <h1>Welcome back</h1>
      <Secret
        label="Passphrase"
        testid="login-passphrase"
        autocomplete="current-password"
        value={passphrase}
        onInput={setPassphrase}
      />
      {problem && <Problem text={problem} />}
      <div class="row">
        <button type="submit" class="main" data-testid="login-submit" disabled={busy || !passphrase || wait > 0}>
          {wait > 0 ? `Wait ${wait} s` : "Unlock"}
        </button>
        <button type="button" class="quiet" onClick={forgot}>
          Forgot it? Use the recovery sheet
        </button>
      </div>
      {busy && <Wait text="Unlocking your key…" />}
    </form>
  );
}

function Recover({ back }: { back: () => void }) {
  useTitle("Recovery");
  const [text, setText] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setProblem(null);
    try {
      const root = fromWords(text);
      if (passphrase.length < SHORTEST) throw new Error(`The new passphrase needs at least ${SHORTEST} characters.`);
      setBusy(true);
      const { challenge } = await get<{ challenge: string }>("/recovery");
      const { sign } = await lockedKeys(root);
      const message = joined([utf8("nightlatch recovery v1\n"), unb64(challenge)]);
      const kdf = newKdf();
      const stretched = await stretch(passphrase, kdf);
      await send("POST", "/recovery", {
        challenge,
        signature: b64(new Uint8Array(await crypto.subtle.sign("Ed25519", sign, message))),
        kdf,
        login_key: b64(stretched.loginKey),
        wrapped_root: await wrap(root, stretched.wrapKey),
        device_name: deviceName(navigator.userAgent),
      });
      const done = await unlock(root);
      if (!done.ok) throw new Error(done.text);
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  // A word that is still being typed is not wrong yet.
  const wrong = wrongWords(text).filter(
    ({ index }) => /\s$/.test(text) || index < text.split(/\s+/).filter(Boolean).length - 1,
  );
  return (
    <form onSubmit={submit}>
      <h1>Use the recovery sheet</h1>
      <p class="lead">
        Its words open your recordings again and set a new passphrase. Every other device is signed out.
      </p>
      <Field label="The 24 words, in their order" hint={`${text.split(/\s+/).filter(Boolean).length} of 24`}>
        <textarea
          data-testid="recovery-text"
          rows={4}
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(e) => setText(e.currentTarget.value)}
        />
      </Field>
      {wrong.length > 0 && (
        <ul class="slips" aria-live="polite">
          {wrong.map(({ index, word, maybe }) => (
            <li key={index}>
              Word {index + 1}, “{word}”, is not on the list.{" "}
              {maybe && (
                <button
                  type="button"
                  class="quiet"
                  onClick={() =>
                    setText(
                      text
                        .split(/\s+/)
                        .filter(Boolean)
                        .map((w, i) => (i === index ? maybe : w))
                        .join(" "),
                    )
                  }
                >
                  Make it “{maybe}”
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      <NewPassphrase label="New passphrase" testid="recovery-passphrase" value={passphrase} onInput={setPassphrase} />
      {problem && <Problem text={problem} />}
      <div class="row">
        <button type="submit" class="main" data-testid="recovery-submit" disabled={busy}>
          Set it and sign in
        </button>
        <button type="button" class="quiet" onClick={back}>
          Back
        </button>
      </div>
      {busy && <Wait text="Locking your key with the new passphrase…" />}
    </form>
  );
}
