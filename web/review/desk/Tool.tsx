// One of the player's buttons, with its key.

import { keyName } from "../keys";
import type { Acts } from "./acts";

export function Tool({ does, acts, name, isOn }: { does: string; acts: Acts; name: string; isOn?: boolean }) {
  return (
    <button type="button" class="tool" aria-pressed={isOn} onClick={acts[does]} data-key={does}>
      {name} <kbd>{keyName(does)}</kbd>
    </button>
  );
}
