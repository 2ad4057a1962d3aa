// The way in on a device that does not know the owner: by passphrase, or with the recovery sheet.

import { useMemo, useState } from "preact/hooks";
import type { WrongWord } from "../../shared/keys";
import { unchosen } from "../passphrase";
import { NewPassphrase } from "../secrets";
import { now, state } from "../state";
import { Field, Mark, Secret, Trouble, useTitle, Wait } from "../ui";
import { entryDoors, recoveryDoors } from "./doors";
import { at, entry, secondsLeft } from "./entry";
import { countOf, mended, recovery, slips } from "./recovery";

export function SignIn() {
  const [hasForgotten, setForgotten] = useState(false);
  return (
    <main class="narrow">
      <p class="brand large">
        <Mark /> Nightlatch
      </p>
      {hasForgotten ? (
        <Recover back={() => setForgotten(false)} />
      ) : (
        <Passphrase forgotten={() => setForgotten(true)} />
      )}
    </main>
  );
}

function Passphrase({ forgotten }: { forgotten: () => void }) {
  useTitle("Sign in");
  const way = useMemo(() => entry(entryDoors()), []);
  const [passphrase, setPassphrase] = useState("");
  const nowMs = now.value && Date.now(); // afresh every second, by this device's clock
  const entering = at(way.now.value, nowMs);
  const left = secondsLeft(entering, nowMs);
  const submit = (event: Event) => {
    event.preventDefault();
    void way.enter(passphrase);
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
      {entering.is !== "unlocking" && <Trouble of={entering.failure} />}
      <div class="row">
        <button
          type="submit"
          class="main"
          data-testid="login-submit"
          disabled={entering.is !== "asking" || !passphrase}
        >
          {left > 0 ? `Wait ${left} s` : "Unlock"}
        </button>
        <button type="button" class="quiet" onClick={forgotten}>
          Forgot it? Use the recovery sheet
        </button>
      </div>
      {entering.is === "unlocking" && <Wait text="Unlocking your key…" />}
    </form>
  );
}

function Recover({ back }: { back: () => void }) {
  useTitle("Recovery");
  const way = useMemo(() => recovery(recoveryDoors()), []);
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState(() => unchosen(state.value?.household?.name));
  const recovering = way.now.value;
  const isBusy = recovering.is === "recovering";
  const submit = (event: Event) => {
    event.preventDefault();
    void way.recover(words, chosen);
  };
  return (
    <form onSubmit={submit}>
      <h1>Use the recovery sheet</h1>
      <p class="lead">
        Its words open your recordings again and set a new passphrase. Every other device is signed out.
      </p>
      <Field label="The 24 words, in order" hint={`${countOf(words)} of 24`}>
        <textarea
          data-testid="recovery-text"
          rows={4}
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          value={words}
          onInput={(e) => setWords(e.currentTarget.value)}
        />
      </Field>
      <Slips of={slips(words)} mend={(index, word) => setWords(mended(words, index, word))} />
      <NewPassphrase
        label="New passphrase"
        testid="recovery-passphrase"
        repeatTestid="recovery-repeat"
        chosen={chosen}
        set={(part) => setChosen((had) => ({ ...had, ...part }))}
      />
      {recovering.is === "asking" && <Trouble of={recovering.failure} />}
      <div class="row">
        <button type="submit" class="main" data-testid="recovery-submit" disabled={isBusy}>
          Set it and sign in
        </button>
        <button type="button" class="quiet" onClick={back}>
          Back
        </button>
      </div>
      {isBusy && <Wait text="Locking your key with the new passphrase…" />}
    </form>
  );
}

function Slips({ of, mend }: { of: WrongWord[]; mend: (index: number, word: string) => void }) {
  if (of.length === 0) return null;
  return (
    <ul class="slips" aria-live="polite">
      {of.map(({ index, word, maybe }) => (
        <li key={index}>
          Word {index + 1}, “{word}”, is not on the list.{" "}
          {maybe && (
            <button type="button" class="quiet" onClick={() => mend(index, maybe)}>
              Make it “{maybe}”
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
