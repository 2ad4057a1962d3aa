// Who looked, as far as the log proves it.

import type { WholeLog } from "../../shared/log";
import { download } from "../download";
import { browserNow } from "../state";
import { Confirm, Problem, Trouble } from "../ui";
import type { Donor } from "./donor";
import { Given, Misdeeds } from "./Given";
import { asOf, type Reading, type There } from "./steps";
import { checkedLine, confirmedLine, contradictedLine, FORGETFUL, staleLine, withheldLine } from "./words";

export function Looked({ at, giving }: { at: There; giving: Donor }) {
  const { programme, given, witness } = at.donations;
  const asking = given.find((donation) => donation.id === giving.asking.value && !donation.is_signed);
  const reading = asOf(at.reading, browserNow.value);
  return (
    <section>
      <h2>Who looked</h2>
      <Misdeeds at={{ ...at, reading }} />
      <Checked reading={reading} vouched={witness.vouched} />
      {programme && <ReceiptHelp policy={programme.policy} />}
      {given.map((donation) => (
        <Given
          key={donation.id}
          donation={donation}
          at={{ ...at, reading }}
          takeBack={() => (donation.is_signed ? void giving.takeBack(donation) : giving.wonder(donation.id))}
        />
      ))}
      {asking && (
        <Confirm
          title="Take this clip back?"
          text={
            "Once the programme has agreed, which takes seconds, nobody can see it any more; within a minute its key " +
            "is destroyed. Until it has, your hub goes on asking. Labels that reviewers gave it stay, without the clip."
          }
          yes="Take it back"
          act={() => void giving.takeBack(asking)}
          close={() => giving.wonder(null)}
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
