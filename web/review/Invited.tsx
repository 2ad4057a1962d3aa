// A new reviewer behind an invitation: makes a passkey, which two administrators then sign for.

import { useState } from "preact/hooks";
import type { Result } from "../shared/ask";
import { Mark } from "../shared/Mark";
import { enrol } from "./api";
import { Trouble } from "./Trouble";

export function Invited({ invite }: { invite: string }) {
  const [answer, setAnswer] = useState<Result<{ change: string }> | null>(null);
  const make = async (device: string) => {
    setAnswer(null);
    const asked = await enrol(invite, device);
    if (asked.ok) history.replaceState(null, "", "/"); // the invitation is used up
    setAnswer(asked);
  };
  return (
    <main class="narrow door">
      <Mark />
      {answer?.ok ? (
        <>
          <h1>Your passkey is made</h1>
          <p class="lead">
            Two administrators now sign for it. Tell them this number:{" "}
            <code data-testid="change">{answer.value.change}</code>
          </p>
          <a class="button" href="/">
            Go to the review room
          </a>
        </>
      ) : (
        <MakePasskey answer={answer} make={make} />
      )}
    </main>
  );
}

interface MakeProps {
  answer: Result<unknown> | null;
  make: (device: string) => Promise<void>;
}

function MakePasskey({ answer, make }: MakeProps) {
  const [device, setDevice] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    void make(device.trim());
  };
  return (
    <form onSubmit={submit}>
      <h1>Make your passkey</h1>
      <p class="lead">
        It stays on this device and opens the review room here. Each clip that you look at is on record under a
        pseudonym.
      </p>
      <label class="field">
        <span>What do you call this device?</span>
        <input
          data-testid="device"
          value={device}
          maxLength={40}
          autocomplete="off"
          onInput={(e) => setDevice(e.currentTarget.value)}
        />
      </label>
      {answer && !answer.ok && <Trouble of={answer} />}
      <button type="submit" class="main big" data-testid="make-passkey" disabled={!device.trim()}>
        Make it
      </button>
    </form>
  );
}
