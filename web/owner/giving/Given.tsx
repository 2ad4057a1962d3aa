// One clip that was given: where it stands, and every entry of the log about it.

import { receiptOf, said } from "../../shared/log";
import { hhmmss } from "../../shared/time";
import type { Donation } from "../../shared/wire";
import { download } from "../download";
import { home, now } from "../state";
import { Problem, Trouble } from "../ui";
import type { Entry } from "./entries";
import { type Look, lookOf, type Standing, standing, worstLook } from "./standing";
import { entriesOf, isRead, type Reading, type There } from "./steps";
import { about, happened, keyLine, LOOKS, markOf, moment, provenLine, troubleOf } from "./words";

export function Given({ donation, at, takeBack }: { donation: Donation; at: There; takeBack: () => void }) {
  const { reading, withdrawal, donations } = at;
  const entries = entriesOf(reading)[donation.id];
  const stands = standing(donation, isRead(reading) ? (entries ?? []) : null, now.value);
  const camera = home.value?.cameras.find((each) => each.id === donation.camera_id);
  const programme = donations.programmes.find((each) => each.id === donation.programme_id);
  const isMine = withdrawal.is !== "idle" && withdrawal.donation === donation.id;
  const trouble = troubleOf(stands, programme?.name ?? "The programme", now.value);
  const worst = worstLook(donation, entries ?? []);
  return (
    <article class="sheet given" data-testid="given" data-donation={donation.id} data-stands={stands.is}>
      <div class="row head">
        <div>
          <strong>{camera?.name ?? "A camera that was removed"}</strong>
          <small>{about(donation, stands, now.value)}</small>
        </div>
        <span class="grow" />
        {stands.is !== "proven" && stands.is !== "never-came" && (
          <button type="button" data-testid="take-back" disabled={withdrawal.is === "sending"} onClick={takeBack}>
            {donation.is_signed ? "Ask again now" : "Take it back"}
          </button>
        )}
      </div>
      {isMine && withdrawal.is === "failed" && <Trouble of={withdrawal.failure} />}
      {worst && <Problem {...LOOKS[worst]} />}
      {trouble && <Problem {...trouble} />}
      <Withdrawn stands={stands} isFaulted={worst !== null} />
      <ul class="looks">
        {entries?.map((entry) => (
          <Line
            key={entry.leaf}
            entry={entry}
            reading={reading}
            look={lookOf(entry, donation, entries)}
            isFaulted={worst !== null}
          />
        ))}
        {entries?.length === 0 && <li class="waiting">Nobody has looked.</li>}
      </ul>
    </article>
  );
}

// Looks that should not have been, of any clip: said once more above them all.
export function Misdeeds({ at }: { at: There }) {
  const entries = entriesOf(at.reading);
  const found = new Set(at.donations.given.map((donation) => worstLook(donation, entries[donation.id] ?? [])));
  const worst = found.has("after-refusal")
    ? "after-refusal"
    : found.has("after-withdrawal")
      ? "after-withdrawal"
      : null;
  return worst && <Problem {...LOOKS[worst]} />;
}

function Withdrawn({ stands, isFaulted }: { stands: Standing; isFaulted: boolean }) {
  if (stands.is === "never-came")
    return <p class="fine">{stands.why} Should a look at it stand in the log all the same, it is shown here.</p>;
  if (stands.is !== "proven") return null;
  const isBad = isFaulted || stands.key?.is === "overdue";
  return (
    <p class={isBad ? "fine bad" : "fine"} data-testid="refused">
      {isFaulted ? `Refused since ${hhmmss(stands.sinceMs)}, so the log says.` : provenLine(stands.sinceMs)}{" "}
      {stands.key && keyLine(stands.key)}
    </p>
  );
}

interface LineProps {
  entry: Entry;
  reading: Reading;
  look: Look;
  isFaulted: boolean;
}

function Line({ entry, reading, look, isFaulted }: LineProps) {
  const { reviewer, purpose } = entry.event;
  const { mark, text } = markOf(entry, reading, look, isFaulted);
  const index = entry.proof.is === "proven" && isRead(reading) ? entry.proof.index : null;
  return (
    <li class={mark} data-testid="look" data-kind={entry.kind} data-look={look}>
      <span>{look === "turned-away" ? "Turned away" : happened(entry)}</span>
      <span>{moment(entry.at_ms, now.value)}</span>
      {typeof reviewer === "string" && <span>by {reviewer}</span>}
      {typeof purpose === "string" && <span>to {purpose}</span>}
      {said(entry) && <span>{said(entry)}</span>}
      <small>
        {text}
        {index !== null && isRead(reading) && (
          <button
            type="button"
            class="link"
            data-testid="receipt"
            onClick={async () => download(`entry-${index}.tlog-proof`, await receiptOf(reading.log, index))}
          >
            Save the receipt
          </button>
        )}
      </small>
    </li>
  );
}
