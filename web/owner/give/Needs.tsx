// What hiding needs on this hub and lacks: told before anybody waits for it, fetched with a button.

import { useEffect, useState } from "preact/hooks";
import { type Failure, get, send } from "../../shared/api";
import type { HidingNeeds } from "../../shared/wire";
import { Trouble } from "../ui";
import { Progress } from "./Progress";
import { fetchInWords, megabytes } from "./words";

const AGAIN_MS = 700;

interface NeedsNow {
  needs: HidingNeeds | null; // null: not known, and then hiding itself will say
  failure: Failure | null;
  isLacking: boolean;
  fetch: () => void;
}

export function useNeeds(): NeedsNow {
  const [needs, setNeeds] = useState<HidingNeeds | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const isComing = needs?.share != null;
  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      const found = await get<HidingNeeds>("/giving/models", { signal: stop.signal });
      if (found.ok) setNeeds(found.value);
    };
    if (!needs) void look();
    const again = isComing ? setInterval(() => void look(), AGAIN_MS) : undefined;
    return () => {
      stop.abort();
      clearInterval(again);
    };
  }, [isComing]);
  const fetch = async () => {
    const asked = await send<HidingNeeds>("POST", "/giving/models");
    setFailure(asked.ok ? null : asked);
    if (asked.ok) setNeeds(asked.value);
  };
  return { needs, failure, isLacking: (needs?.missing.length ?? 0) > 0, fetch: () => void fetch() };
}

export function Needs({ of: { needs, failure, isLacking, fetch } }: { of: NeedsNow }) {
  if (!needs || !isLacking) return null;
  const canBeFetched = needs.missing.some((model) => model.can_be_fetched);
  const others = needs.missing.filter((model) => !model.can_be_fetched);
  return (
    <section class="needs" data-testid="give-needs" aria-labelledby="needs-title">
      <h2 id="needs-title">Something is missing first</h2>
      <p>To hide people, this hub needs models that are not on it. They are fetched once, and nothing is sent.</p>
      <ul class="plain">
        {needs.missing.map((model) => (
          <li key={model.name}>
            <strong>{model.name}</strong> {model.what}
            <small>
              {megabytes(model.bytes)}, {model.licence}
            </small>
          </li>
        ))}
      </ul>
      {others.length > 0 && <p class="fine">{others[0]!.how_to_get}</p>}
      {needs.share !== null ? (
        <Progress name="Fetching" share={needs.share} />
      ) : (
        canBeFetched && (
          <button type="button" class="main" onClick={fetch} data-testid="give-fetch">
            {fetchInWords(needs)}
          </button>
        )
      )}
      {needs.share === null && needs.problem && (
        <div class="problem" role="alert">
          <strong>It could not be fetched.</strong>
          <span>{needs.problem}</span>
        </div>
      )}
      <Trouble of={failure} />
    </section>
  );
}
