// Joining a programme: its invitation as a link, a file or a code, and what it says before anything is joined.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Failure } from "../../shared/api";
import type { Invitation } from "../../shared/wire";
import { Field, Trouble, Wait } from "../ui";
import { type CodeReader, codeReader, hasCamera } from "./codes";
import type { Donor } from "./donor";
import { doors } from "./doors";
import { type Inviter, inviter, isWhole } from "./inviting";
import { comesLine, watchedLine } from "./words";

const AGAIN_MS = 250; // between two looks through the camera: a code is held still for a second or so

export function Join({ giving }: { giving: Donor }) {
  const invite = useMemo(() => inviter({ hub: doors.hub, codes: codeReader, join: giving.join }), [giving]);
  const [text, setText] = useState(""); // stays in the box when it could not be used
  const at = invite.at.value;
  if (at.is === "looking") return <Wait text="Asking for the invitation…" />;
  if (at.is === "open") return <Ask invite={invite} failure={at.failure} text={text} setText={setText} />;
  return (
    <Preview
      of={at.invitation}
      invite={invite}
      isBusy={at.is === "joining"}
      failure={at.is === "shown" ? at.failure : null}
    />
  );
}

interface AskProps {
  invite: Inviter;
  failure: Failure | null;
  text: string;
  setText: (text: string) => void;
}

function Ask({ invite, failure, text, setText }: AskProps) {
  const [codes, setCodes] = useState<CodeReader | null>(null);
  const [isScanning, setScanning] = useState(false);
  const [isOver, setOver] = useState(false); // something is held over the page
  useEffect(() => {
    void codeReader().then(setCodes);
  }, []);
  const typed = (now: string) => {
    setText(now);
    if (isWhole(now)) void invite.take(now);
  };
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer?.files[0];
    if (file) void invite.takeFile(file);
    else typed(event.dataTransfer?.getData("text/plain") ?? "");
  };
  return (
    <section
      role="group"
      aria-label="The programme's invitation"
      class={isOver ? "invite over" : "invite"}
      data-testid="invite"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={dropped}
    >
      <p class="lead">
        A programme teaches the eye what a burglar is and what a pet is, with clips that people gave one by one. Nothing
        is given until you sign for it.
      </p>
      <Field
        label="The programme's link"
        hint="Or choose the file that it gave you, or drop it here. You see what it says before you join."
      >
        <textarea
          rows={2}
          data-testid="giving-invitation"
          value={text}
          spellcheck={false}
          autocapitalize="none"
          onInput={(e) => typed(e.currentTarget.value)}
          placeholder="https://…/invitation#…"
        />
      </Field>
      <Trouble of={failure} />
      <div class="row">
        <button
          type="button"
          class="main"
          data-testid="giving-look"
          disabled={!text.trim()}
          onClick={() => void invite.take(text)}
        >
          Look at it
        </button>
        <ChooseFile invite={invite} takesPictures={codes !== null} />
        {codes && hasCamera() && (
          <button type="button" data-testid="giving-scan" onClick={() => setScanning(!isScanning)}>
            {isScanning ? "Stop scanning" : "Scan its code"}
          </button>
        )}
      </div>
      {codes && isScanning && <Scan codes={codes} found={(link) => void invite.take(link)} />}
    </section>
  );
}

function ChooseFile({ invite, takesPictures }: { invite: Inviter; takesPictures: boolean }) {
  return (
    <label class="button" data-testid="giving-choose">
      Choose a file
      <input
        type="file"
        class="unseen"
        data-testid="giving-file"
        accept={`.nightlatch,.json,application/json${takesPictures ? ",image/*" : ""}`}
        onChange={(e) => {
          const [file] = e.currentTarget.files ?? [];
          if (file) void invite.takeFile(file);
        }}
      />
    </label>
  );
}

// Looks through the camera until it sees a code. The pictures stay in this browser.
function Scan({ codes, found }: { codes: CodeReader; found: (link: string) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [isRefused, setRefused] = useState(false);
  useEffect(() => {
    let stream: MediaStream | null = null;
    let isOver = false;
    const look = async () => {
      const link = video.current && (await codes.read(video.current));
      if (isOver) return;
      if (link) found(link);
      else setTimeout(() => void look(), AGAIN_MS);
    };
    const begin = async () => {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (isOver || !video.current) return stop();
      video.current.srcObject = stream;
      await video.current.play();
      await look();
    };
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    begin().catch(() => setRefused(true));
    return () => {
      isOver = true;
      stop();
    };
  }, [codes]);
  if (isRefused)
    return <p class="fine bad">The camera cannot be used. Allow it in this browser, or paste the link instead.</p>;
  return <video ref={video} class="scan" muted playsInline aria-label="What the camera sees: hold the code into it" />;
}

interface PreviewProps {
  of: Invitation;
  invite: Inviter;
  isBusy: boolean;
  failure: Failure | null;
}

// What the owner decides upon.
function Preview({ of, invite, isBusy, failure }: PreviewProps) {
  const { programme } = of;
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);
  return (
    <section class="invited" data-testid="invited">
      <h2 ref={head} tabIndex={-1}>
        You are about to join {programme.name}
      </h2>
      <dl>
        <dt>Its address</dt>
        <dd>{programme.url}</dd>
        {hostOf(of.log_url) !== hostOf(programme.url) && (
          <>
            <dt>Its log</dt>
            <dd>{of.log_url}</dd>
          </>
        )}
        <dt>Words to compare</dt>
        <dd>
          <Words of={programme.words} />
          <small>
            The programme tells you these words in person, on paper or by telephone. If they differ, do not join.
          </small>
        </dd>
        <dt>How it came</dt>
        <dd>{comesLine(of)}</dd>
        <dt>Who watches it</dt>
        <dd>{watchedLine(of)}</dd>
        <dt>What you sign for each clip</dt>
        <dd class="asked" lang={programme.language}>
          {programme.notice}
        </dd>
      </dl>
      <Trouble of={failure} />
      <div class="row">
        <button
          type="button"
          class="main"
          data-testid="giving-join"
          disabled={isBusy}
          onClick={() => void invite.join()}
        >
          Join
        </button>
        <button type="button" class="quiet" data-testid="giving-not-now" disabled={isBusy} onClick={invite.notNow}>
          Not now
        </button>
      </div>
      <p class="fine">Joining gives nothing. You choose each clip, see what leaves, and sign for it.</p>
    </section>
  );
}

export function Words({ of }: { of: string }) {
  return (
    <span class="compare" data-testid="programme-words">
      {of}
    </span>
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
