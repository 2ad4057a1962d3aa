// One clip that was given: where it stands, and every entry of the log about it.

import { receiptOf, said } from "../../shared/log";
import { hhmmss } from "../../shared/time";
import type { Donation } from "../../shared/wire";
import { download } from "../download";
import { home, now } from "../state";
import { Problem, Trouble } from "../ui";
import type { Entry } from "./entries";
import { type Standing, standing } from "./standing";
import { entriesOf, isRead, type Reading, type There } from "./steps";
import { about, fileName, happened, keyLine, moment, proofOf } from "./words";

type Shown = There & { reading: Reading }; // what its programme's log says

export function Given({ donation, at, takeBack }: { donation: Donation; at: Shown; takeBack: () => void }) {
  const { reading, withdrawal } = at;
  const entries = entriesOf(reading)[donation.id];
  const stands = standing(donation, isRead(reading) ? (entries ?? []) : null, now.value);
  const camera = home.value?.cameras.find((each) => each.id === donation.camera_id);
  const isMine = withdrawal.is !== "idle" && withdrawal.donation === donation.id;
  return (
    <article class="sheet given" data-testid="given" data-donation={donation.id}>
      <div class="row head">
        <div>
          <strong>{camera?.name ?? "A camera that was removed"}</strong>
          <small>{about(donation, stands, now.value)}</small>
        </div>
        <span class="grow" />
        {stands.is !== "refused" && (
          <button type="button" data-testid="take-back" disabled={withdrawal.is === "sending"} onClick={takeBack}>
            {stands.is === "given" ? "Take it back" : "Send it again"}
          </button>
        )}
      </div>
      {isMine && withdrawal.is === "failed" && <Trouble of={withdrawal.failure} />}
      <Withdrawn stands={stands} />
      <ul class="looks">
        {entries?.map((entry) => (
          <Line key={entry.leaf} entry={entry} reading={reading} />
        ))}
        {entries?.length === 0 && <li class="waiting">Nobody has looked.</li>}
      </ul>
    </article>
  );
}

function Withdrawn({ stands }: { stands: Standing }) {
  if (stands.is === "given") return null;
  if (stands.is === "unanswered") {
    return (
      <Problem
        text="The programme has not answered yet, so this clip may still be seen."
        todo="Send it again until it answers."
      />
    );
  }
  return (
    <p class={stands.key?.is === "overdue" ? "fine bad" : "fine"}>
      Refused since {hhmmss(stands.sinceMs)}. {stands.key && keyLine(stands.key)}
    </p>
  );
}

function Line({ entry, reading }: { entry: Entry; reading: Reading }) {
  const { reviewer, purpose } = entry.event;
  const { mark, text } = proofOf(entry, reading);
  const index = entry.proof.is === "proven" && isRead(reading) ? entry.proof.index : null;
  return (
    <li class={mark} data-testid="look" data-kind={entry.kind}>
      <span>{happened(entry)}</span>
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
