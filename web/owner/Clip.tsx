import { useEffect, useRef, useState } from "preact/hooks";
import { type Clip, get, send } from "../shared/api";
import { bytes, hhmmss, lasting, longDay } from "../shared/time";
import { type Manifest, mailbox, manifest, parts } from "./clips";
import { SealedPlayer } from "./player";
import { clipsChanged, go, home, say, state, withUndo } from "./state";
import { Link, Problem, useTitle, Wait } from "./ui";

const AGAIN_MS = 1000;

export function ClipPage({ id }: { id: string }) {
  useTitle("Clip");
  const video = useRef<HTMLVideoElement>(null);
  const [facts, setFacts] = useState<Manifest | null>(null);
  const [clip, setClip] = useState<Clip | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [saving, setSaving] = useState<number | null>(null);

  useEffect(() => {
    get<Clip>(`/clips/${id}`).then(setClip, () => setClip(null));
  }, [id, clipsChanged.value]);

  useEffect(() => {
    let gone = false;
    let player: SealedPlayer | null = null;
    const asked = performance.now();
    void (async () => {
      try {
        let found = await manifest(id);
        if (gone || !video.current) return;
        setFacts(found);
        player = new SealedPlayer(video.current, found.codecs);
        video.current.addEventListener("loadeddata", () => video.current && (video.current.dataset.firstFrameMs = String(Math.round(performance.now() - asked))), { once: true });
        for (let next = 0; !gone; ) {
          for await (const piece of parts(id, found, next)) {
            if (gone) return;
            await player.append(piece);
            next++;
          }
          if (found.ended_ms !== null) break;
          await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
          const now = await get<Clip>(`/clips/${id}`).catch(() => null);
          found = await manifest(id);
          setFacts(found);
          if (!now?.open && next >= found.parts.length) break;
        }
        player.end();
      } catch (error) {
        if (!gone) setProblem((error as Error).message);
      }
    })();
    return () => {
      gone = true;
      player?.close();
    };
  }, [id]);

  const save = async () => {
    try {
      const found = await manifest(id);
      const pieces: BlobPart[] = [];
      for await (const piece of parts(id, found, 0)) {
        pieces.push(piece);
        setSaving(Math.round((pieces.length / found.parts.length) * 100));
      }
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(pieces, { type: "video/mp4" }));
      const at = new Date(found.onset_ms);
      const stamp = [at.getFullYear(), at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, "0")).join("-");
      link.download = `${found.camera_name.replace(/[^\p{L}\p{N} _-]/gu, "")} ${stamp}.${found.audio?.startsWith("pcm") ? "mov" : "mp4"}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch (error) {
      say((error as Error).message);
    } finally {
      setSaving(null);
    }
  };

  const remove = () => {
    go("/");
    withUndo(
      "Deleting this clip here and in the mailbox.",
      async () => {
        await send("DELETE", `/clips/${id}`);
        if (state.value?.cloud.configured) await mailbox("DELETE", `/clips/${id}`);
        clipsChanged.value++;
        say("The clip is gone.");
      },
      () => go(`/clip/${id}`),
    );
  };

  const keys = (event: KeyboardEvent) => {
    const it = video.current;
    if (!it || (event.target as HTMLElement).closest("button, input")) return;
    if (event.key === " ") void (it.paused ? it.play() : it.pause());
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
  return (
    <article class="clip-page">
      <p class="crumb">
        <Link href="/">Home</Link>
      </p>
      <h1>{facts ? `${name}, ${hhmmss(facts.onset_ms)}` : "Clip"}</h1>
      {problem ? <Problem text={problem} todo="Go back to Home and choose another clip." /> : <video ref={video} data-testid="clip-video" controls autoplay muted playsinline tabIndex={0} />}
      {!facts && !problem && <Wait text="Fetching and opening the clip…" />}
      {facts && (
        <>
          <p class="fine">
            Motion on {longDay(facts.onset_ms)}. {facts.ended_ms ? `${lasting(facts.ended_ms - facts.began_ms)}, ` : "Still going on, "}
            {facts.width}×{facts.height}. {clip && `${bytes(clip.bytes)} sealed. `}
            {clip && state.value?.cloud.configured && (clip.in_cloud ? `All ${clip.parts} parts are in the mailbox, too. ` : `${clip.sent_parts} of ${clip.parts} parts are in the mailbox so far. `)}
            {facts.audio?.startsWith("pcm") && "Its sound is G.711, which browsers do not play; the download has it. "}
            {!facts.audio && "No sound. "}
          </p>
          <div class="row">
            <button type="button" class="main" data-testid="clip-download" disabled={saving !== null} onClick={save}>
              {saving === null ? "Download" : `Opening… ${saving} %`}
            </button>
            <Link class="button quiet" href={`/timeline?camera=${facts.camera}&at=${facts.onset_ms}`}>
              Show on the timeline
            </Link>
            <button type="button" class="quiet danger" data-testid="clip-delete" onClick={remove}>
              Delete now
            </button>
          </div>
        </>
      )}
    </article>
  );
}
