import { render } from "preact";
import { useState } from "preact/hooks";
import { Mark } from "../shared/Mark";
import { Agreement } from "./Agreement";
import { Between } from "./Between";
import { Door, Resting } from "./Door";
import { Desk } from "./desk/Page";
import { Handed, IdleWarning } from "./Handed";
import { session, watchReviewer } from "./here";
import { Invited } from "./Invited";
import { Practice } from "./practice/Page";
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
  return at.is === "out" || at.is === "resting" ? <Outside at={at} /> : <Room at={at} />;
}

// Practising needs no passkey: nothing of it leaves the page.
function Outside({ at }: { at: Exclude<Place, Inside> }) {
  const [isPractice, setPractice] = useState(false);
  if (isPractice) return <Practice close={() => setPractice(false)} />;
  if (at.is === "resting") return <Resting />;
  return <Door isLocked={at.isLocked} isUnfinished={at.work !== null} practise={() => setPractice(true)} />;
}

function Room({ at }: { at: Inside }) {
  const { isMine, isBusy, handed, warning } = session.now.value;
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
        <button
          type="button"
          class="quiet"
          disabled={isBusy}
          onClick={() => (isMine ? session.closeMine() : session.openMine())}
          data-testid="mine-open"
        >
          Mine
        </button>
        <button type="button" class="quiet" onClick={() => void session.rest()} data-testid="rest">
          Break
        </button>
      </header>
      <IdleWarning of={warning} />
      {isMine ? <Agreement close={() => session.closeMine()} /> : <InRoom at={at} />}
      {handed && !isMine && <Handed handed={handed} />}
    </>
  );
}

function InRoom({ at }: { at: Inside }) {
  return at.is === "desk" ? <Desk key={at.work.look.view} work={at.work} /> : <Between at={at} />;
}

watchReviewer();
render(<App />, document.getElementById("app")!);
