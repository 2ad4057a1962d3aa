// Between two clips: nothing is waiting, it is not the time, or the last one was closed.

import { useEffect } from "preact/hooks";
import { Mark } from "../shared/Mark";
import { session } from "./here";
import type { Place } from "./room";
import { Trouble } from "./Trouble";

export function Between({ at }: { at: Extract<Place, { is: "empty" | "over" }> }) {
  useEnter();
  const { isBusy, failure } = session.now.value;
  const isOver = at.is === "over";
  return (
    <main id="content" class="narrow door" data-testid={at.is}>
      <Mark />
      <h1>{isOver ? "This clip is closed" : at.why ? "Not now" : "Nothing is waiting. Thank you."}</h1>
      <p class="lead">
        {at.why || "Every clip that you may see has what it needs. New ones come when somebody gives one."}
      </p>
      <Trouble of={failure} />
      <button
        type="button"
        class="main big"
        data-testid="next"
        disabled={isBusy}
        onClick={() => void session.nextClip()}
      >
        {isOver ? "Next clip" : "Look again"}
      </button>
    </main>
  );
}

function useEnter() {
  useEffect(() => {
    const onKey = ({ key, target }: KeyboardEvent) => {
      if (key === "Enter" && !(target instanceof HTMLButtonElement)) void session.nextClip();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
