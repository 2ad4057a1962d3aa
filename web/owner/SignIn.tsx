import { useState } from "preact/hooks";
import { ApiError, get, send } from "../shared/api";
import { b64, joined, unb64, utf8 } from "../shared/bytes";
import { fromWords, type Kdf, lockedKeys, newKdf, stretch, unwrap, wrap } from "../shared/keys";
import { deviceName, SHORTEST, strength } from "./SetUp";
import { unlock } from "./state";
import { Field, Mark, Problem, Secret, useTitle, Wait } from "./ui";

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
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const { kdf } = await get<{ kdf: Kdf }>("/login");
      const stretched = await stretch(passphrase, kdf);
      const answer = await send<{ wrapped_root: string }>("POST", "/login", { login_key: b64(stretched.loginKey), device_name: deviceName() });
      await unlock(await unwrap(answer.wrapped_root, stretched.wrapKey));
    } catch (error) {
      setProblem((error as Error).message);
      if (error instanceof ApiError && error.status === 403) setPassphrase("");
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <h1>Welcome back</h1>
      <Secret label="Passphrase" testid="login-passphrase" autocomplete="current-password" value={passphrase} onInput={setPassphrase} />
      {problem && <Problem text={problem} />}
      <div class="row">
        <button class="main" data-testid="login-submit" disabled={busy || !passphrase}>
          Unlock
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
        device_name: deviceName(),
      });
      await unlock(root);
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <h1>Use the recovery sheet</h1>
      <Field label="The 24 words" hint={`${text.split(/\s+/).filter(Boolean).length} of 24`}>
        <textarea data-testid="recovery-text" rows={4} autocapitalize="none" spellcheck={false} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </Field>
      <Secret label="New passphrase" testid="recovery-passphrase" autocomplete="new-password" value={passphrase} onInput={setPassphrase} hint={strength(passphrase)} />
      {problem && <Problem text={problem} />}
      <div class="row">
        <button class="main" data-testid="recovery-submit" disabled={busy}>
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
