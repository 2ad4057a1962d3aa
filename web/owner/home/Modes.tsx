// What the household is doing: home, night or away. One press changes it.

import { useMemo } from "preact/hooks";
import { send } from "../../shared/api";
import type { Mode, ModeNow } from "../../shared/wire";
import { isHere } from "../hub";
import { home, now } from "../state";
import { say } from "../toast";
import { Trouble } from "../ui";
import { aboutMode, MEANS, MODE_NAMES, modeSwitch, otherHold, PATIENCE_MS } from "./mode";

const ICONS: Record<Mode, string> = {
  home: "M4 11 12 4l8 7v9H4zM10 20v-5h4v5",
  night: "M19.5 14.5A8 8 0 1 1 9.5 4.5a6.6 6.6 0 0 0 10 10z",
  away: "M13 4H5v16h8M10 12h10m-3.5-3.5L20 12l-3.5 3.5",
};

const doors = {
  now: () => home.value!.mode,
  put: (body: { mode: Mode; hold: boolean }, signal: AbortSignal) => send<ModeNow>("PUT", "/mode", body, signal),
  came: (mode: ModeNow) => {
    if (home.value) home.value = { ...home.value, mode };
  },
  say,
  patience: () => AbortSignal.timeout(PATIENCE_MS),
};

export function ModeChoice({ of }: { of: ModeNow }) {
  const { at, choose } = useMemo(() => modeSwitch(doors), []);
  const { wanted, failure } = at.value;
  const other = otherHold(of);
  return (
    <section class="mode" aria-label="Mode" data-testid="mode" aria-busy={wanted !== null}>
      <div class="modes" role="group" aria-label="What the household is doing">
        {(Object.keys(MODE_NAMES) as Mode[]).map((mode) => (
          <button
            key={mode}
            type="button"
            aria-pressed={of.mode === mode}
            aria-disabled={wanted !== null || !isHere.value} // and not disabled, which would take the focus away
            data-testid={`mode-${mode}`}
            onClick={() => isHere.value && void choose(mode)}
          >
            {wanted === mode ? (
              <span class="dots" aria-hidden="true" />
            ) : (
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d={ICONS[mode]} />
              </svg>
            )}
            {MODE_NAMES[mode]}
          </button>
        ))}
      </div>
      <p class="fine" data-testid="mode-now">
        {isHere.value ? `${aboutMode(of, now.value)} ${MEANS[of.mode]}` : "Which mode is set cannot be told now."}{" "}
        {isHere.value && other && (
          <button
            type="button"
            class="link"
            aria-disabled={wanted !== null}
            onClick={() => void choose(of.mode, other.hold)}
          >
            {other.name}
          </button>
        )}
      </p>
      <Trouble of={failure} />
    </section>
  );
}
