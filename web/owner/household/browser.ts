// The doors of alerts: what this browser has of web push, and how the hub is told.

import { send } from "../../shared/api";
import { base64Url, bytesOf, type Doors } from "./push";

export const canPush = () =>
  "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;

export const pushDoors: Doors = {
  permission: async () => Notification.requestPermission(),
  worker: async () => {
    await navigator.serviceWorker.register("/push.js");
    return navigator.serviceWorker.ready;
  },
  subscribe: async (worker, key) => {
    const options = { userVisibleOnly: true, applicationServerKey: bytesOf(key) };
    const made = await worker.pushManager.subscribe(options);
    const [p256dh, auth] = [base64Url(made.getKey("p256dh")), base64Url(made.getKey("auth"))];
    return { endpoint: made.endpoint, p256dh, auth };
  },
  tell: (wanted, signal) =>
    wanted ? send("PUT", "/alerts", wanted, signal) : send("DELETE", "/alerts", undefined, signal),
  rest: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

const PATIENCE_MS = 3000;

// Whether what the hub sends gets through: allowed, and subscribed. A browser that does not say is believed.
export async function isHeard(): Promise<boolean> {
  if (!canPush() || Notification.permission !== "granted") return false;
  const asked = navigator.serviceWorker.getRegistration().then((worker) => worker?.pushManager.getSubscription());
  const found = asked.then(
    (subscription) => Boolean(subscription),
    () => true,
  );
  return Promise.race([found, pushDoors.rest(PATIENCE_MS).then(() => true)]);
}
