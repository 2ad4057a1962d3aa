// What opens over the desk: a box, and the question before a clip is stopped. The guide is in Guide.tsx.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface BoxProps {
  title: string;
  close: () => void;
  isWide?: boolean;
  children: ComponentChildren;
}

export function Box({ title, close, isWide, children }: BoxProps) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => box.current?.showModal(), []); // before the next key comes
  return (
    <dialog ref={box} onClose={close} aria-label={title} class={isWide ? "wide" : ""}>
      <h2>{title}</h2>
      {children}
    </dialog>
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
