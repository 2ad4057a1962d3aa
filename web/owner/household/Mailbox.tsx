// What the mailbox outside sees, in its own words; and emptying it.

import { useEffect, useState } from "preact/hooks";
import { attempt, type Failure } from "../../shared/api";
import { bytes, when } from "../../shared/time";
import type { ClipList } from "../../shared/wire";
import { mailbox } from "../clips";
import { now } from "../state";
import { say } from "../toast";
import { Confirm, Link, Trouble, Wait } from "../ui";
import { aboutHeld, LISTED, listed } from "./held";

export function Mailbox() {
  const [held, setHeld] = useState<ClipList | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isAsking, setAsking] = useState(false);
  const load = async () => {
    const answer = await mailbox("GET", "/clips");
    const found = answer.ok ? await attempt<ClipList>(() => answer.value.json()) : answer;
    if (found.ok) setHeld(found.value);
    else setFailure(found);
  };
  useEffect(() => void load(), []);
  const empty = async () => {
    const done = await mailbox("DELETE", "/clips");
    setFailure(done.ok ? null : done);
    if (done.ok) say("The mailbox is empty.");
    await load();
  };
  return (
    <section>
      <h2>What the mailbox sees</h2>
      <p>
        This is all it knows of your clips: no picture, no name, no camera. Sizes are padded, so they give little away.
      </p>
      <Trouble of={failure} />
      {!held && !failure && <Wait text="Asking the mailbox…" />}
      {held && held.clips.length === 0 && <p class="fine">It is empty.</p>}
      {held && held.clips.length > 0 && <Holdings held={held} empty={() => setAsking(true)} />}
      {isAsking && (
        <Confirm
          title="Empty the mailbox?"
          text="Every sealed clip in it is deleted at once. What is kept at home stays."
          yes="Delete all"
          act={() => void empty()}
          close={() => setAsking(false)}
        />
      )}
    </section>
  );
}

function Holdings({ held, empty }: { held: ClipList; empty: () => void }) {
  const [isWhole, setWhole] = useState(false);
  return (
    <>
      <table>
        <thead>
          <tr>
            <th>Clip</th>
            <th>Arrived</th>
            <th>Expires</th>
            <th>Size</th>
          </tr>
        </thead>
        <tbody>
          {listed(held, isWhole).map((each) => (
            <tr key={each.clip}>
              <td>
                <Link
                  href={`/clip/${each.clip}`}
                  aria-label={`Open the clip ${each.clip.slice(0, 8)} from the mailbox`}
                >
                  <code>{each.clip.slice(0, 8)}…</code>
                </Link>
              </td>
              <td>{when(each.created_ms, now.value)}</td>
              <td>{when(each.expires_ms, now.value)}</td>
              <td>{bytes(each.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="fine">{aboutHeld(held)}</p>
      <div class="row">
        {held.clips.length > LISTED && (
          <button type="button" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
            {isWhole ? "Show fewer" : `Show all ${held.clips.length}`}
          </button>
        )}
        <button type="button" class="danger" onClick={empty}>
          Delete all of it
        </button>
      </div>
    </>
  );
}
