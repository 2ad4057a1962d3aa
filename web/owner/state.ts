// What the whole page knows: who is signed in, the keys, the house as it is now, where we are.

import { computed, signal } from "@preact/signals";
import { ApiError, get, type Home, type State, send, whenSignedOut } from "../shared/api";
import { Opener } from "../shared/age";
import { forget, keep, kept, type Keyring } from "../shared/keyring";
import { identityOf, lockedKeys, signingPublic } from "../shared/keys";
import type { Bytes } from "../shared/bytes";

export const state = signal<State | null>(null);
export const ring = signal<Keyring | null>(null);
export const home = signal<Home | null>(null);
export const unreachable = signal<string | null>(null);
export const now = signal(Date.now());
export const path = signal(location.pathname + location.search);
export const clipsChanged = signal(0);
export const stillsChanged = signal<Record<string, number>>({});
export const toast = signal<{ text: string; undo?: () => void } | null>(null);

let fallback: Opener | null = null;
export const opener = computed(() => (ring.value ? (fallback ?? new Opener(ring.value.open)) : null));

export function go(to: string, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  path.value = to;
  scrollTo(0, 0);
}
addEventListener("popstate", () => (path.value = location.pathname + location.search));
setInterval(() => (now.value = Date.now()), 1000);

export async function start() {
  try {
    const found = await get<State>("/state");
    unreachable.value = null;
    const keys = await kept().catch(() => undefined);
    if (found.signed_in && keys && keys.household === found.household?.id) ring.value = keys;
    state.value = found;
    if (found.signed_in && ring.value) follow();
  } catch (error) {
    unreachable.value = (error as Error).message;
    setTimeout(start, 2000);
  }
}

// Take the unlocked root into the keyring: kept on this device as keys that cannot be read out.
export async function unlock(root: Bytes) {
  const found = await get<State>("/state");
  const locked = await lockedKeys(root);
  const keys: Keyring = { household: found.household?.id ?? "", ...locked, signPublic: await signingPublic(root) };
  try {
    await keep(keys);
  } catch {
    fallback = new Opener(await identityOf(root)); // no IndexedDB (private window): keys live as long as the page
  }
  ring.value = keys;
  state.value = found;
  follow();
}

export async function signOut() {
  await send("POST", "/logout").catch(() => undefined);
  await forget().catch(() => undefined);
  location.href = "/";
}

whenSignedOut(() => {
  if (state.value?.signed_in) state.value = { ...state.value, signed_in: false };
});

let feed: EventSource | null = null;
let waiting: ReturnType<typeof setTimeout> | null = null;

export async function refresh() {
  try {
    home.value = await get<Home>("/home");
    unreachable.value = null;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 0) unreachable.value = (error as Error).message;
  }
}

function soon() {
  waiting ??= setTimeout(() => {
    waiting = null;
    void refresh();
  }, 300);
}

function follow() {
  void refresh();
  if (feed) return;
  feed = new EventSource("/api/feed");
  feed.onmessage = (message) => {
    const hint = JSON.parse(message.data) as { type: string; camera_id?: string; at_ms?: number };
    if (hint.type === "still" && hint.camera_id) {
      stillsChanged.value = { ...stillsChanged.value, [hint.camera_id]: hint.at_ms ?? Date.now() };
      return;
    }
    if (hint.type === "clip" || hint.type === "clip_gone") clipsChanged.value++;
    soon();
  };
  setInterval(refresh, 15_000);
}

let toastTimer: ReturnType<typeof setTimeout> | null = null;

export function say(text: string) {
  if (toastTimer) clearTimeout(toastTimer);
  toast.value = { text };
  toastTimer = setTimeout(() => (toast.value = null), 4000);
}

// Do `act` in five seconds unless the owner takes it back; leaving the page does it at once.
export function withUndo(text: string, act: () => Promise<void>, undone: () => void) {
  if (toastTimer) clearTimeout(toastTimer);
  let open = true;
  const doIt = () => {
    if (!open) return;
    open = false;
    toast.value = null;
    removeEventListener("pagehide", doIt);
    act().catch((error: Error) => say(error.message));
  };
  toastTimer = setTimeout(doIt, 5000);
  addEventListener("pagehide", doIt);
  toast.value = {
    text,
    undo: () => {
      open = false;
      if (toastTimer) clearTimeout(toastTimer);
      toast.value = null;
      undone();
    },
  };
}
