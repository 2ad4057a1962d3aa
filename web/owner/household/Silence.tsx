// The devices hear when the hub falls silent: what that takes, what the mailbox learns by it, and how it stands.

import { useEffect } from "preact/hooks";
import { send } from "../../shared/api";
import { SECOND } from "../../shared/time";
import type { AlertSettings } from "../../shared/wire";
import { isHere } from "../hub";
import { now } from "../state";
import { useTask } from "../task";
import { say } from "../toast";
import { Check, Trouble } from "../ui";
import { aboutSilence, canTell } from "./telling";

const EVERY = 10 * SECOND; // how that stands is asked for again

export function Silence({ settings, load }: { settings: AlertSettings; load: () => Promise<void> }) {
  const task = useTask();
  const { silence } = settings;
  const again = silence?.on && isHere.value ? Math.floor(now.value / EVERY) : 0;
  useEffect(() => {
    if (again) void load();
  }, [again]);
  const turn = async (on: boolean) => {
    const done = await task.run(() => send("PUT", "/alerts/silence", { on }));
    if (done.ok) say(on ? "Your devices will be told when the hub falls silent." : "Nobody is told any more.");
    await load();
  };
  return (
    <section data-testid="alerts-silence">
      <h2>When the hub falls silent</h2>
      <Check
        name="Tell my devices when the hub goes silent"
        about={
          "The hub leaves a message for each device in your mailbox, sealed to that device, and says every " +
          "minute that it is well. When it no longer does, the mailbox sends them. For that the mailbox " +
          "learns each device's address at its browser maker's push service, and by the minute whether your " +
          "hub is online. It can send a message early, or not at all; it cannot read or change one."
        }
        checked={silence?.on ?? false}
        set={(isOn) => void turn(isOn)}
        disabled={task.isBusy || !(silence?.on || canTell(silence))}
        testid="silence-on"
      />
      <p class="fine" data-testid="silence-now">
        {isHere.value ? aboutSilence(silence, now.value) : "How that stands cannot be told now."}
      </p>
      <Trouble of={task.failure} />
    </section>
  );
}
