// What opens over the desk: the keys, and the question before a clip is stopped.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { CONTROLS, keyName } from "../keys";

function Box({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} onClose={close} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}

export function KeysBox({ close }: { close: () => void }) {
  return (
    <Box title="Keys" close={close}>
      <dl class="keys">
        {CONTROLS.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{keyName(key)}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" class="main" autofocus>
          Back
        </button>
      </form>
    </Box>
  );
}

export function FlagBox({ close, flag }: { close: () => void; flag: () => void }) {
  return (
    <Box title="This should not have been shared?" close={close}>
      <p>The clip is stopped for everybody at once, and its owner and the programme are told. You need no reason.</p>
      <form method="dialog" class="row">
        <button type="submit" class="main danger" data-testid="flag-yes" onClick={flag} autofocus>
          Stop this clip
        </button>
        <button type="submit" class="quiet">
          Cancel
        </button>
      </form>
    </Box>
  );
}
