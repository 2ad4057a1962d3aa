// Giving one clip: choose, hide people, play it to its end, sign. Then: who looked, and take it back.

import { useEffect, useRef, useState } from "preact/hooks";
import { type Bytes, b64, utf8 } from "../../shared/bytes";
import { consentRecord, hexSha256, logKey, signedRecord, withdrawalRecord } from "../../shared/consent";
import { readPolicy } from "../../shared/ledger";
import { receiptOf, said, type WholeLog } from "../../shared/log";
import { get, put, sealed, send, value } from "../../shared/throwing";
import { dayName, hhmmss, lasting, when } from "../../shared/time";
import { type Manifest, manifest, parts } from "../clips";
import { go, home, hubNow, now, ring, say } from "../state";
import { Confirm, Link, Problem, useTitle, Wait } from "../ui";
import { type Look, looks, untold, wholeLog } from "./looks";

const SHORTEST = 20_000;
const LONGEST = 30_000;
const KEPT_MS = 365 * 86_400_000;

interface Programme {
  name: string;
  url: string;
  key: string;
  policy: string;
  notice: string;
  language: string;
}
interface Given {
  id: string;
  camera_id: string;
  onset_ms: number;
  length_ms: number;
  consent_sha256: string;
  given_ms: number;
  expires_ms: number;
  withdrawn_ms: number | null;
  refused_ms: number | null;
  shred_by_ms: number | null;
  shredded_ms: number | null;
}
interface Found {
  programme: Programme | null;
  given: Given[];
  witness: { key: string; vouched: number | null };
}
interface Offer {
  id: string;
  share: number;
  problem: string | null;
  ready: boolean;
  sha256: string | null;
  report: { people: number; frames?: number; faces?: number } | null;
}

export function GivingPage() {
  useTitle("Giving");
  const [found, setFound] = useState<Found | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const load = () => get<Found>("/giving").then(setFound, (error: Error) => setProblem(error.message));
  useEffect(() => void load(), []);
  if (!found) return problem ? <Problem text={problem} /> : <Wait text="Asking the hub…" />;
  return (
    <div class="narrow wide">
      <h1>Giving</h1>
      {found.programme ? <Joined programme={found.programme} changed={load} /> : <Join changed={load} />}
      {found.given.length > 0 && <Looks found={found} changed={load} />}
      {found.programme && found.given.length === 0 && (
        <div class="empty">
          <h2>Nothing is given</h2>
          <p>
            Open a clip and choose “Give this clip”. People in it are hidden first, and you see exactly what leaves.
          </p>
        </div>
      )}
    </div>
  );
}

