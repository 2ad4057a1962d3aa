// The owner's key: the recovery sheet once more, and another passphrase.

import { useState } from "preact/hooks";
import { get, send } from "../../shared/api";
import { newKdf } from "../../shared/keys";
import { judge } from "../judge";
import { unchosen } from "../passphrase";
import { NewPassphrase, RecoverySheet } from "../secrets";
import { state } from "../state";
import { useTask } from "../task";
import { say } from "../toast";
import { Secret, Trouble, Wait } from "../ui";
import { changePassphrase, type Sheet, sheetBy } from "./unlocking";

const hub = { get, send };

export function YourKey() {
  return (
    <section>
      <h2>Your key</h2>
      <p class="fine">
        Made in your browser and kept there in a form that cannot be read out. The only other copy is your recovery
        sheet.
      </p>
      <details>
        <summary>Show the recovery sheet again</summary>
        <SheetAgain />
      </details>
      <details>
        <summary>Change the passphrase</summary>
        <Passphrase />
      </details>
    </section>
  );
}

function SheetAgain() {
  const [passphrase, setPassphrase] = useState("");
  const [sheet, setSheet] = useState<Sheet | null>(null);
  const task = useTask();
  const show = async (event: Event) => {
    event.preventDefault();
    const found = await task.run(() => sheetBy(hub, passphrase));
    if (!found.ok) return;
    setSheet(found.value);
    setPassphrase("");
  };
  if (sheet) {
    return (
      <>
        <RecoverySheet words={sheet.words} household={state.value?.household?.name ?? ""} recipient={sheet.recipient} />
        <button type="button" class="quiet" onClick={() => setSheet(null)}>
          Hide it
        </button>
      </>
    );
  }
  return (
    <form class="inset" onSubmit={(event) => void show(event)}>
      <Secret
        label="Passphrase"
        testid="sheet-passphrase"
        autocomplete="current-password"
        value={passphrase}
        onInput={setPassphrase}
      />
      <button type="submit" disabled={!passphrase || task.isBusy}>
        Show it
      </button>
      {task.isBusy && <Wait text="Unlocking your key…" />}
      <Trouble of={task.failure} />
    </form>
  );
}

function Passphrase() {
  const [old, setOld] = useState("");
  const [next, setNext] = useState(() => unchosen(state.value?.household?.name));
  const [round, setRound] = useState(0); // what was offered once is not offered again
  const task = useTask();
  const change = async (event: Event) => {
    event.preventDefault();
    const done = await task.run(() => changePassphrase(hub, judge, { old, next, kdf: newKdf() }));
    if (!done.ok) return;
    setOld("");
    setNext({ ...next, passphrase: "", repeat: "" });
    setRound(round + 1);
    say("The passphrase has been changed. Other devices have been signed out.");
  };
  return (
    <form class="inset" onSubmit={(event) => void change(event)}>
      <Secret
        label="Passphrase now"
        testid="passphrase-old"
        autocomplete="current-password"
        value={old}
        onInput={setOld}
      />
      <NewPassphrase
        key={round}
        label="New passphrase"
        testid="passphrase-new"
        repeatTestid="passphrase-repeat"
        chosen={next}
        set={(part) => setNext((had) => ({ ...had, ...part }))}
      />
      <Trouble of={task.failure} />
      <button type="submit" disabled={task.isBusy || !old || !next.passphrase || !next.repeat}>
        Change it
      </button>
      {task.isBusy && <Wait text="Locking your key with it…" />}
    </form>
  );
}
