import { render } from "preact";
import { useState } from "preact/hooks";
import { Mark } from "../shared/Mark";
import { Agreement } from "./Agreement";
import { Between } from "./Between";
import { Door, Resting } from "./Door";
import { Desk } from "./desk/Page";
import { session, watchReviewer } from "./here";
import { Invited } from "./Invited";
import type { Place } from "./room";

type Inside = Exclude<Place, { is: "out" | "resting" }>;

function App() {
  const [invite] = useState(() => new URLSearchParams(location.hash.slice(1)).get("invite"));
  if (!globalThis.PublicKeyCredential) {
    return (
      <main class="narrow door">
        <h1>This browser cannot use passkeys</h1>
        <p>Use a current browser, and the https address of the review room.</p>
      </main>
    );
  }
  if (invite) return <Invited invite={invite} />;
  const at = session.now.value.place;
  if (at.is === "out") return <Door isLocked={at.isLocked} isUnfinished={at.work !== null} />;
  if (at.is === "resting") return <Resting />;
  return <Room at={at} />;
}

function Room({ at }: { at: Inside }) {
  const [isMine, setMine] = useState(false);
  return (
    <>
      <header class="room">
        <span class="brand">
          <Mark /> <span class="wide-only">Review room</span>
        </span>
        <span class="who" data-testid="who">
          {session.now.value.reviewer}
        </span>
        {at.is === "desk" && (
          <span class="fine count" data-testid="count">
            {at.work.look.done_today} of {at.work.look.quota} today
          </span>
        )}
        <span class="grow" />
        <button type="button" class="quiet" onClick={() => setMine(!isMine)} data-testid="mine-open">
          Mine
        </button>
        <button type="button" class="quiet" onClick={() => void session.rest()} data-testid="rest">
          Break
        </button>
      </header>
      {isMine ? <Agreement close={() => setMine(false)} /> : <InRoom at={at} />}
    </>
  );
}

function InRoom({ at }: { at: Inside }) {
  return at.is === "desk" ? <Desk key={at.work.look.view} work={at.work} /> : <Between at={at} />;
}

watchReviewer();
render(<App />, document.getElementById("app")!);
