// Between two clips: nothing is waiting, it is not the time, or the last one was closed.

import { useEffect, useState } from "preact/hooks";
import { Mark } from "../shared/Mark";
import { session } from "./here";
import { Practice } from "./practice/Page";
import type { Place } from "./room";
import { Trouble } from "./Trouble";

type Betweens = Extract<Place, { is: "empty" | "over" }>;

export function Between({ at }: { at: Betweens }) {
  const [isPractice, setPractice] = useState(false);
  if (isPractice) return <Practice close={() => setPractice(false)} />;
  return <Pause at={at} practise={() => setPractice(true)} />;
}

function Pause({ at, practise }: { at: Betweens; practise: () => void }) {
  useKeys();
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
      <p class="beside">
        <button type="button" class="quiet" onClick={practise} data-testid="practise">
          Practise meanwhile
        </button>
      </p>
    </main>
  );
}

function useKeys() {
  useEffect(() => {
    const onKey = ({ key, target }: KeyboardEvent) => {
      if (key === "Enter" && !(target instanceof HTMLButtonElement)) void session.nextClip();
      if (key.toLowerCase() === "z") void session.undo();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
