// Giving one clip: choose, hide people, play the film to its end, sign.

import { useEffect, useMemo } from "preact/hooks";
import { when } from "../../shared/time";
import { now } from "../state";
import { Link, Problem, Trouble, useTitle, Wait } from "../ui";
import { type Cut, lengthOf, longestFrom, SHORTEST_MS } from "./cut";
import { doors } from "./doors";
import { type Giver, giver } from "./giver";
import { type Choosing, type Hiding, hid, inWords, leftFor, type Previewing } from "./steps";

export function GivePage({ id }: { id: string }) {
  useTitle("Give a clip");
  const giving = useMemo(() => giver(id, doors), [id]);
  useEffect(() => {
    void giving.open();
    return giving.leave;
  }, [giving]);
  const at = giving.at.value;
  switch (at.step) {
    case "opening":
    case "given":
      return <Wait text="Opening the clip…" />;
    case "unopened":
      return <Trouble of={at.failure} />;
    case "unjoined":
      return <JoinFirst />;
    case "too-short":
      return (
        <Problem text="This clip is shorter than 20 seconds." todo="Only clips of 20 seconds or more can be given." />
      );
    case "choosing":
      return <Choose id={id} giving={giving} at={at} hiding={null} />;
    case "hiding":
      return <Choose id={id} giving={giving} at={at.from} hiding={at} />;
    case "previewing":
      return <Preview id={id} giving={giving} at={at} isBusy={false} />;
    case "signing":
      return <Preview id={id} giving={giving} at={at.from} isBusy />;
  }
}

function JoinFirst() {
  return (
    <div class="narrow empty">
      <h2>Join a programme first</h2>
      <p>Clips are given to one programme, which you choose.</p>
      <Link href="/giving" class="button main">
        Join a programme
      </Link>
    </div>
  );
}

function Choose(props: { id: string; giving: Giver; at: Choosing; hiding: Hiding | null }) {
  const { id, giving, at, hiding } = props;
  return (
    <div class="narrow wide give">
      <h1>Give this clip</h1>
      <p class="lead">
        {at.clip.camera_name}, {when(at.clip.onset_ms, now.value)}. Nothing leaves before you have seen exactly what
        would.
      </p>
      <Sliders cut={at.cut} all={lengthOf(at.clip)} set={giving.cut} isBusy={hiding !== null} />
      <div class="row">
        <button
          type="button"
          class="main"
          data-testid="give-hide"
          disabled={hiding !== null}
          onClick={() => void giving.hide()}
        >
          Hide people
        </button>
        <KeepIt id={id} />
      </div>
      {hiding && (
        <p class="wait" role="status">
          <span class="dots" aria-hidden="true" />{" "}
          {hiding.doing === "opening" ? "Opening the clip in this browser…" : "Hiding people…"}{" "}
          {hiding.share === null ? "" : `${Math.round(hiding.share * 100)} %`} {leftFor(hiding)}
        </p>
      )}
      <Trouble of={at.failure} />
    </div>
  );
}

interface CutProps {
  cut: Cut;
  set: (to: Cut) => void;
  isBusy: boolean;
}

function Sliders({ cut, all, set, isBusy }: CutProps & { all: number }) {
  return (
    <>
      <label class="field">
        <span>From second {Math.round(cut.fromMs / 1000)}</span>
        <input
          type="range"
          disabled={isBusy}
          min={0}
          max={Math.max(0, all - SHORTEST_MS)}
          step={500}
          value={cut.fromMs}
          onInput={(e) => set({ ...cut, fromMs: Number(e.currentTarget.value) })}
        />
      </label>
      <label class="field">
        <span>For {Math.round(cut.lengthMs / 1000)} seconds</span>
        <input
          type="range"
          disabled={isBusy}
          min={SHORTEST_MS}
          max={longestFrom(cut.fromMs, all)}
          step={500}
          value={cut.lengthMs}
          onInput={(e) => set({ ...cut, lengthMs: Number(e.currentTarget.value) })}
        />
      </label>
    </>
  );
}

function Preview({ id, giving, at, isBusy }: { id: string; giving: Giver; at: Previewing; isBusy: boolean }) {
  const { preview } = at;
  return (
    <div class="narrow wide give">
      <h1>Give this clip</h1>
      <p class="lead">This is all that would be given: no sound, no name, no place, no time. Play it to its end.</p>
      <video
        class="screen"
        data-testid="give-film"
        src={preview.url}
        controls
        playsinline
        muted
        autoplay
        onEnded={giving.played}
      />
      <p data-testid="give-covered">{preview.covered !== null && inWords(preview.covered)}</p>
      <p class="fine">{preview.timesFound !== null && hid(preview.timesFound)}</p>
      <details open>
        <summary>What you are asked</summary>
        <div class="notice">
          {at.from.programme.notice.split(/\n\s*\n/).map((paragraph) => (
            <p key={paragraph}>{paragraph}</p>
          ))}
        </div>
      </details>
      <div class="row">
        <button
          type="button"
          class="main"
          data-testid="give-sign"
          disabled={!at.isPlayed || isBusy}
          onClick={() => void giving.sign()}
        >
          {at.isPlayed ? "Sign and give" : "Play it to its end first"}
        </button>
        <KeepIt id={id} />
      </div>
      {isBusy && <Wait text="Signing and sending…" />}
      <Trouble of={at.failure} />
    </div>
  );
}

function KeepIt({ id }: { id: string }) {
  return (
    <Link href={`/clip/${id}`} class="button quiet">
      Keep it
    </Link>
  );
}
