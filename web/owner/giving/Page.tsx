// The programme that clips are given to, and what became of those that were given.

import { useEffect, useMemo } from "preact/hooks";
import type { Programme } from "../../shared/wire";
import { sayWhy } from "../toast";
import { Trouble, useTitle, Wait } from "../ui";
import { type Donor, donor } from "./donor";
import { doors } from "./doors";
import { Join, Words } from "./Join";
import { Looked } from "./Looked";

export function GivingPage() {
  useTitle("Giving");
  const giving = useMemo(() => donor(doors), []);
  useEffect(() => {
    void giving.watch();
    return giving.leave;
  }, [giving]);
  const at = giving.at.value;
  if (at.is === "asking") return <Wait text="Asking the hub…" />;
  if (at.is === "unknown") return <Trouble of={at.failure} />;
  const { programme, given } = at.donations;
  return (
    <div class="narrow wide">
      <h1>Giving</h1>
      {programme ? <Joined programme={programme} giving={giving} /> : <Join giving={giving} />}
      {given.length > 0 && <Looked at={at} giving={giving} />}
      {programme && given.length === 0 && (
        <div class="empty">
          <h2>Nothing given yet</h2>
          <p>
            Open a clip and choose “Give this clip”. People in it are hidden first, and you see exactly what leaves.
          </p>
        </div>
      )}
    </div>
  );
}

function Joined({ programme, giving }: { programme: Programme; giving: Donor }) {
  const leave = async () => {
    const left = await giving.leaveProgramme();
    if (!left.ok) sayWhy(left);
  };
  return (
    <section>
      <p class="fine">
        You joined <strong>{programme.name}</strong> ({programme.url}). Its words are <Words of={programme.words} />.
      </p>
      <button type="button" class="quiet flush" onClick={() => void leave()}>
        Leave it
      </button>
    </section>
  );
}
