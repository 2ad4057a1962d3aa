// What was given: who looked, and take it back.

import { useEffect, useRef, useState } from "preact/hooks";
import { signedRecord, withdrawalRecord } from "../../shared/consent";
import { readPolicy } from "../../shared/ledger";
import { receiptOf, said, type WholeLog } from "../../shared/log";
import { get, put, send } from "../../shared/throwing";
import { dayName, hhmmss, lasting, when } from "../../shared/time";
import type { Donation, Donations, Programme } from "../../shared/wire";
import { home, hubNow, now, ring, say } from "../state";
import { Confirm, Problem, useTitle, Wait } from "../ui";
import { type Look, looks, untold, wholeLog } from "./looks";

export function GivingPage() {
  useTitle("Giving");
  const [found, setFound] = useState<Donations | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const load = () => get<Donations>("/giving").then(setFound, (error: Error) => setProblem(error.message));
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

const KINDS: Record<string, string> = {
  "consent.give": "You gave it",
  "view.open": "Looked at",
  "view.close": "Look ended",
  label: "Labelled",
  flag: "A reviewer said that it should not have been shared",
  "consent.withdraw": "Taken back",
  shred: "Its key was destroyed",
};

function Looks({ found, changed }: { found: Donations; changed: () => void }) {
  const [told, setTold] = useState<Record<string, Look[]>>({});
  const [proof, setProof] = useState<{ size: number; witnesses: number; hidden: number; labels: number } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [asking, setAsking] = useState<Donation | null>(null);
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
  const takeBack = async (given: Donation) => {
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

function Shredding({ given, told }: { given: Donation; told: Look[] }) {
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
