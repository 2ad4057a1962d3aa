// One clip: its film, what the house made of it, and what the owner can do with it.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { when } from "../../shared/time";
import type { Clip } from "../../shared/wire";
import type { Manifest } from "../clips";
import { Badge } from "../events";
import { type Finding, findingOf, what } from "../findings";
import { OffersUnderway } from "../give/Lines";
import { isHere } from "../hub";
import { clipsChanged, go, home, now, state } from "../state";
import { beginOf } from "../timeline/days";
import { sayWhy } from "../toast";
import { Link, Trouble, useTitle, Wait } from "../ui";
import { areShown, rememberBoxes } from "./boxes";
import { doorsTo, surroundings } from "./doors";
import { remove, save } from "./leaving";
import { Remark } from "./Remark";
import { beganOf, factsOf, type Neighbours, type Wish, wish } from "./showing";
import { Trails } from "./Trails";
import { Viewer } from "./viewer";
import { canBeGiven, facts as factsInWords, inSmaller, judgement } from "./words";

const STEP_S = 2;

type Video = { current: HTMLVideoElement | null };

export function ClipPage({ id }: { id: string }) {
  useTitle("Clip");
  const video = useRef<HTMLVideoElement>(null);
  const viewer = useMemo(() => new Viewer(id, doorsTo(video)), [id]);
  useLayoutEffect(() => {
    void viewer.watch(); // before the page is painted, which takes a frame
    return () => viewer.leave();
  }, [viewer]);
  const { row, near } = useSurroundings(id, viewer.begun);
  useKeys(video, near);
  const [hasBoxes, setBoxes] = useBoxes();
  const at = viewer.at.value;
  const facts = factsOf(at);
  const finding = facts && findingOf(facts);
  const camera = facts?.camera_name ?? home.value?.cameras.find((c) => c.id === row?.camera_id)?.name;
  return (
    <article class="clip-page">
      <Head facts={facts} finding={finding} near={near} />
      <OffersUnderway clip={id} />
      {at.is === "stopped" ? (
        <>
          <Trouble of={at.failure} />
          <Link href="/" class="button">
            See all clips
          </Link>
        </>
      ) : (
        <div class="film">
          <Film key={id} video={video} camera={camera} poster={at.is === "shown" ? at.poster : null} />
          {facts && finding && hasBoxes && finding.tracks.length > 0 && (
            <Trails video={video} began={beganOf(facts, viewer.stream.value)} of={finding} />
          )}
        </div>
      )}
      {at.is === "opening" && <Wait text="Fetching and opening the clip…" />}
      {facts?.sub && at.is === "shown" && viewer.stream.value === "sub" && (
        <p class="fine" data-testid="clip-sub">
          {inSmaller(facts.sub)}
        </p>
      )}
      {facts && finding && (
        <>
          <Says id={id} finding={finding} after={viewer.begun} />
          <Acts id={id} facts={facts} finding={finding} hasBoxes={hasBoxes} setBoxes={setBoxes} />
          <Facts of={factsInWords(facts, row, hasMailbox(), isHere.value, isDemo(facts.camera))} />
        </>
      )}
    </article>
  );
}

const hasMailbox = () => state.value?.cloud.configured ?? false;
const isDemo = (camera: string) => home.value?.cameras.some(({ id, demo }) => id === camera && demo) ?? false;

// Whether boxes are drawn; this device remembers it.
function useBoxes(): [boolean, (to: boolean) => void] {
  const [hasBoxes, setBoxes] = useState(areShown);
  const set = (to: boolean) => {
    setBoxes(to);
    rememberBoxes(to);
  };
  return [hasBoxes, set];
}

// What the hub has of the clip (null: nothing any longer), and the clips before and after it.
function useSurroundings(id: string, after: Promise<void>) {
  const [row, setRow] = useState<Clip | null | undefined>(undefined);
  const [near, setNear] = useState<Neighbours>({});
  useEffect(() => {
    let isLate = false;
    void (async () => {
      await after;
      const found = isLate ? null : await surroundings(id);
      if (isLate || !found) return;
      setRow(found.row);
      setNear(found.near);
    })();
    return () => {
      isLate = true;
    };
  }, [id, after, clipsChanged.value]);
  return { row, near };
}

