// One clip that was given: where it stands, and every entry of the log about it.

import { receiptOf, said } from "../../shared/log";
import { hhmmss } from "../../shared/time";
import type { Donation } from "../../shared/wire";
import { download } from "../download";
import { home, now } from "../state";
import { Problem, Trouble } from "../ui";
import type { Entry } from "./entries";
import { type Entering, entering, type Look, lookOf, type Standing, standing, worstLook } from "./standing";
import { entriesOf, isRead, type Reading, type There } from "./steps";
import {
  about,
  enteringLine,
  fileName,
  happened,
  keyLine,
  LOOKS,
  markOf,
  missingLine,
  moment,
  provenLine,
  troubleOf,
} from "./words";

type Shown = There & { reading: Reading }; // what its programme's log says

export function Given({ donation, at, takeBack }: { donation: Donation; at: Shown; takeBack: () => void }) {
  const { reading, withdrawal, donations } = at;
  const entries = entriesOf(reading)[donation.id];
  const stands = standing(donation, isRead(reading) ? (entries ?? []) : null, now.value);
  const camera = home.value?.cameras.find((each) => each.id === donation.camera_id);
  const programme = donations.programmes.find((each) => each.id === donation.programme_id);
  const isMine = withdrawal.is !== "idle" && withdrawal.donation === donation.id;
  const name = programme?.name ?? "The programme";
  const trouble = troubleOf(stands, name, now.value);
  const enters = entering(donation, isRead(reading) ? (entries ?? []) : null, now.value);
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
      {enters?.is === "missing" && <Problem {...missingLine(enters, name)} />}
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
        {!entries?.length && <Nothing enters={enters} isRead={entries !== undefined} programme={name} />}
      </ul>
    </article>
  );
}

// What is said where no entry is: that it is to come, or that nobody has looked.
function Nothing(props: { enters: Entering | null; isRead: boolean; programme: string }) {
  const { enters, isRead, programme } = props;
  if (enters?.is === "on its way") {
    const { what, since, by } = enteringLine(enters, programme);
    return (
      <li class="waiting" data-testid="entering">
        <span>{what}</span>
        <span>{since}</span>
        <small>{by}</small>
      </li>
    );
  }
  return isRead && !enters ? <li class="waiting">Nobody has looked.</li> : null;
}

// Looks that should not have been, of any clip of one programme: said once more above them all.
export function Misdeeds({ given, reading }: { given: readonly Donation[]; reading: Reading }) {
  const entries = entriesOf(reading);
  const found = new Set(given.map((donation) => worstLook(donation, entries[donation.id] ?? [])));
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
            onClick={async () => download(`${fileName(index)}.tlog-proof`, await receiptOf(reading.log, index))}
          >
            Save the receipt
          </button>
        )}
      </small>
    </li>
  );
}
