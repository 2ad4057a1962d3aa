// What would be given: played to its end, one question, a signature.

import { useEffect, useRef } from "preact/hooks";
import { Trouble, Wait } from "../ui";
import type { Giver } from "./giver";
import { Heading } from "./Heading";
import { Question } from "./Question";
import { missing, missingInWords, type Seen } from "./seen";
import { canSign, isPoor, isSeen, type Previewing } from "./steps";
import { besides, hid, inWords, keptUntil, type Told } from "./words";

interface PreviewProps {
  giving: Giver;
  at: Previewing;
  isBusy: boolean;
}

export function PreviewStep({ giving, at, isBusy }: PreviewProps) {
  const video = useRef<HTMLVideoElement>(null);
  const { preview } = at;
  const told = toldOf(at);
  useWatching(video, giving);
  return (
    <div class="narrow wide give">
      <Heading step={canSign(at) ? 3 : 2}>Look at what would be given</Heading>
      <p class="lead">
        {preview.covers.length > 0
          ? "With what you covered, this is another film. Play it to its end once more."
          : "This is all of it: no sound, no camera’s name, no time of filming. What moves is drawn; writing and " +
            "screens that Nightlatch finds are covered: look for any that are left. The programme sees the place, " +
            "and learns when you gave it. Play it to its end."}
      </p>
      <video
        ref={video}
        class="screen"
        data-testid="give-film"
        aria-label="The film as it would be given"
        src={preview.url}
        controls
        controlslist="nodownload"
        playsinline
        muted
        autoplay
      />
      <SeenBar seen={at.seen} video={video} />
      <div class="tells">
        <p data-testid="give-covered">{preview.covered !== null && inWords(preview.covered, told)}</p>
        <p class="fine">
          {preview.timesFound !== null && hid(preview.timesFound)} {besides(preview.written, preview.covers.length)}
        </p>
      </div>
      {isPoor(at) && <Advice giving={giving} isBusy={isBusy} />}
      <Question giving={giving} at={at} told={told} isBusy={isBusy} />
      <Signature giving={giving} at={at} isBusy={isBusy} />
    </div>
  );
}

// What the clip's own manifest tells of the stretch.
function toldOf({ from: { clip, cut } }: Previewing): Told {
  const fromMs = clip.began_ms + cut.fromMs;
  return { tracks: clip.judgement?.tracks ?? [], fromMs, toMs: fromMs + cut.lengthMs };
}

const HEARD = ["timeupdate", "play", "pause", "seeking", "seeked", "ratechange", "ended"] as const;

const IN_SIGHT = 0.3; // of the film; on a phone that lies on its side the rest may be below the edge

// Tell again and again where the film is, and whether it can be seen.
function useWatching(video: { current: HTMLVideoElement | null }, giving: Giver) {
  useEffect(() => {
    const it = video.current;
    if (!it) return;
    let isInSight = true;
    const look = () =>
      giving.watched({
        atS: it.currentTime,
        wallS: performance.now() / 1000,
        rate: it.playbackRate,
        isShown: document.visibilityState === "visible" && (isInSight || isOnTop(it)),
        isJump: it.seeking,
      });
    const scrolling = new IntersectionObserver(
      (all) => {
        isInSight = (all.at(-1)?.intersectionRatio ?? 1) >= IN_SIGHT;
        look();
      },
      { threshold: IN_SIGHT },
    );
    scrolling.observe(it);
    for (const name of HEARD) it.addEventListener(name, look);
    document.addEventListener("visibilitychange", look);
    return () => {
      scrolling.disconnect();
      for (const name of HEARD) it.removeEventListener(name, look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [giving]);
}

// It fills the screen, or lies over everything in a picture of its own.
const isOnTop = (it: HTMLVideoElement) => document.fullscreenElement === it || document.pictureInPictureElement === it;

// Which parts of the film were seen, as a thin bar; a press goes to what was not.
function SeenBar({ seen, video }: { seen: Seen; video: { current: HTMLVideoElement | null } }) {
  const at = (s: number) => `${(100 * s) / seen.lengthS}%`;
  const left = missing(seen);
  const goOn = () => {
    const it = video.current;
    if (!it || !left[0]) return;
    it.playbackRate = Math.min(2, it.playbackRate);
    it.currentTime = left[0][0];
    it.scrollIntoView({ block: "nearest" });
    void it.play().catch(() => undefined);
  };
  return (
    <div class="seen" data-testid="give-seen">
      <div class="seen-bar" aria-hidden="true">
        {seen.stretches.map(([from, to]) => (
          <span key={from} style={{ left: at(from), width: at(to - from) }} />
        ))}
      </div>
      <p class="fine">
        <span role={left.length === 0 ? "status" : undefined}>{missingInWords(seen)}</span>{" "}
        {left.length > 0 && seen.stretches.length > 0 && (
          <button type="button" class="link" onClick={goOn}>
            Play what is missing
          </button>
        )}
      </p>
    </div>
  );
}

function Advice({ giving, isBusy }: { giving: Giver; isBusy: boolean }) {
  return (
    <div class="advice" role="note" data-testid="give-advice">
      <strong>We advise against giving this clip.</strong>
      <span>
        So much of it is covered that what a reviewer says about it would be worth little. Another part, or another
        clip, would teach more. It is yours to decide.
      </span>
      <div class="row">
        <button type="button" onClick={giving.again} disabled={isBusy}>
          Choose another part
        </button>
      </div>
    </div>
  );
}

function Signature({ giving, at, isBusy }: PreviewProps) {
  const sign = useRef<HTMLButtonElement>(null);
  const isAnswered = isSeen(at) && at.answer === "nothing";
  const isInDoubt = isAnswered && isPoor(at) && !at.isMeant;
  useEffect(() => {
    if (at.isMeant) sign.current?.focus(); // what was pressed is gone
  }, [at.isMeant]);
  return (
    <>
      <details>
        <summary>What you are asked to agree to</summary>
        <div class="notice">
          {at.from.programme.notice.split(/\n\s*\n/).map((paragraph) => (
            <p key={paragraph}>{paragraph}</p>
          ))}
        </div>
      </details>
      <Trouble of={at.failure} />
      <div class="row">
        <button
          ref={sign}
          type="button"
          class="main"
          data-testid="give-sign"
          disabled={!canSign(at) || isBusy}
          onClick={() => void giving.sign()}
        >
          {!isSeen(at) ? "Play it to its end first" : isAnswered ? "Sign and give" : "Answer the question first"}
        </button>
        {isInDoubt && (
          <button type="button" data-testid="give-anyway" onClick={giving.mean}>
            Give it all the same
          </button>
        )}
        {!isPoor(at) && (
          <button type="button" class="quiet" onClick={giving.again} disabled={isBusy}>
            Choose another part
          </button>
        )}
        <button type="button" class="quiet" onClick={giving.keep} disabled={isBusy} data-testid="give-keep">
          Do not give it
        </button>
      </div>
      {isBusy && <Wait text="Signing and sending…" />}
      {!isBusy && at.preview.keptUntilMs !== null && <p class="fine">{keptUntil(at.preview.keptUntilMs)}</p>}
    </>
  );
}
