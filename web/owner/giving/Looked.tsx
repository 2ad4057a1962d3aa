// Who looked, as far as the log of each programme proves it.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../../shared/api";
import { type CheckedLog, HubChanged, sizeOf } from "../../shared/log";
import { policiesOf } from "../../shared/parts";
import { download } from "../download";
import { browserNow, now } from "../state";
import { Confirm, Problem, Trouble } from "../ui";
import type { Donor } from "./donor";
import { Given, Misdeeds } from "./Given";
import { type Share, sharesOf } from "./reading";
import { asOf, isAwaited, isRead, type Reading, readingOf, type There } from "./steps";
import {
  AWAITED,
  changeLine,
  checkedLine,
  confirmedLine,
  contradictedLine,
  FORGETFUL,
  recentLine,
  staleLine,
  unvouchedLine,
  withheldLine,
} from "./words";

export function Looked({ at, giving }: { at: There; giving: Donor }) {
  const shares = sharesOf(at.donations);
  const { given } = at.donations;
  const asking = given.find((donation) => donation.id === giving.asking.value && !donation.is_signed);
  return (
    <>
      {shares.map((share) => (
        <Programme key={share.id} share={share} at={at} giving={giving} isOne={shares.length === 1} />
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
    </>
  );
}

interface Of {
  share: Share;
  at: There;
  giving: Donor;
  isOne: boolean;
}

// One programme, and what its log says: no other one is touched by it.
function Programme({ share, at, giving, isOne }: Of) {
  const { id, programme, given } = share;
  const reading = asOf(readingOf(at, { programme: id }), browserNow.value);
  const name = programme?.name ?? "a programme that is not known any more";
  return (
    <section data-testid="looked" data-programme={id}>
      <h2>{isOne ? "Who looked" : `Who looked: ${name}`}</h2>
      <Misdeeds given={given} reading={reading} />
      {isAwaited(reading, given, now.value) ? (
        <p class="fine waiting" data-testid="awaited">
          {AWAITED}
        </p>
      ) : (
        <Checked reading={reading} giving={giving} />
      )}
      {isRead(reading) && !reading.isWhole && <ReadEvery id={id} log={reading.log} at={at} giving={giving} />}
      {programme && (
        <ReceiptHelp
          policy={isRead(reading) ? policiesOf(reading.log.parts.map(({ part }) => part)) : programme.policy}
        />
      )}
      {given.map((donation) => (
        <Given
          key={donation.id}
          donation={donation}
          at={{ ...at, reading }}
          takeBack={() => (donation.is_signed ? void giving.takeBack(donation) : giving.wonder(donation.id))}
        />
      ))}
    </section>
  );
}

function Checked({ reading, giving }: { reading: Reading; giving: Donor }) {
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
    case "unvouched":
      return <NotVouched by={reading.by} giving={giving} />;
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
            {checkedLine(reading)}
          </p>
          {reading.unclaimed.recent > 0 && <p class="fine waiting">{recentLine(reading.unclaimed.recent)}</p>}
          <Confirmed log={reading.log} />
        </>
      );
  }
}

function NotVouched({ by, giving }: { by: Extract<Reading, { is: "unvouched" }>["by"]; giving: Donor }) {
  // The owner says that the hub is a new one: its key is what this browser knows from now on.
  const trust = async (key: string) => {
    await giving.reader.trust(key);
    await giving.ask();
  };
  return (
    <>
      <Problem {...unvouchedLine(by)} />
      {by instanceof HubChanged && (
        <button type="button" data-testid="new-hub" onClick={() => void trust(by.now)}>
          It is a new hub
        </button>
      )}
    </>
  );
}

function Confirmed({ log }: { log: CheckedLog }) {
  return (
    <>
      <p class="fine" data-testid="log-confirmed">
        {log.confirmed && confirmedLine(log.confirmed, browserNow.value)} {!log.isRemembered && FORGETFUL}
      </p>
      {log.changes.map((change) => (
        <p key={change.atMs} class="fine" data-testid="keys-changed">
          {changeLine(change)}
        </p>
      ))}
    </>
  );
}

// For those who do not believe their own hub's check of the indexes.
function ReadEvery({ id, log, at, giving }: { id: string; log: CheckedLog; at: There; giving: Donor }) {
  const [read, setRead] = useState<number | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const isWanted = useRef(true);
  useEffect(() => {
    isWanted.current = true;
    return () => {
      isWanted.current = false;
    };
  }, []);
  const size = sizeOf(log);
  const begin = async () => {
    setFailure(null);
    setRead(0);
    const result = await giving.reader.every(at.donations, id, { tell: setRead, isWanted: () => isWanted.current });
    await giving.ask();
    setRead(null);
    setFailure(result.ok ? null : result);
  };
  return (
    <>
      <p class="fine">
        {read === null ? (
          <button type="button" class="link" data-testid="read-every" onClick={() => void begin()}>
            Read every entry
          </button>
        ) : (
          <label data-testid="reading-every">
            Reading every entry: {Math.floor((100 * read) / size)} % <progress max={size} value={read} />
          </label>
        )}
      </p>
      <Trouble of={failure} todo="Nothing here counts as proven until this is fixed." />
    </>
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
