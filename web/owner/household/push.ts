// Alerts by web push on this device: what the browser is asked for, and what the hub is told about it. Each step may
// wait for somebody, says for whom, and ends: a prompt that nobody answers, a push service that is out of reach.

import { broken, type Failure, type Result } from "../../shared/api";
import { VERDICTS, type Verdict } from "../findings";

export type Step = "permission" | "worker" | "service" | "hub";

// For how long each is waited for.
export const PATIENCE_MS: Record<Step, number> = {
  permission: 30_000, // a person reads the browser's question
  worker: 10_000,
  service: 15_000,
  hub: 10_000,
};

export const WAITS_FOR: Record<Step, string> = {
  permission: "Waiting for your answer to this browser's question, at the top of the window.",
  worker: "Waiting for this browser to get ready…",
  service: "Waiting for the push service of this browser's maker…",
  hub: "Waiting for the hub…",
};

const ENDED: Record<Step, string> = {
  permission:
    "This browser's question was not answered, so this device is not alerted. Switch it on again and allow " +
    "notifications; if no question appears, allow them for this page in the browser's settings.",
  worker: "This browser did not get ready for alerts. Reload the page, then switch it on again.",
  service:
    "The push service of this browser's maker did not answer. Check that this device is on the internet, then switch " +
    "it on again. MQTT works without one.",
  hub: "The hub did not answer, so nothing has changed. Check that it is running, then try again.",
};

const DISMISSED = "The question was closed without an answer. Switch it on again and allow notifications.";
const NOT_ALLOWED = "This browser does not allow alerts from here. Allow notifications for this page in its settings.";
const NO_SERVICE =
  "This browser's maker offers no push service here, so this device cannot be alerted. MQTT works without one.";
const LOST = "This browser no longer lets Nightlatch alert this device. Switch on again what you want to hear of.";

export interface Subscription {
  endpoint: string;
  p256dh: string;
  auth: string;
}

export interface Doors {
  permission: () => Promise<NotificationPermission>;
  worker: () => Promise<ServiceWorkerRegistration>;
  subscribe: (worker: ServiceWorkerRegistration, key: string) => Promise<Subscription>;
  tell: (wanted: (Subscription & { verdicts: Verdict[] }) | null, signal: AbortSignal) => Promise<Result<void>>;
  rest: (ms: number) => Promise<void>;
}

// The verdicts that are alerted about once one of them is switched.
export function switched(had: readonly Verdict[], verdict: Verdict, isOn: boolean): Verdict[] {
  return VERDICTS.filter((each) => (each === verdict ? isOn : had.includes(each)));
}

// Says what it waits for, and never waits for ever. What comes too late changes nothing: the owner was told that it
// ended.
export async function alertAbout(
  verdicts: Verdict[],
  key: string,
  doors: Doors,
  says: (waitsFor: Step) => void,
): Promise<Result<void>> {
  const step = <T>(name: Step, act: () => Promise<T>, refused: string) => {
    says(name);
    return inTime(name, act, refused, doors.rest);
  };
  if (verdicts.length === 0) return told(null, doors, says);
  const permission = await step("permission", doors.permission, NOT_ALLOWED);
  if (!permission.ok) return permission;
  if (permission.value !== "granted") return broken(permission.value === "default" ? DISMISSED : NOT_ALLOWED);
  const worker = await step("worker", doors.worker, ENDED.worker);
  if (!worker.ok) return worker;
  const subscription = await step("service", () => doors.subscribe(worker.value, key), NO_SERVICE);
  return subscription.ok ? told({ ...subscription.value, verdicts }, doors, says) : subscription;
}

async function told(
  wanted: (Subscription & { verdicts: Verdict[] }) | null,
  doors: Doors,
  says: (waitsFor: Step) => void,
): Promise<Result<void>> {
  const stop = new AbortController();
  says("hub");
  const done = await inTime("hub", () => doors.tell(wanted, stop.signal), ENDED.hub, doors.rest);
  stop.abort(); // one that was not answered in time is not to be carried out later
  return done.ok ? done.value : done;
}

async function inTime<T>(step: Step, act: () => Promise<T>, refused: string, rest: Doors["rest"]): Promise<Result<T>> {
  const late = rest(PATIENCE_MS[step]).then((): Failure => broken(ENDED[step]));
  const done = act().then(
    (value): Result<T> => ({ ok: true, value }),
    (): Failure => broken(refused),
  );
  return Promise.race([done, late]);
}

// What this device is really alerted about: what the hub sends counts only while the browser lets it through.
export function standing(atHub: readonly Verdict[], isHeard: boolean): { verdicts: Verdict[]; lost: Failure | null } {
  if (atHub.length === 0 || isHeard) return { verdicts: [...atHub], lost: null };
  return { verdicts: [], lost: broken(LOST) };
}

export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

export function base64Url(buffer: ArrayBuffer | null): string {
  const text = String.fromCharCode(...new Uint8Array(buffer ?? new ArrayBuffer(0)));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
