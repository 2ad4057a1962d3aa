// How events look in a list: a badge for the verdict, and the filter above them.

import { CALLED, type Filter, type Finding, VERDICTS } from "./findings";

export function Badge({ of }: { of: Finding | undefined }) {
  if (!of?.verdict) return null;
  return (
    <span class={`verdict ${of.verdict}`} data-testid="verdict">
      {CALLED[of.verdict]}
    </span>
  );
}

export const KINDS: [Exclude<Filter["kind"], null>, string][] = [
  ["person", "People"],
  ["pet", "Animals"],
  ["vehicle", "Vehicles"],
  ["other", "Other"],
];

export function FilterBar({ filter, set }: { filter: Filter; set: (to: Filter) => void }) {
  return (
    <div class="filter" role="group" aria-label="Which events">
      {VERDICTS.map((v) => (
        <button
          key={v}
          type="button"
          class={`chip ${v}`}
          aria-pressed={filter.verdict === v}
          onClick={() => set({ ...filter, verdict: filter.verdict === v ? null : v })}
        >
          {CALLED[v]}
        </button>
      ))}
      <span class="bar" />
      {KINDS.map(([k, name]) => (
        <button
          key={k}
          type="button"
          class="chip"
          aria-pressed={filter.kind === k}
          onClick={() => set({ ...filter, kind: filter.kind === k ? null : k })}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
