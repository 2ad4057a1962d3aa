// How often a reviewer said what others said, for that reviewer's eyes only.

import { useEffect, useState } from "preact/hooks";
import type { Result } from "../shared/ask";
import { mine } from "./api";
import { Trouble } from "./Trouble";
import type { OwnStanding } from "./wire";

export function Agreement({ close }: { close: () => void }) {
  const [answer, setAnswer] = useState<Result<OwnStanding> | null>(null);
  useEffect(() => void mine().then(setAnswer), []);
  return (
    <main id="content" class="narrow" data-testid="mine">
      <h1>My agreement</h1>
      <p class="lead">
        How often you said what others, or a known answer, said too. Up to last midnight (UTC), for your eyes only:
        there is no ranking.
      </p>
      {answer && !answer.ok && <Trouble of={answer} />}
      {answer?.ok && <Figures of={answer.value} />}
      <div class="row">
        <button type="button" class="main" onClick={close} data-testid="mine-close" autofocus>
          Back
        </button>
      </div>
    </main>
  );
}

function Figures({ of }: { of: OwnStanding }) {
  const figures = [
    ["Verdict", percent(of.verdict)],
    ["Who or what", percent(of.subjects)],
    ["Clips compared", of.compared],
    ["Looked at today", `${of.done_today} of at most ${of.quota}`],
  ];
  return (
    <>
      <dl class="facts">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {of.verdict === null && <p class="fine">A figure needs ten clips that can be compared.</p>}
    </>
  );
}

const percent = (share: number | null) => (share === null ? "–" : `${Math.round(share * 100)} %`);
