// Alerts on this device, by web push: off until switched on, and only for what the owner picks.

import { useEffect, useState } from "preact/hooks";
import { get, put, send } from "../../shared/throwing";
import { CALLED, VERDICTS, type Verdict } from "../findings";
import { say } from "../state";
import { Problem } from "../ui";

interface Found {
  push_key: string;
  verdicts: Verdict[];
  mqtt: { connected: boolean; pictures: boolean } | null;
}

const MEANS: Record<Verdict, string> = {
  threat: "Somebody tries doors, breaks in, takes something",
  unsure: "It could be either",
  routine: "Daily life: pets, visits, deliveries",
};

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

function textOf(buffer: ArrayBuffer | null): string {
  return btoa(String.fromCharCode(...new Uint8Array(buffer ?? new ArrayBuffer(0))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

async function subscribe(key: string, verdicts: Verdict[]) {
  if ((await Notification.requestPermission()) !== "granted")
    throw new Error("This browser does not allow alerts from here. Allow notifications for this page in its settings.");
  const worker = await navigator.serviceWorker.register("/push.js");
  await navigator.serviceWorker.ready;
  const made = await worker.pushManager
    .subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) })
    .catch(() => {
      throw new Error(
        "This browser's maker offers no push service here, so this device cannot be alerted. MQTT works without one.",
      );
    });
  await put("/alerts", {
    endpoint: made.endpoint,
    p256dh: textOf(made.getKey("p256dh")),
    auth: textOf(made.getKey("auth")),
    verdicts,
  });
}

export function Alerts() {
  const [found, setFound] = useState<Found | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const load = () => get<Found>("/alerts").then(setFound, (error: Error) => setProblem(error.message));
  useEffect(() => void load(), []);
  const isAble = "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
  const choose = async (verdict: Verdict, on: boolean) => {
    if (!found) return;
    const next = VERDICTS.filter((v) => (v === verdict ? on : found.verdicts.includes(v)));
    setBusy(true);
    setProblem(null);
    try {
      if (next.length) await subscribe(found.push_key, next);
      else await send("DELETE", "/alerts");
      say(next.length ? "This device is alerted." : "This device is not alerted any more.");
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
      void load();
    }
  };
  const show = async (pictures: boolean) => {
    if (!found?.mqtt) return;
    setFound({ ...found, mqtt: { ...found.mqtt, pictures } });
    setBusy(true);
    setProblem(null);
    try {
      await put("/alerts/mqtt", { pictures });
      say(
        pictures
          ? "Pictures go to your broker from now on."
          : "No more pictures go to your broker. Those it has, it has.",
      );
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
      void load();
    }
  };
  return (
    <>
      <section data-testid="alerts">
        <h2>Alerts on this device</h2>
        <p class="fine">
          An alert and its small picture are sealed to this browser. Its maker's push service sees that one came and
          when, not what it says.
        </p>
        {!isAble && <p class="fine">This browser has no push. On a phone, add the page to the home screen first.</p>}
        {found &&
          VERDICTS.map((v) => (
            <label key={v} class="check">
              <input
                type="checkbox"
                checked={found.verdicts.includes(v)}
                disabled={!isAble || busy}
                onChange={(e) => void choose(v, e.currentTarget.checked)}
              />
              <span>
                <strong>{CALLED[v]}</strong>
                <small>{MEANS[v]}</small>
              </span>
            </label>
          ))}
        {problem && <Problem text={problem} />}
      </section>
      {found && (
        <section data-testid="alerts-mqtt">
          <h2>Alerts to your home automation</h2>
          <p class="fine">
            {found.mqtt
              ? found.mqtt.connected
                ? "Connected to your MQTT broker. What is told there is not sealed."
                : "Your MQTT broker does not answer; it is tried again by itself."
              : "Off. For Home Assistant and others: mqtt_url under [hub] in nightlatch.toml switches it on."}
          </p>
          {found.mqtt && (
            <label class="check">
              <input
                type="checkbox"
                checked={found.mqtt.pictures}
                disabled={busy}
                data-testid="mqtt-pictures"
                onChange={(e) => void show(e.currentTarget.checked)}
              />
              <span>
                <strong>With a picture</strong>
                <small>
                  While something happens, pictures of it go to your broker, not sealed. Whoever may read there sees
                  them, and Home Assistant keeps the last. Private rooms send none.
                </small>
              </span>
            </label>
          )}
        </section>
      )}
    </>
  );
}
