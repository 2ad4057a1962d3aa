import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, value } from "../../shared/throwing";
import { bytes, hhmmss, lasting, longDay, when } from "../../shared/time";
import type { Clip } from "../../shared/wire";
import { deletion, type Manifest, manifest, parts, still } from "../clips";
import { Badge } from "../events";
import { CALLED, toldBy, what } from "../findings";
import { SealedPlayer } from "../player";
import { clipsChanged, go, home, leaving, now, say, state, withUndo } from "../state";
import { Link, Problem, pictureUrl, useTitle, Wait } from "../ui";
import { Remark } from "./Remark";
import { Trails } from "./Trails";

const AGAIN_MS = 1000;
const AROUND_MS = 6 * 3_600_000;

export function ClipPage({ id }: { id: string }) {
  useTitle("Clip");
  const video = useRef<HTMLVideoElement>(null);
  const [facts, setFacts] = useState<Manifest | null>(null);
  const [clip, setClip] = useState<Clip | null | undefined>(undefined); // null: the hub has it no more
  const [problem, setProblem] = useState<string | null>(null);
  const [saving, setSaving] = useState<number | null>(null);
  const [poster, setPoster] = useState<string | undefined>();
  const [marked, setMarked] = useState(true);
  const seen = facts && toldBy(facts);
  const [near, setNear] = useState<{ earlier?: string | undefined; later?: string | undefined }>({});

  useEffect(() => {
    let gone = false;
    void (async () => {
      const found = await get<Clip>(`/clips/${id}`).catch(() => null);
      if (gone) return;
      setClip(found);
      if (!found) return;
      const around = await get<Clip[]>(
        `/clips?limit=200&from_ms=${found.onset_ms - AROUND_MS}&to_ms=${found.onset_ms + AROUND_MS}`,
      ).catch(() => []);
      const place = around.findIndex((c) => c.id === id);
      if (!gone && place >= 0) setNear({ earlier: around[place + 1]?.id, later: around[place - 1]?.id });
    })();
    return () => {
      gone = true;
    };
  }, [id, clipsChanged.value]);

  useEffect(() => {
    let gone = false;
    let player: SealedPlayer | null = null;
    let picture: string | undefined;
    setFacts(null);
    setProblem(null);
    setPoster(undefined);
    const asked = performance.now();
    void (async () => {
      try {
        const row = get<Clip>(`/clips/${id}`).catch(() => null);
        let found = await value(manifest(id));
        if (gone || !video.current) return;
        const listed = await row;
        if (listed && listed.event_id !== found.event)
          throw new Error("This clip is not the one that its name says. It is not shown.");
        setFacts(found);
        value(still(id, found)).then(
          (jpeg) => {
            if (!jpeg || gone) return;
            picture = pictureUrl(jpeg);
            setPoster(picture);
          },
          () => undefined,
        );
        player = new SealedPlayer(video.current, found.codecs);
        video.current.addEventListener(
          "loadeddata",
          () => {
            if (video.current) video.current.dataset.firstFrameMs = String(Math.round(performance.now() - asked));
          },
          { once: true },
        );
        for (let next = 0; !gone; ) {
          for await (const piece of parts(id, found, next)) {
            if (gone) return;
            await player.append(await value(piece));
            next++;
          }
          if (found.ended_ms !== null) break;
          await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
          const now = await get<Clip>(`/clips/${id}`).catch(() => null);
          found = await value(manifest(id));
          setFacts(found);
          if (!now?.open && next >= found.parts.length) break;
        }
        player.end();
      } catch (error) {
        if (gone) return;
        const lost = error instanceof ApiError && [404, 410].includes(error.status);
        setProblem(lost ? "This clip has been deleted or its time is up." : (error as Error).message);
      }
    })();
    return () => {
      gone = true;
      player?.close();
      if (picture) URL.revokeObjectURL(picture);
    };
  }, [id]);

  const save = async () => {
    try {
      const found = await value(manifest(id));
      const pieces: BlobPart[] = [];
      for await (const piece of parts(id, found, 0)) {
        pieces.push(await value(piece));
        setSaving(Math.round((pieces.length / found.parts.length) * 100));
      }
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(pieces, { type: "video/mp4" }));
      const at = new Date(found.onset_ms);
      const stamp = [at.getFullYear(), at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()]
        .map((n) => String(n).padStart(2, "0"))
        .join("-");
      link.download = `${found.camera_name.replace(/[^\p{L}\p{N} _-]/gu, "")} ${stamp}.${found.audio?.startsWith("pcm") ? "mov" : "mp4"}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch (error) {
      say((error as Error).message);
    } finally {
      setSaving(null);
    }
  };

  const remove = async () => {
    const back = (hide: boolean) => {
      const next = new Set(leaving.value);
      hide ? next.add(id) : next.delete(id);
      leaving.value = next;
    };
    try {
      const act = await value(deletion(id));
      back(true);
      go("/");
      withUndo(
        state.value?.cloud.configured ? "Deleting the clip here and in the mailbox." : "Deleting the clip.",
        async () => {
          const done = await act();
          clipsChanged.value++;
          if (done.ok) say("The clip is gone.");
          return done;
        },
        () => {
          back(false);
          go(`/clip/${id}`);
        },
      );
    } catch (error) {
      say((error as Error).message);
    }
  };

  const keys = (event: KeyboardEvent) => {
    const it = video.current;
    if (
      !it ||
      (event.target as HTMLElement).closest("button, input, video") ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    )
      return;
    if (event.key === " ") void (it.paused ? it.play() : it.pause());
    else if (event.shiftKey && event.key === "ArrowLeft") near.earlier && go(`/clip/${near.earlier}`);
    else if (event.shiftKey && event.key === "ArrowRight") near.later && go(`/clip/${near.later}`);
    else if (event.key === "ArrowLeft") it.currentTime -= 2;
    else if (event.key === "ArrowRight") it.currentTime += 2;
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  });

  const name = facts?.camera_name ?? home.value?.cameras.find((c) => c.id === clip?.camera_id)?.name ?? "";
  const mailboxHas =
    !clip || !state.value?.cloud.configured
      ? null
      : clip.in_cloud
        ? `Sent: all ${clip.parts} parts`
        : `${clip.sent_parts} of ${clip.parts} parts so far`;
  return (
    <article class="clip-page">
      <div class="clip-head">
        <div>
          <h1>{facts ? name : "Clip"}</h1>
          {facts && seen && (
            <p class="fine">
              {what(seen)} · {when(facts.onset_ms, now.value)} <Badge of={seen} />
            </p>
          )}
        </div>
        <span class="grow" />
        <nav class="near" aria-label="Clips">
          {near.earlier ? <Link href={`/clip/${near.earlier}`}>‹ Earlier</Link> : <span />}
          {near.later && <Link href={`/clip/${near.later}`}>Later ›</Link>}
        </nav>
      </div>
      {problem ? (
        <>
          <Problem text={problem} />
          <Link href="/" class="button">
            See all clips
          </Link>
        </>
      ) : (
        <div class="film">
          <video
            ref={video}
            key={id}
            data-testid="clip-video"
            aria-label={`Clip of ${name || "the camera"}`}
            poster={poster}
            controls
            autoplay
            muted
            playsinline
            tabIndex={0}
          />
          {facts && seen && marked && seen.tracks.length > 0 && (
            <Trails video={video} began={facts.began_ms} of={seen} />
          )}
        </div>
      )}
      {!facts && !problem && <Wait text="Fetching and opening the clip…" />}
      {facts && (
        <>
          {seen && (
            <div class="says">
              {seen.reasons.length > 0 && (
                <ul data-testid="reasons">
                  {seen.reasons.map((r) => (
                    <li key={r}>{r}</li>
                  ))}
                </ul>
              )}
              <p class="fine">
                {seen.verdict
                  ? `Judged ${CALLED[seen.verdict].toLowerCase()} at home${seen.eye ? ` by ${seen.eye}` : ""}, with a chance of ${seen.threat < 0.01 ? "less than 1" : Math.round(seen.threat * 100)} % that it is a threat.`
                  : "Nothing was made of it: this clip is older than the eye, or it has just begun."}
              </p>
              <Remark clip={id} />
            </div>
          )}
          <div class="row">
            <button type="button" class="main" data-testid="clip-download" disabled={saving !== null} onClick={save}>
              {saving === null ? "Download" : `Opening… ${saving} %`}
            </button>
            <Link class="button" href={`/timeline?camera=${facts.camera}&at=${facts.onset_ms}`}>
              Show on the timeline
            </Link>
            {seen && seen.tracks.length > 0 && (
              <button type="button" class="quiet" aria-pressed={marked} onClick={() => setMarked(!marked)}>
                {marked ? "Hide boxes" : "Show boxes"}
              </button>
            )}
            <span class="grow" />
            {facts.ended_ms !== null && facts.ended_ms - facts.began_ms >= 20_000 && (
              <Link class="button quiet" href={`/give/${id}`} data-testid="clip-give">
                Give this clip
              </Link>
            )}
            <button type="button" class="quiet danger" data-testid="clip-delete" onClick={remove}>
              Delete now
            </button>
          </div>
          <dl class="facts">
            <div>
              <dt>When</dt>
              <dd>
                {longDay(facts.onset_ms)}, {hhmmss(facts.onset_ms)}
              </dd>
            </div>
            <div>
              <dt>How long</dt>
              <dd>{facts.ended_ms ? lasting(facts.ended_ms - facts.began_ms) : "Still going on"}</dd>
            </div>
            <div>
              <dt>Picture</dt>
              <dd>
                {facts.width}×{facts.height}
                {facts.fps ? `, ${Math.round(facts.fps)} a second` : ""}
              </dd>
            </div>
            <div>
              <dt>Sound</dt>
              <dd>
                {!facts.audio
                  ? "None"
                  : facts.audio.startsWith("pcm")
                    ? "G.711: browsers do not play it, the download has it"
                    : "Yes"}
              </dd>
            </div>
            {clip && (
              <div>
                <dt>Sealed size</dt>
                <dd>{bytes(clip.bytes)}</dd>
              </div>
            )}
            {clip === null && (
              <div>
                <dt>Comes from</dt>
                <dd>The mailbox outside: at home it is gone</dd>
              </div>
            )}
            {mailboxHas && (
              <div>
                <dt>Mailbox outside</dt>
                <dd>{mailboxHas}</dd>
              </div>
            )}
          </dl>
        </>
      )}
    </article>
  );
}
