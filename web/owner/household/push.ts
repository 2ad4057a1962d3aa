// Alerts by web push on this device: what the browser is asked for, and what the hub is told about it.

import { attempt, broken, type Result, send } from "../../shared/api";
import { VERDICTS, type Verdict } from "../findings";

export const canPush = () =>
  "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;

// The verdicts that are alerted about once one of them is switched.
export function switched(had: readonly Verdict[], verdict: Verdict, isOn: boolean): Verdict[] {
  return VERDICTS.filter((each) => (each === verdict ? isOn : had.includes(each)));
}

export async function alertAbout(verdicts: Verdict[], key: string): Promise<Result<void>> {
  if (verdicts.length === 0) return send("DELETE", "/alerts");
  const subscription = await subscribed(key);
  if (!subscription.ok) return subscription;
  const { endpoint } = subscription.value;
  const [p256dh, auth] = (["p256dh", "auth"] as const).map((name) => base64Url(subscription.value.getKey(name)));
  return send("PUT", "/alerts", { endpoint, p256dh, auth, verdicts });
}

async function subscribed(key: string): Promise<Result<PushSubscription>> {
  const permission = await attempt(() => Notification.requestPermission());
  if (!permission.ok) return permission;
  if (permission.value !== "granted") return broken(NOT_ALLOWED);
  const worker = await attempt(async () => {
    const registered = await navigator.serviceWorker.register("/push.js");
    await navigator.serviceWorker.ready;
    return registered;
  });
  if (!worker.ok) return worker;
  const options = { userVisibleOnly: true, applicationServerKey: bytesOf(key) };
  const subscription = await attempt(() => worker.value.pushManager.subscribe(options));
  return subscription.ok ? subscription : broken(NO_SERVICE);
}

const NOT_ALLOWED = "This browser does not allow alerts from here. Allow notifications for this page in its settings.";
const NO_SERVICE =
  "This browser's maker offers no push service here, so this device cannot be alerted. MQTT works without one.";

export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

export function base64Url(buffer: ArrayBuffer | null): string {
  const text = String.fromCharCode(...new Uint8Array(buffer ?? new ArrayBuffer(0)));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
