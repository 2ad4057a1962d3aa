// Alerts on this device, by web push: off until switched on, and only for what the owner picks. And to a broker.

import { useEffect, useState } from "preact/hooks";
import { type Failure, get, send } from "../../shared/api";
import type { AlertSettings } from "../../shared/wire";
import { CALLED, VERDICTS, type Verdict } from "../findings";
import { isHere } from "../hub";
import { type Task, useTask } from "../task";
import { say } from "../toast";
import { Check, Trouble, Wait } from "../ui";
import { brokerAnswers } from "./broker";
import { canPush, isHeard, pushDoors } from "./browser";
import { alertAbout, type Step, standing, switched, WAITS_FOR } from "./push";
import { Silence } from "./Silence";

const MEANS: Record<Verdict, string> = {
  threat: "Someone where nobody should be, by the mode, the place and the hour",
  help: "Someone has gone down and stays down",
  unsure: "It could be either",
  routine: "Daily life: pets, visits, deliveries",
};

export function Alerts() {
  const [settings, setSettings] = useState<AlertSettings | null>(null);
  const [unread, setUnread] = useState<Failure | null>(null);
  const [wanted, setWanted] = useState<Verdict[] | null>(null); // while they are being switched
  const [waitsFor, setWaitsFor] = useState<Step | null>(null);
  const task = useTask();
  const broker = useTask();
  const load = async () => {
    const found = await get<AlertSettings>("/alerts");
    if (!found.ok) return setUnread(found);
    const { verdicts, lost } = standing(found.value.verdicts, await isHeard());
    setSettings({ ...found.value, verdicts });
    setUnread(lost);
  };
  useEffect(() => void load(), []);
  const choose = async (verdict: Verdict, isOn: boolean) => {
    if (!settings) return;
    const next = switched(settings.verdicts, verdict, isOn);
    setWanted(next);
    const done = await task.run(() => alertAbout(next, settings.push_key, pushDoors, setWaitsFor));
    setWaitsFor(null);
    if (done.ok) say(next.length ? "This device will be alerted." : "This device is no longer alerted.");
    await load(); // what is so, whatever was wanted
    setWanted(null);
  };
  const show = async (pictures: boolean) => {
    if (!settings?.mqtt) return;
    setSettings({ ...settings, mqtt: { ...settings.mqtt, pictures } });
    const done = await broker.run(async () => {
      const kept = await send("PUT", "/alerts/mqtt", { pictures });
      return kept.ok && pictures ? brokerAnswers({ read: () => get("/alerts"), rest: pushDoors.rest }) : kept;
    });
    if (done.ok) say(pictures ? PICTURES_GO : PICTURES_STAY);
    void load();
  };
  const letIn = async (mayIt: boolean) => {
    if (!settings?.mqtt) return;
    setSettings({ ...settings, mqtt: { ...settings.mqtt, may_set_mode: mayIt } });
    const done = await broker.run(() => send("PUT", "/alerts/mqtt/mode", { may_set_mode: mayIt }));
    if (done.ok) say(mayIt ? "Home automation may change the mode." : "Only people change the mode.");
    void load();
  };
  return (
    <>
      <section data-testid="alerts">
        <h2>Alerts on this device</h2>
        <p class="fine">
          An alert and its small picture are sealed to this browser. The browser maker's push service sees that one was
          sent and when, but not what it says.
        </p>
        {!canPush() && <p class="fine">This browser has no push. On a phone, add the page to the home screen first.</p>}
        {settings && <Verdicts chosen={wanted ?? settings.verdicts} task={task} choose={choose} />}
        {waitsFor && <Wait text={WAITS_FOR[waitsFor]} />}
        <Trouble of={task.failure ?? unread} />
      </section>
      {settings && <Silence settings={settings} load={load} />}
      {settings && <Broker settings={settings} task={broker} show={show} letIn={letIn} />}
    </>
  );
}

const PICTURES_GO = "From now on, pictures go to your broker.";
const PICTURES_STAY = "No more pictures go to your broker. It keeps those it already has.";

interface VerdictsProps {
  chosen: Verdict[];
  task: Task;
  choose: (verdict: Verdict, isOn: boolean) => Promise<void>;
}

function Verdicts({ chosen, task, choose }: VerdictsProps) {
  return VERDICTS.map((verdict) => (
    <Check
      key={verdict}
      name={CALLED[verdict]}
      about={MEANS[verdict]}
      checked={chosen.includes(verdict)}
      set={(isOn) => void choose(verdict, isOn)}
      disabled={!canPush()}
      isBusy={task.isBusy}
    />
  ));
}

interface BrokerProps {
  settings: AlertSettings;
  task: Task;
  show: (pictures: boolean) => Promise<void>;
  letIn: (mayIt: boolean) => Promise<void>;
}

function Broker({ settings, task, show, letIn }: BrokerProps) {
  const { mqtt } = settings;
  return (
    <section data-testid="alerts-mqtt">
      <h2>Your home automation</h2>
      <p class="fine">
        {isHere.value || !mqtt ? aboutBroker(settings) : "Whether your broker is reached cannot be told now."}
      </p>
      {mqtt && (
        <Check
          name="Home automation may change the mode"
          about={
            "Off, as anyone who can write to your broker could then set the house to home while you are away, " +
            "and fewer alerts would reach you."
          }
          checked={mqtt.may_set_mode}
          set={(isOn) => void letIn(isOn)}
          disabled={task.isBusy}
          testid="mqtt-mode"
        />
      )}
      {mqtt && (
        <Check
          name="With a picture"
          about={
            "While something happens, pictures of it go to your broker, not sealed. Anyone who can read there " +
            "sees them, and Home Assistant keeps the latest. Private rooms send none."
          }
          checked={mqtt.pictures}
          set={(isOn) => void show(isOn)}
          disabled={task.isBusy}
          testid="mqtt-pictures"
        />
      )}
      {task.isBusy && <Wait text="Waiting for your broker…" />}
      <Trouble of={task.failure} />
    </section>
  );
}

function aboutBroker({ mqtt, mqtt_trouble }: AlertSettings): string {
  if (!mqtt) return "Off. To switch it on, for Home Assistant and others, set mqtt_url under [hub] in nightlatch.toml.";
  if (!mqtt.connected) return `${mqtt_trouble ?? "Your MQTT broker does not answer."} Nightlatch keeps trying.`;
  return "Connected to your MQTT broker. What it is told is not sealed.";
}