function Join({ changed }: { changed: () => void }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const join = async () => {
    try {
      await put("/giving/programme", { invitation: text });
      changed();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <section>
      <p class="lead">
        A programme teaches the eye what a burglar is and what a pet is, with clips that people gave one by one. Nothing
        is given until you sign for it.
      </p>
      <label class="field">
        <span>Invitation of the programme</span>
        <textarea
          rows={5}
          data-testid="giving-invitation"
          value={text}
          onInput={(e) => setText(e.currentTarget.value)}
          placeholder="Paste all of it, from { to }"
        />
      </label>
      {problem && <Problem text={problem} />}
      <button type="button" class="main" data-testid="giving-join" disabled={!text.trim()} onClick={() => void join()}>
        Join
      </button>
    </section>
  );
}

function Joined({ programme, changed }: { programme: Programme; changed: () => void }) {
  return (
    <section>
      <p class="fine">
        You joined <strong>{programme.name}</strong> ({programme.url}). Its key begins with{" "}
        <code>{programme.key.slice(0, 10)}</code>.
      </p>
      <button
        type="button"
        class="quiet flush"
        onClick={() => void send("DELETE", "/giving/programme").then(changed, (error: Error) => say(error.message))}
      >
        Leave it
      </button>
    </section>
  );
}

/** What hiding found: pictures × people. */
function hid(times: number): string {
  const found =
    times === 0
      ? "Nobody was found in it."
      : `Somebody was found ${times === 1 ? "once" : `${times} times`}, and covered.`;
  return `${found} If you see a person, do not give it.`;
}

const KINDS: Record<string, string> = {
  "consent.give": "You gave it",
  "view.open": "Looked at",
  "view.close": "Look ended",
  label: "Labelled",
  flag: "A reviewer said that it should not have been shared",
  "consent.withdraw": "Taken back",
  shred: "Its key was destroyed",
};

function Looks({ found, changed }: { found: Found; changed: () => void }) {
  const [told, setTold] = useState<Record<string, Look[]>>({});
  const [proof, setProof] = useState<{ size: number; witnesses: number; hidden: number; labels: number } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [asking, setAsking] = useState<Given | null>(null);
  const whole = useRef<WholeLog | null>(null);
  const check = async () => {
    if (!found.programme) return setProblem("Join the programme again to see who looked.");
    try {
      const log = await wholeLog(await readPolicy(found.programme.policy));
      whole.current = log;
      const next: Record<string, Look[]> = {};
      const known = new Set<number>();
      for (const each of found.given) {
        next[each.id] = await looks(each.id, log);
        for (const look of next[each.id]!) if (look.index !== null) known.add(look.index);
      }
      const rest = await untold(log, Math.min(...found.given.map((g) => g.given_ms)), known);
      setTold(next);
      setProof({ size: log.checkpoint.size, witnesses: log.witnessed.length, ...rest });
      setProblem(null);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  useEffect(() => {
    void check();
    const timer = setInterval(() => void check(), 5000);
    return () => clearInterval(timer);
  }, [found]);
  const takeBack = async (given: Given) => {
    try {
      const keys = ring.value;
      if (!keys) throw new Error("Sign in first.");
      const record = withdrawalRecord(given.id, keys.signPublic, given.consent_sha256, hubNow());
      await send("POST", `/giving/donations/${given.id}/withdrawal`, await signedRecord(record, keys.sign));
      say("It is taken back. Nobody sees it any more.");
    } catch (error) {
      say((error as Error).message);
    }
    changed();
  };
  return (
    <section>
      <h2>Who looked</h2>
      {problem && <Problem text={problem} todo="Nothing here is shown as proven until this is mended." />}
      {proof && !proof.hidden && (
        <p class="proof good" data-testid="log-proof">
          Checked in this browser: all {proof.size} entries of the log, cosigned by {proof.witnesses}{" "}
          {proof.witnesses === 1 ? "witness" : "witnesses"}.
          {proof.labels > 0 &&
            ` Among them: ${proof.labels} ${proof.labels === 1 ? "label" : "labels"} that reviewers wrote about your clips.`}
          {found.witness.vouched !== null && ` Your own hub vouches for ${found.witness.vouched} of them.`}
        </p>
      )}
      {proof && proof.hidden > 0 && (
        <Problem
          text={`The log holds ${proof.hidden} entries marked as yours that the programme did not tell of.`}
          todo="Save this page and ask the programme."
        />
      )}
      {found.programme && (
        <p class="fine">
          A receipt proves one look without us:{" "}
          <a href="/verify.html" download="verify.html">
            save the page that checks it
          </a>{" "}
          and{" "}
          <button type="button" class="link" onClick={() => saveText("policy.txt", found.programme!.policy)}>
            the keys that it is checked with
          </button>
          .
        </p>
      )}
      {found.given.map((given) => (
        <article key={given.id} class="sheet given" data-testid="given" data-donation={given.id}>
          <div class="row head">
            <div>
              <strong>
                {home.value?.cameras.find((c) => c.id === given.camera_id)?.name ?? "A camera that was removed"}
              </strong>
              <small>
                {when(given.onset_ms, now.value)}, {lasting(given.length_ms)}; given {when(given.given_ms, now.value)},{" "}
                {given.withdrawn_ms
                  ? `taken back ${when(given.withdrawn_ms, now.value)}`
                  : `kept until ${new Date(given.expires_ms).toLocaleDateString(undefined, { dateStyle: "long" })}`}
              </small>
            </div>
            <span class="grow" />
            {!given.withdrawn_ms && (
              <button type="button" data-testid="take-back" onClick={() => setAsking(given)}>
                Take it back
              </button>
            )}
          </div>
          {given.shred_by_ms && <Shredding given={given} told={told[given.id] ?? []} />}
          <ul class="looks">
            {(told[given.id] ?? []).map((look) => (
              <li
                key={`${look.kind} ${look.at_ms} ${look.index}`}
                class={
                  look.fault ? (look.index === null && look.fault.startsWith("It is on") ? "waiting" : "bad") : "good"
                }
                data-testid="look"
                data-kind={look.kind}
              >
                <span>{KINDS[look.kind] ?? look.kind}</span>
                <span>
                  {dayName(look.at_ms, now.value)}, {hhmmss(look.at_ms)}
                </span>
                {typeof look.event.reviewer === "string" && <span>by {look.event.reviewer}</span>}
                {typeof look.event.purpose === "string" && <span>to {look.event.purpose}</span>}
                {said(look) && <span>{said(look)}</span>}
                <small>
                  {look.fault ?? `Proven: entry ${look.index} of the log`}
                  {!look.fault && look.index !== null && (
                    <button
                      type="button"
                      class="link"
                      data-testid="receipt"
                      onClick={() => void saveReceipt(whole.current, look.index!)}
                    >
                      Save the receipt
                    </button>
                  )}
                </small>
              </li>
            ))}
            {told[given.id]?.length === 0 && <li class="waiting">Nobody has looked.</li>}
          </ul>
        </article>
      ))}
      {asking && (
        <Confirm
          title="Take this clip back?"
          text="Nobody sees it any more within seconds; its key is destroyed within a minute. What was labelled stays a label, without the clip."
          yes="Take it back"
          act={() => takeBack(asking)}
          close={() => setAsking(null)}
        />
      )}
    </section>
  );
}

function saveText(name: string, text: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function saveReceipt(log: WholeLog | null, index: number) {
  if (log) saveText(`entry-${index}.tlog-proof`, await receiptOf(log, index));
}

function Shredding({ given, told }: { given: Given; told: Look[] }) {
  const shred = told.find((look) => look.kind === "shred");
  const late = !shred && given.shred_by_ms !== null && now.value > given.shred_by_ms;
  return (
    <p class={`fine ${late ? "bad" : ""}`}>
      Refused since {hhmmss(given.refused_ms ?? given.withdrawn_ms ?? 0)}.{" "}
      {shred
        ? `The key was destroyed at ${hhmmss(shred.at_ms)}, ${given.shred_by_ms && shred.at_ms <= given.shred_by_ms + 1000 ? "in time" : "late"}.`
        : late
          ? `The key should have been destroyed by ${hhmmss(given.shred_by_ms ?? 0)} and the log does not say so.`
          : `The key is destroyed by ${hhmmss(given.shred_by_ms ?? 0)}.`}
    </p>
  );
}

export function GivePage({ id }: { id: string }) {
  useTitle("Give a clip");
  const [programme, setProgramme] = useState<Programme | null | undefined>();
  const [facts, setFacts] = useState<Manifest | null>(null);
  const [from, setFrom] = useState(0);
  const [length, setLength] = useState(SHORTEST + 5000);
  const [style, setStyle] = useState<"cover" | "silhouettes">("cover");
  const [offer, setOffer] = useState<Offer | null>(null);
  const [film, setFilm] = useState<{ bytes: Bytes; url: string } | null>(null);
  const [played, setPlayed] = useState(false);
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const alive = useRef(true);
  useEffect(() => {
    get<Found>("/giving").then(
      (f) => setProgramme(f.programme),
      (error: Error) => setProblem(error.message),
    );
    value(manifest(id)).then(
      (m) => {
        setFacts(m);
        const all = (m.ended_ms ?? m.began_ms) - m.began_ms;
        setLength(Math.min(25_000, all));
        setFrom(Math.max(0, Math.min(m.onset_ms - m.began_ms - 3000, all - 25_000)));
      },
      (error: Error) => setProblem(error.message),
    );
    return () => {
      alive.current = false;
    };
  }, [id]);
  if (problem && !facts) return <Problem text={problem} />;
  if (programme === undefined || !facts) return <Wait text="Opening the clip…" />;
  if (programme === null) {
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
  const all = (facts.ended_ms ?? facts.began_ms) - facts.began_ms;
  if (all < SHORTEST)
    return (
      <Problem text="This clip is shorter than 20 seconds." todo="Only clips of 20 seconds or more can be given." />
    );
  const hide = async () => {
    setProblem(null);
    setBusy("Opening the clip in this browser…");
    try {
      const pieces: Bytes[] = [];
      for await (const piece of parts(id, facts, 0)) pieces.push(await value(piece));
      const whole = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer()) as Bytes;
      setBusy("Hiding people…");
      let now = await send<Offer>(
        "POST",
        `/giving/offers?clip=${id}&from_ms=${Math.round(from)}&to_ms=${Math.round(from + length)}&style=${style}`,
        whole,
      );
      while (alive.current && !now.ready && !now.problem) {
        await new Promise((r) => setTimeout(r, 500));
        now = await get<Offer>(`/giving/offers/${now.id}`);
        setOffer(now);
      }
      if (now.problem) throw new Error(now.problem);
      const hidden = await sealed(`/giving/offers/${now.id}/film`);
      if (!hidden) throw new Error("The redacted clip is not there.");
      if ((await hexSha256(hidden.bytes)) !== now.sha256)
        throw new Error("The redacted clip is not the one that was announced. Try again.");
      setOffer(now);
      setFilm({ bytes: hidden.bytes, url: URL.createObjectURL(new Blob([hidden.bytes], { type: "video/mp4" })) });
    } catch (error) {
      setOffer(null);
      setProblem((error as Error).message);
    } finally {
      setBusy(null);
    }
  };
  const give = async () => {
    const keys = ring.value;
    if (!film || !offer || !keys) return;
    setBusy("Signing and sending…");
    setProblem(null);
    try {
      const { donation } = await send<{ donation: string }>("POST", `/giving/offers/${offer.id}/key`, {});
      const record = consentRecord({
        donation,
        ownerKey: keys.signPublic,
        programmeKey: programme.key,
        sha256: await hexSha256(film.bytes),
        lengthMs: lengthOf(film.bytes) ?? Math.round(length),
        noticeSha256: await hexSha256(utf8(programme.notice)),
        noticeLanguage: programme.language,
        purposes: ["label", "train"],
        givenMs: hubNow(),
        expiresMs: hubNow() + KEPT_MS,
      });
      await send("POST", `/giving/offers/${offer.id}/consent`, {
        consent: await signedRecord(record, keys.sign),
        log_key: b64(await logKey(keys.sign)),
      });
      say("Given. You see here who looks.");
      go("/giving");
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(null);
    }
  };
  return (
    <div class="narrow wide give">
      <h1>Give this clip</h1>
      {!film && (
        <>
          <p class="lead">
            {facts.camera_name}, {when(facts.onset_ms, now.value)}. Nothing leaves before you have seen exactly what
            would.
          </p>
          <label class="field">
            <span>From second {Math.round(from / 1000)}</span>
            <input
              type="range"
              min={0}
              max={Math.max(0, all - SHORTEST)}
              step={500}
              value={from}
              onInput={(e) => setFrom(Math.min(Number(e.currentTarget.value), all - SHORTEST))}
            />
          </label>
          <label class="field">
            <span>For {Math.round(Math.min(length, all - from) / 1000)} seconds</span>
            <input
              type="range"
              min={SHORTEST}
              max={Math.min(LONGEST, all - from)}
              step={500}
              value={Math.min(length, all - from)}
              onInput={(e) => setLength(Number(e.currentTarget.value))}
            />
          </label>
          <div class="segmented" role="group" aria-label="How people are hidden">
            <button type="button" aria-pressed={style === "cover"} onClick={() => setStyle("cover")}>
              Cover everybody
            </button>
            <button type="button" aria-pressed={style === "silhouettes"} onClick={() => setStyle("silhouettes")}>
              Silhouettes only
            </button>
          </div>
          <div class="row">
            <button
              type="button"
              class="main"
              data-testid="give-hide"
              disabled={busy !== null}
              onClick={() => void hide()}
            >
              Hide people
            </button>
            <Link href={`/clip/${id}`} class="button quiet">
              Keep it
            </Link>
          </div>
          {busy && (
            <p class="wait" role="status">
              <span class="dots" aria-hidden="true" /> {busy} {offer ? `${Math.round(offer.share * 100)} %` : ""}
            </p>
          )}
        </>
      )}
      {film && (
        <>
          <p class="lead">This is all that would be given: no sound, no name, no place, no time. Play it to its end.</p>
          <video
            class="screen"
            data-testid="give-film"
            src={film.url}
            controls
            playsinline
            muted
            autoplay
            onEnded={() => setPlayed(true)}
          />
          <p class="fine">{offer?.report && hid(offer.report.people)}</p>
          <details open>
            <summary>What you are asked</summary>
            <div class="notice">
              {programme.notice.split(/\n\s*\n/).map((paragraph) => (
                <p key={paragraph}>{paragraph}</p>
              ))}
            </div>
          </details>
          <div class="row">
            <button
              type="button"
              class="main"
              data-testid="give-sign"
              disabled={!played || busy !== null}
              onClick={() => void give()}
            >
              {played ? "Sign and give" : "Play it to its end first"}
            </button>
            <Link href={`/clip/${id}`} class="button quiet">
              Keep it
            </Link>
          </div>
          {busy && <Wait text={busy} />}
        </>
      )}
      {problem && <Problem text={problem} />}
    </div>
  );
}

// The length that the film says of itself (ISO/IEC 14496-12, mvhd), in milliseconds.
function lengthOf(mp4: Bytes): number | null {
  const view = new DataView(mp4.buffer, mp4.byteOffset, mp4.byteLength);
  const mark = utf8("mvhd");
  for (let at = 4; at + 32 < mp4.length; at++) {
    if (mp4[at] !== mark[0] || mp4[at + 1] !== mark[1] || mp4[at + 2] !== mark[2] || mp4[at + 3] !== mark[3]) continue;
    const is64 = mp4[at + 4] === 1;
    const scale = view.getUint32(at + (is64 ? 24 : 16));
    const duration = is64 ? Number(view.getBigUint64(at + 28)) : view.getUint32(at + 20);
    return scale && duration ? Math.round((duration / scale) * 1000) : null;
  }
  return null;
}