function useKeys(video: Video, near: Neighbours) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const it = video.current;
      const wanted = wish(event);
      if (!it || !wanted || (event.target as HTMLElement).closest("button, input, video")) return;
      event.preventDefault();
      fulfil(wanted, it, near);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [video, near]);
}

function fulfil(wanted: Wish, video: HTMLVideoElement, near: Neighbours) {
  switch (wanted) {
    case "play":
      return void (video.paused ? video.play() : video.pause());
    case "back":
    case "on":
      video.currentTime += wanted === "on" ? STEP_S : -STEP_S;
      return;
    case "earlier":
    case "later":
      if (near[wanted]) go(`/clip/${near[wanted]}`);
  }
}

function Head({ facts, finding, near }: { facts: Manifest | null; finding: Finding | null; near: Neighbours }) {
  return (
    <div class="clip-head">
      <div>
        <h1>{facts?.camera_name ?? "Clip"}</h1>
        {facts && finding && (
          <p class="fine">
            {what(finding)} · {when(facts.onset_ms, now.value)} <Badge of={finding} />
          </p>
        )}
      </div>
      <span class="grow" />
      <nav class="near" aria-label="Clips">
        {near.earlier ? <Link href={`/clip/${near.earlier}`}>‹ Earlier</Link> : <span />}
        {near.later && <Link href={`/clip/${near.later}`}>Later ›</Link>}
      </nav>
    </div>
  );
}

function Film({ video, camera, poster }: { video: Video; camera: string | undefined; poster: string | null }) {
  return (
    <video
      ref={video}
      data-testid="clip-video"
      aria-label={`Clip of ${camera || "the camera"}`}
      poster={poster ?? undefined}
      controls
      autoplay
      muted
      playsinline
      tabIndex={0}
    />
  );
}

function Says({ id, finding, after }: { id: string; finding: Finding; after: Promise<void> }) {
  return (
    <div class="says">
      {finding.reasons.length > 0 && (
        <ul data-testid="reasons">
          {finding.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      <p class="fine">{judgement(finding)}</p>
      <Remark clip={id} after={after} />
    </div>
  );
}

interface ActsProps {
  id: string;
  facts: Manifest;
  finding: Finding;
  hasBoxes: boolean;
  setBoxes: (to: boolean) => void;
}

function Acts({ id, facts, finding, hasBoxes, setBoxes }: ActsProps) {
  return (
    <div class="row">
      <Download id={id} />
      <Link class="button" href={`/timeline?camera=${facts.camera}&at=${beginOf(facts)}`}>
        Show on the timeline
      </Link>
      {finding.tracks.length > 0 && (
        <button type="button" class="quiet" data-testid="boxes" onClick={() => setBoxes(!hasBoxes)}>
          {hasBoxes ? "Hide boxes" : "Show boxes"}
        </button>
      )}
      <span class="grow" />
      {canBeGiven(facts) && (
        <Link class="button quiet" href={`/give/${id}`} data-testid="clip-give">
          Give this clip
        </Link>
      )}
      <button type="button" class="quiet danger" data-testid="clip-delete" onClick={() => void remove(id)}>
        Delete now
      </button>
    </div>
  );
}

function Download({ id }: { id: string }) {
  const [percent, setPercent] = useState<number | null>(null);
  const start = async () => {
    setPercent(0);
    const saved = await save(id, setPercent);
    setPercent(null);
    if (!saved.ok) sayWhy(saved);
  };
  return (
    <button
      type="button"
      class="main"
      data-testid="clip-download"
      disabled={percent !== null}
      onClick={() => void start()}
    >
      {percent === null ? "Download" : `Opening… ${percent} %`}
    </button>
  );
}

function Facts({ of }: { of: [name: string, value: string][] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
