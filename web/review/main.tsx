import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { enrol, type Mine, mine } from "./api";
import { Desk } from "./Desk";
import { busy, isLocked, look, nextClip, problem, rest, reviewer, signIn, where, why } from "./state";

const Mark = () => (
  <svg class="mark" viewBox="0 0 64 64" aria-hidden="true">
    <path d="M20 30v-6a12 12 0 0 1 24 0v6" fill="none" stroke="currentColor" stroke-width="5" stroke-linecap="round" />
    <path
      d="M21 29h22a6 6 0 0 1 6 6v12a6 6 0 0 1-6 6H21a6 6 0 0 1-6-6V35a6 6 0 0 1 6-6Zm11 5.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 0 0 0-13Z"
      fill="currentColor"
      fill-rule="evenodd"
    />
  </svg>
);

const Trouble = () =>
  problem.value ? (
    <p class="problem" role="alert">
      {problem.value}
    </p>
  ) : null;

function SignIn() {
  const unfinished = look.value !== null;
  return (
    <main class="narrow door" data-testid="door">
      <Mark />
      <h1>{isLocked.value ? "Locked" : "Review room"}</h1>
      <p class="lead">
        {isLocked.value
          ? unfinished
            ? "A minute went by, so the pictures are gone. Your label is kept."
            : "A minute went by, so the room locked itself."
          : "Clips that people gave, one at a time. Each look is on record, and its owner can see it."}
      </p>
      <Trouble />
      <button type="button" class="main big" data-testid="enter" disabled={busy.value} onClick={signIn} autofocus>
        Touch your passkey
      </button>
    </main>
  );
}

function Resting() {
  return (
    <main class="narrow door">
      <Mark />
      <h1>Take your time</h1>
      <p class="lead">
        The room is locked and nothing runs on. Look at something far away, stand up, drink some water.
      </p>
      <Trouble />
      <button type="button" class="main big" data-testid="enter" disabled={busy.value} onClick={signIn} autofocus>
        Back to work
      </button>
    </main>
  );
}

function Empty() {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) =>
      event.key === "Enter" && !(event.target instanceof HTMLButtonElement) && void nextClip();
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const over = where.value === "over";
  return (
    <main id="content" class="narrow door" data-testid={over ? "over" : "empty"}>
      <Mark />
      <h1>{over ? "This clip is closed" : why.value ? "Not now" : "Nothing waits. Thank you."}</h1>
      <p class="lead">
        {why.value || "Every clip that you may see has what it needs. New ones come when somebody gives one."}
      </p>
      <Trouble />
      <button type="button" class="main big" data-testid="next" disabled={busy.value} onClick={nextClip}>
        {over ? "Next clip" : "Look again"}
      </button>
    </main>
  );
}

const percent = (share: number | null) => (share === null ? "–" : `${Math.round(share * 100)} %`);

function MyAgreement({ close }: { close: () => void }) {
  const [found, setFound] = useState<Mine | null>(null);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    mine().then(setFound, (error: Error) => setTrouble(error.message));
  }, []);
  return (
    <main id="content" class="narrow" data-testid="mine">
      <h1>My agreement</h1>
      <p class="lead">
        How often you said what others, or a known answer, said too. Up to last midnight (UTC), for your eyes only:
        there is no ranking.
      </p>
      {trouble && (
        <p class="problem" role="alert">
          {trouble}
        </p>
      )}
      {found && (
        <dl class="facts">
          <div>
            <dt>Verdict</dt>
            <dd>{percent(found.verdict)}</dd>
          </div>
          <div>
            <dt>Who or what</dt>
            <dd>{percent(found.subjects)}</dd>
          </div>
          <div>
            <dt>Clips compared</dt>
            <dd>{found.compared}</dd>
          </div>
          <div>
            <dt>Looked at today</dt>
            <dd>
              {found.done_today} of at most {found.quota}
            </dd>
          </div>
        </dl>
      )}
      {found && found.verdict === null && <p class="fine">A figure needs ten clips that can be compared.</p>}
      <div class="row">
        <button type="button" class="main" onClick={close} data-testid="mine-close">
          Back
        </button>
      </div>
    </main>
  );
}

function Invited({ invite }: { invite: string }) {
  const [device, setDevice] = useState("");
  const [change, setChange] = useState("");
  const [trouble, setTrouble] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    setTrouble("");
    try {
      const asked = await enrol(invite, device.trim());
      history.replaceState(null, "", "/");
      setChange(asked.change);
    } catch (error) {
      setTrouble(error instanceof DOMException ? "No passkey was made. Try again." : (error as Error).message);
    }
  };
  return (
    <main class="narrow door">
      <Mark />
      {change ? (
        <>
          <h1>Your passkey is made</h1>
          <p class="lead">
            Two administrators now sign for it. Tell them this number: <code data-testid="change">{change}</code>
          </p>
          <a class="button" href="/">
            To the review room
          </a>
        </>
      ) : (
        <form onSubmit={submit}>
          <h1>Make your passkey</h1>
          <p class="lead">
            It stays on this device and opens the review room here. Each clip that you look at is on record under a
            pseudonym.
          </p>
          <label class="field">
            <span>What you call this device</span>
            <input
              data-testid="device"
              value={device}
              maxLength={40}
              autocomplete="off"
              onInput={(e) => setDevice(e.currentTarget.value)}
            />
          </label>
          {trouble && (
            <p class="problem" role="alert">
              {trouble}
            </p>
          )}
          <button type="submit" class="main big" data-testid="make-passkey" disabled={!device.trim()}>
            Make it
          </button>
        </form>
      )}
    </main>
  );
}

function App() {
  const [invite] = useState(() => new URLSearchParams(location.hash.slice(1)).get("invite"));
  const [isMine, setMine] = useState(false);
  if (!globalThis.PublicKeyCredential) {
    return (
      <main class="narrow door">
        <h1>This browser knows no passkeys</h1>
        <p>Use a current browser, and the https address of the review room.</p>
      </main>
    );
  }
  if (invite) return <Invited invite={invite} />;
  if (where.value === "out") return <SignIn />;
  if (where.value === "resting") return <Resting />;
  return (
    <>
      <header class="room">
        <span class="brand">
          <Mark /> <span class="wide-only">Review room</span>
        </span>
        <span class="who" data-testid="who">
          {reviewer.value}
        </span>
        {look.value && (
          <span class="fine count" data-testid="count">
            {look.value.done_today} of {look.value.quota} today
          </span>
        )}
        <span class="grow" />
        <button type="button" class="quiet" onClick={() => setMine(!isMine)} data-testid="mine-open">
          Mine
        </button>
        <button type="button" class="quiet" onClick={rest} data-testid="rest">
          Break
        </button>
      </header>
      {isMine ? (
        <MyAgreement close={() => setMine(false)} />
      ) : where.value === "desk" ? (
        <Desk key={look.value?.view} />
      ) : (
        <Empty />
      )}
    </>
  );
}

render(<App />, document.getElementById("app")!);
