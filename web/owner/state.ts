// What the whole page knows: who is signed in, the keys, the house as it is now, where we are.

import { computed, signal } from "@preact/signals";
import { Opener } from "../shared/age";
import { attempt, broken, type Failure, get, type Result, send, whenSignedOut } from "../shared/api";
import type { Bytes } from "../shared/bytes";
import { forget, type Keyring, keep, kept } from "../shared/keyring";
import { identityOf, lockedKeys, recipientOf, signingPublic } from "../shared/keys";
import { SECOND } from "../shared/time";
import type { Hint, Home, State } from "../shared/wire";
import { forgetAll } from "./cameras/drafts";
import { askHow, askNoMore, hear, hearHow, isHere, isOwed, lastHeard, look } from "./hub";

export const state = signal<State | null>(null);
export const ring = signal<Keyring | null>(null);
export const home = signal<Home | null>(null);
export const unreachable = signal<Failure | null>(null);
// The hub's time: recordings are placed by its clock, and this device's may be wrong.
let ahead = 0;
export const hubNow = () => Date.now() + ahead;
// Up to when the hub's word goes, by its own clock: until now, or until it was last heard.
export const knownTo = () => (lastHeard.value === null ? hubNow() : lastHeard.value + ahead);
export const now = signal(Date.now());
export const browserNow = signal(Date.now()); // where the hub is not to be believed
export const path = signal(location.pathname + location.search);
export const clipsChanged = signal(0);
export const offersChanged = signal(0); // of clips on their way to being given
export const stillsChanged = signal<Record<string, number>>({});
export const leaving = signal<ReadonlySet<string>>(new Set()); // clips that are being deleted

let fallback: Opener | null = null;
export const opener = computed(() =>
  ring.value ? (fallback ?? new Opener(ring.value.open, ring.value.recipient)) : null,
);

export async function opened(sealed: Bytes): Promise<Result<Bytes>> {
  const key = opener.value;
  return key ? attempt(() => key.open(sealed)) : broken("Sign in first.");
}

export async function openedJson<T>(sealed: Bytes): Promise<Result<T>> {
  const found = await opened(sealed);
  return found.ok ? attempt(async () => JSON.parse(new TextDecoder().decode(found.value)) as T) : found;
}

export function go(to: string, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  path.value = to;
  if (replace) return;
  scrollTo(0, 0);
  setTimeout(() => document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true }));
}
addEventListener("popstate", () => (path.value = location.pathname + location.search));

const PATIENCE = 5 * SECOND; // with an answer that takes no work
const EVERY = 10 * SECOND; // how the home is doing, also when no hint says that something changed

async function ask(): Promise<Result<State>> {
  const found = await get<State>("/state", { signal: AbortSignal.timeout(PATIENCE) });
  if (found.ok) setClock(found.value.now_ms);
  return found;
}

// Also when the hub's clock was set while this page was open.
function setClock(hubMs: number) {
  ahead = Math.abs(hubMs - Date.now()) > 2000 ? hubMs - Date.now() : 0;
  now.value = hubNow();
}

export async function start() {
  const answer = await ask();
  unreachable.value = answer.ok ? null : answer;
  if (!answer.ok) {
    setTimeout(start, 2000);
    return;
  }
  hear();
  const found = answer.value;
  const keys = await kept().catch(() => undefined);
  if (found.signed_in && keys && keys.household === found.household?.id) ring.value = keys;
  state.value = found;
  if (found.signed_in && ring.value) follow();
}

// Take the unlocked root into the keyring: kept on this device as keys that cannot be read out.
export async function unlock(root: Bytes): Promise<Result<void>> {
  const found = await ask();
  if (!found.ok) return found;
  const keys = await attempt(() => keyringOf(root, found.value));
  if (!keys.ok) return keys;
  try {
    await keep(keys.value);
  } catch {
    // no IndexedDB (private window): the keys live as long as the page
    fallback = new Opener(await identityOf(root), keys.value.recipient);
  }
  ring.value = keys.value;
  state.value = found.value;
  follow();
  return { ok: true, value: undefined };
}

async function keyringOf(root: Bytes, found: State): Promise<Keyring> {
  const locked = await lockedKeys(root);
  const [recipient, signPublic] = [await recipientOf(root), await signingPublic(root)];
  return { household: found.household?.id ?? "", ...locked, recipient, signPublic };
}

export async function signOut() {
  forgetAll();
  await send("POST", "/logout");
  await forget().catch(() => undefined);
  location.href = "/";
}

// Signed out from elsewhere, or the session has ended: this device keeps no key.
whenSignedOut(() => {
  if (!state.value?.signed_in) return;
  state.value = { ...state.value, signed_in: false };
  ring.value = null;
  askNoMore();
  void forget().catch(() => undefined);
});

let feed: EventSource | null = null;
let waiting: ReturnType<typeof setTimeout> | null = null; // the next refresh is due then
let toldAt = 0; // when it last said how the home is doing, monotonic
let isAsked = false;

export async function refresh() {
  if (!state.value?.signed_in) return;
  askHow();
  isAsked = true;
  const found = await get<Home>("/home", { signal: AbortSignal.timeout(2 * EVERY) });
  isAsked = false;
  if (!found.ok) return;
  toldAt = performance.now();
  home.value = found.value;
  hearHow();
}

function soon() {
  if (waiting) return;
  waiting = setTimeout(() => {
    waiting = null;
    void refresh();
  }, 300);
}

function follow() {
  void refresh();
  if (feed && feed.readyState !== EventSource.CLOSED) return;
  void navigator.serviceWorker?.register("/push.js").catch(() => undefined); // where a browser allows it
  feed = new EventSource("/api/feed");
  feed.onmessage = (message) => {
    hear();
    const hint = JSON.parse(message.data) as Hint;
    if (hint.type === "here") {
      setClock(hint.now_ms);
      if (!isAsked && (isOwed() || performance.now() - toldAt > EVERY)) void refresh();
      return;
    }
    if (hint.type === "still") {
      stillsChanged.value = { ...stillsChanged.value, [hint.camera_id]: hint.at_ms };
      return;
    }
    if (hint.type === "offer") {
      offersChanged.value++;
      return;
    }
    if (hint.type === "clip" || hint.type === "clip_gone") clipsChanged.value++;
    soon();
  };
  let missed = false;
  feed.onerror = () => {
    missed = true; // it reconnects by itself; is the hub still there?
    void knock();
  };
  feed.onopen = () => {
    if (missed) {
      clipsChanged.value++; // there may have been hints meanwhile
      offersChanged.value++;
    }
    missed = false;
  };
}

let isKnocking = false;

// Ask whether the hub is there. A feed may have died without a word: once the hub answers, there is a new one.
async function knock() {
  if (isKnocking || !state.value) return;
  isKnocking = true;
  const found = await ask();
  isKnocking = false;
  if (!found.ok) return;
  if (!isHere.value) {
    feed?.close();
    askNoMore(); // what was asked of a silent hub counts no more
    clipsChanged.value++;
  }
  hear();
  if (ring.value) follow();
}

function lookNow() {
  now.value = hubNow();
  browserNow.value = Date.now();
  if (look()) void knock();
}
setInterval(lookNow, SECOND);
for (const wakes of ["visibilitychange", "online", "offline", "pageshow", "focus"]) addEventListener(wakes, lookNow);
