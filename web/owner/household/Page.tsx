// Who is in: devices, alerts, the key, what is given, what the mailbox sees; and what Nightlatch cannot promise.

import { useState } from "preact/hooks";
import { state } from "../state";
import { keepTheme, type Theme, theme } from "../theme";
import { Link, useTitle } from "../ui";
import { Alerts } from "./Alerts";
import { Devices } from "./Devices";
import { YourKey } from "./Key";
import { Mailbox } from "./Mailbox";
import { WeekSection } from "./Schedule";

export function HouseholdPage() {
  useTitle("Household");
  return (
    <div class="narrow wide">
      <h1>{state.value?.household?.name}</h1>
      <WeekSection />
      <Devices />
      <Alerts />
      <YourKey />
      <section>
        <h2>Giving clips</h2>
        <p class="fine">
          One clip at a time, people hidden, signed by you, every look on record.{" "}
          <Link href="/giving">Who looked, and take back</Link>
        </p>
      </section>
      {state.value?.cloud.configured && <Mailbox />}
      <Colours />
      <section>
        <h2>What Nightlatch cannot promise</h2>
        <p>
          Anyone who has your passphrase or your recovery sheet sees everything. The outside mailbox knows the number of
          this household, and the size and time of each sealed piece. The hub itself sees what its cameras see while it
          seals. A browser you have unlocked stays unlocked until you sign out.
        </p>
        <p class="fine">Nightlatch {state.value?.version}</p>
      </section>
    </div>
  );
}

const THEMES: Record<Theme, string> = { "": "System", light: "Light", dark: "Dark" };

function Colours() {
  const [chosen, setChosen] = useState(theme);
  return (
    <section>
      <h2>Appearance</h2>
      <div class="segmented" role="group" aria-label="Colours">
        {(Object.keys(THEMES) as Theme[]).map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={chosen === each}
            onClick={() => {
              setChosen(each);
              keepTheme(each);
            }}
          >
            {THEMES[each]}
          </button>
        ))}
      </div>
    </section>
  );
}
