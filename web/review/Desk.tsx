import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { CONTROLS, keyName } from "./keys";
import {
  type Choice,
  HAPPENINGS,
  isComplete,
  missing,
  SUBJECTS,
  VERDICTS,
  withHappening,
  withoutSpanAt,
  withSpan,
  withSubject,
  withVerdict,
} from "./label";
import {
  BREAK_AFTER_MS,
  busy,
  change,
  film,
  finishLater,
  flagClip,
  handIn,
  label,
  look,
  pictures,
  problem,
  rest,
  saved,
  sinceBreak,
  skipClip,
  why,
} from "./state";

const SLOW = 0.25;

interface Player {
  at: number; // ms into the clip
  playing: boolean;
  slow: boolean;
  loops: boolean;
  grey: boolean;
}

// Plays the pictures by their own times; waits where the next one has not come yet.
function usePlayer(canvas: { current: HTMLCanvasElement | null }, length: number) {
  const now = useRef<Player>({ at: 0, playing: true, slow: false, loops: true, grey: true });
  const [shown, show] = useState<Player>(now.current);
  const set = (part: Partial<Player>) => {
    now.current = { ...now.current, ...part };
    show(now.current);
  };
  useEffect(() => {
    let frame = 0;
    let last = performance.now();
    let drawn = -1;
    let told = 0;
    const turn = (time: number) => {
      const player = now.current;
      const roll = film.value;
      if (roll?.here) {
        if (player.playing) {
          const ready = roll.here < roll.count ? roll.timeOf(roll.here - 1) : length;
          let at = player.at + (time - last) * (player.slow ? SLOW : 1);
          if (at >= length) at = player.loops ? 0 : length;
          now.current = { ...player, at: Math.min(at, ready), playing: at < length || player.loops };
        }
        const index = roll.indexAt(now.current.at);
        if (index !== drawn && canvas.current) {
          drawn = index;
          void roll.draw(index, canvas.current).catch(() => undefined);
        }
        if (time - told > 80 || !now.current.playing) {
          told = time;
          show(now.current);
        }
      }
      last = time;
      frame = requestAnimationFrame(turn);
    };
    frame = requestAnimationFrame(turn);
    return () => cancelAnimationFrame(frame);
  }, []);
  const step = (by: number) => {
    const roll = film.value;
    if (roll) set({ playing: false, at: roll.timeOf(Math.max(0, roll.indexAt(now.current.at) + by)) });
  };
  return { now, shown, set, step };
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export function Desk() {
  const length = look.value?.length_ms ?? 1;
  const canvas = useRef<HTMLCanvasElement>(null);
  const player = usePlayer(canvas, length);
  const [began, setBegan] = useState<number | null>(null);
  const [help, setHelp] = useState(false);
  const [flagging, setFlagging] = useState(false);
  const { shown } = player;
  const mark = () => {
    const at = Math.round(player.now.current.at);
    if (began !== null) change(withSpan(label.value, began, at));
    setBegan(null);
  };
  const acts: Record<string, () => void> = {
    " ": () =>
      player.set({
        playing: !player.now.current.playing,
        at: player.now.current.at >= length ? 0 : player.now.current.at,
      }),
    ",": () => player.step(-1),
    ".": () => player.step(1),
    s: () => player.set({ slow: !player.now.current.slow }),
    c: () => player.set({ loops: !player.now.current.loops }),
    g: () => player.set({ grey: !player.now.current.grey }),
    "[": () => setBegan(Math.round(player.now.current.at)),
    "]": mark,
    Backspace: () => (began !== null ? setBegan(null) : change(withoutSpanAt(label.value, player.now.current.at))),
    Enter: () => void handIn(),
    n: () => void skipClip(),
    "!": () => setFlagging(true),
    b: () => void rest(),
    "?": () => setHelp(!help),
    Escape: () => {
      setHelp(false);
      setFlagging(false);
    },
  };
  for (const { key, word } of SUBJECTS) acts[key] = () => change(withSubject(label.value, word));
  for (const { key, word } of HAPPENINGS) acts[key] = () => change(withHappening(label.value, word));
  for (const { key, word } of VERDICTS) acts[key] = () => change(withVerdict(label.value, word));
  const latest = useRef(acts);
  latest.current = acts;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (
        event.metaKey ||
        event.ctrlKey ||
        event.altKey ||
        event.target instanceof HTMLInputElement ||
        document.querySelector("dialog[open]")
      )
        return;
      if (event.target instanceof HTMLButtonElement && (event.key === " " || event.key === "Enter")) return;
      const act = latest.current[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const isTired = Date.now() - sinceBreak.value > BREAK_AFTER_MS;
  return (
    <main id="content" class="desk" data-testid="desk" data-here={pictures.value}>
      <section class="stage" aria-label="The clip">
        <div class="screen">
          {film.value ? (
            <canvas
              ref={canvas}
              class={shown.grey ? "grey" : ""}
              data-testid="canvas"
              role="img"
              aria-label="The clip"
            />
          ) : (
            <p data-testid="no-pictures">
              {why.value || "The pictures are gone. Finish your label, or go on to the next clip."}
            </p>
          )}
          {film.value && pictures.value === 0 && <p class="coming">Drawn for you. The pictures come…</p>}
        </div>
        <Ruler at={shown.at} length={length} began={began} seek={(at) => player.set({ at, playing: false })} />
        <div class="look-bar">
          <Tool does=" " acts={acts} name={shown.playing ? "Pause" : "Play"} isOn={shown.playing} />
          <Tool does="," acts={acts} name="Back" />
          <Tool does="." acts={acts} name="On" />
          <Tool does="s" acts={acts} name="Slow" isOn={shown.slow} />
          <Tool does="c" acts={acts} name="Loop" isOn={shown.loops} />
          <Tool does="g" acts={acts} name="Grey" isOn={shown.grey} />
          <Tool does="[" acts={acts} name="Span" isOn={began !== null} />
          <Tool does="]" acts={acts} name="to here" />
          <span class="grow" />
          <span class="fine time">
            {seconds(shown.at)} of {seconds(length)}
          </span>
        </div>
      </section>
      <section class="says-what" aria-label="Your label">
        {isTired && (
          <p class="note" role="status">
            <span>Twenty minutes. Look far away for a moment.</span>
            <button type="button" class="quiet" onClick={() => void rest()}>
              Break
            </button>
          </p>
        )}
        <Group name="Who or what" of={SUBJECTS} acts={acts} chosen={label.value.subjects} />
        <Group name="What happens" of={HAPPENINGS} acts={acts} chosen={label.value.happenings} />
        <Group
          name="Verdict"
          of={VERDICTS}
          acts={acts}
          chosen={label.value.verdict ? [label.value.verdict] : []}
          verdict
        />
        {problem.value && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        <div class="row hand-in">
          <button
            type="button"
            class="main"
            data-testid="submit"
            disabled={!isComplete(label.value) || busy.value}
            onClick={acts.Enter}
          >
            Hand in <kbd>↵</kbd>
          </button>
          {film.value ? (
            <button type="button" data-testid="skip" disabled={busy.value} onClick={acts.n}>
              Skip <kbd>N</kbd>
            </button>
          ) : (
            <button type="button" data-testid="later" disabled={busy.value} onClick={() => void finishLater()}>
              Next clip
            </button>
          )}
          <button type="button" class="quiet danger" data-testid="flag" disabled={busy.value} onClick={acts["!"]}>
            Flag <kbd>!</kbd>
          </button>
        </div>
        <p class="fine state" role="status" data-testid="saved" data-saved={saved.value}>
          {missing(label.value) ??
            {
              nothing: "",
              waiting: "Saving…",
              saved: "Saved.",
              failed: "Not saved. It is tried again with the next key.",
            }[saved.value]}
        </p>
        <button type="button" class="quiet keys-button" onClick={() => setHelp(true)}>
          Keys <kbd>?</kbd>
        </button>
      </section>
      {help && <Keys close={() => setHelp(false)} />}
      {flagging && <FlagIt close={() => setFlagging(false)} />}
    </main>
  );
}

function Tool({
  does,
  acts,
  name,
  isOn,
}: {
  does: string;
  acts: Record<string, () => void>;
  name: string;
  isOn?: boolean;
}) {
  return (
    <button type="button" class="tool" aria-pressed={isOn} onClick={acts[does]} data-key={does}>
      {name} <kbd>{keyName(does)}</kbd>
    </button>
  );
}

function Group({
  name,
  of,
  acts,
  chosen,
  verdict,
}: {
  name: string;
  of: Choice[];
  acts: Record<string, () => void>;
  chosen: string[];
  verdict?: boolean;
}) {
  return (
    <fieldset class={verdict ? "group verdicts" : "group"}>
      <legend>{name}</legend>
      {of.map(({ word, key, name: said }) => (
        <button
          type="button"
          key={word}
          class={verdict ? `chip ${word}` : "chip"}
          aria-pressed={chosen.includes(word)}
          onClick={acts[key]}
          data-testid={`say-${word}`}
        >
          <kbd>{key.toUpperCase()}</kbd> {said}
        </button>
      ))}
    </fieldset>
  );
}

// The clip's time line: what has come, the spans, the moment. A slider for pointers and screen readers alike.
function Ruler({
  at,
  length,
  began,
  seek,
}: {
  at: number;
  length: number;
  began: number | null;
  seek: (ms: number) => void;
}) {
  const x = (ms: number) => (1000 * Math.min(ms, length)) / length;
  const come = film.value ? film.value.timeOf(film.value.here - 1) : 0;
  const whole = film.value !== null && film.value.here >= film.value.count;
  return (
    <div class="ruler">
      <svg viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true" data-testid="ruler">
        <rect class="bed" x="0" y="14" width="1000" height="12" rx="3" />
        <rect class="come" x="0" y="14" width={whole ? 1000 : x(come)} height="12" rx="3" />
        {label.value.spans.map(([from, to]) => (
          <rect key={from} class="span" x={x(from)} y="8" width={Math.max(3, x(to) - x(from))} height="24" rx="3" />
        ))}
        {began !== null && (
          <rect
            class="span open"
            x={x(Math.min(began, at))}
            y="8"
            width={Math.max(3, Math.abs(x(at) - x(began)))}
            height="24"
            rx="3"
          />
        )}
        <rect class="cursor" x={Math.min(997, x(at))} y="2" width="3" height="36" />
      </svg>
      <input
        type="range"
        aria-label="Moment in the clip"
        min={0}
        max={length}
        step={40}
        value={at}
        onInput={(e) => seek(Number(e.currentTarget.value))}
        onKeyUp={(e) => e.currentTarget.blur()}
        onPointerUp={(e) => e.currentTarget.blur()}
      />
    </div>
  );
}

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

function Keys({ close }: { close: () => void }) {
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

function FlagIt({ close }: { close: () => void }) {
  return (
    <Box title="This should not have been shared?" close={close}>
      <p>The clip is stopped for everybody at once, and its owner and the programme are told. You need no reason.</p>
      <form method="dialog" class="row">
        <button type="submit" class="main danger" data-testid="flag-yes" onClick={() => void flagClip()} autofocus>
          Stop this clip
        </button>
        <button type="submit" class="quiet">
          Cancel
        </button>
      </form>
    </Box>
  );
}
