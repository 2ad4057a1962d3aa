// Who looked, as far as the log proves it.

import { useState } from "preact/hooks";
import type { WholeLog } from "../../shared/log";
import type { Donation } from "../../shared/wire";
import { download } from "../download";
import { browserNow } from "../state";
import { Confirm, Problem, Trouble } from "../ui";
import type { Donor } from "./donor";
import { Given } from "./Given";
import { asOf, type Reading, type There } from "./steps";
import { checkedLine, confirmedLine, contradictedLine, FORGETFUL, staleLine, withheldLine } from "./words";

export function Looked({ at, giving }: { at: There; giving: Donor }) {
  const [asking, setAsking] = useState<Donation | null>(null);
  const { programme, given, witness } = at.donations;
  const reading = asOf(at.reading, browserNow.value);
  return (
    <section>
      <h2>Who looked</h2>
      <Checked reading={reading} vouched={witness.vouched} />
      {programme && <ReceiptHelp policy={programme.policy} />}
      {given.map((donation) => (
        <Given key={donation.id} donation={donation} at={{ ...at, reading }} takeBack={() => setAsking(donation)} />
      ))}
      {asking && (
        <Confirm
          title="Take this clip back?"
          text={
            "Within seconds nobody can see it any more; within a minute its key is destroyed. Labels that " +
            "reviewers gave it stay, without the clip."
          }
          yes="Take it back"
          act={() => void giving.takeBack(asking)}
          close={() => setAsking(null)}
        />
      )}
    </section>
  );
}

function Checked({ reading, vouched }: { reading: Reading; vouched: number | null }) {
  switch (reading.is) {
    case "reading":
      return null;
    case "unproven":
      return (
        <>
          <Trouble of={reading.failure} todo="Nothing here counts as proven until this is fixed." />
          {reading.last && <p class="fine bad">{confirmedLine(reading.last, browserNow.value)}</p>}
        </>
      );
    case "stale":
      return <Problem {...staleLine(reading, browserNow.value)} />;
    case "contradicted":
      return (
        <>
          <Problem {...contradictedLine(reading.by)} />
          <button
            type="button"
            data-testid="evidence"
            onClick={() => download(`${reading.by.why}.txt`, reading.by.evidence)}
          >
            Save the evidence
          </button>
        </>
      );
    case "withheld":
      return (
        <>
          <Problem text={withheldLine(reading.unclaimed.looks)} todo="Save this page and ask the programme." />
          <Confirmed log={reading.log} />
        </>
      );
    case "proven":
      return (
        <>
          <p class="proof good" data-testid="log-proof">
            {checkedLine(reading, vouched)}
          </p>
          <Confirmed log={reading.log} />
        </>
      );
  }
}

function Confirmed({ log }: { log: WholeLog }) {
  return (
    <p class="fine" data-testid="log-confirmed">
      {log.confirmed && confirmedLine(log.confirmed, browserNow.value)} {!log.isRemembered && FORGETFUL}
    </p>
  );
}

function ReceiptHelp({ policy }: { policy: string }) {
  return (
    <p class="fine">
      A receipt proves one look without us:{" "}
      <a href="/verify.html" download="verify.html">
        save the page that checks it
      </a>{" "}
      and{" "}
      <button type="button" class="link" onClick={() => download("policy.txt", policy)}>
        the keys it is checked with
      </button>
      .
    </p>
  );
}
