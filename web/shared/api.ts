// The hub's API: one place for addresses and for the header that tells our page from others.

import { ask, type Call, json, type Method, type Server } from "./ask";
import type { Bytes } from "./bytes";

export { attempt, broken, type Failure, isGone, type Result } from "./ask";

let onSignedOut: () => void = () => {};
export function whenSignedOut(act: () => void) {
  onSignedOut = act;
}

// A hub that fell silent leaves questions hanging, and a browser asks only six at once: without them it can be asked
// anew.
let hanging = new AbortController();
export function letGo() {
  hanging.abort();
  hanging = new AbortController();
}

const HUB: Server = {
  name: "The hub",
  unreachable: "The hub cannot be reached. Are you on the home network, and is it running?",
  signedOut: () => onSignedOut(),
  gone: () => hanging.signal,
};

export const get = <T>(path: string, call?: Call) => ask<T>(HUB, "GET", path, json, call);
export const send = <T = void>(method: Exclude<Method, "GET">, path: string, body?: unknown) =>
  ask<T>(HUB, method, path, json, { body });
// Sealed bytes, and the headers that came with them; null where there are none (yet).
export const sealed = (path: string, call?: Call) => ask(HUB, "GET", path, bytes, call);
// The mailbox outside, reached through the hub with requests that were signed in this browser.
export const relayed = (method: "GET" | "DELETE", path: string, headers: Record<string, string>) =>
  ask(HUB, method, `/mailbox${path}`, async (response) => response, { headers });

async function bytes(response: Response): Promise<{ bytes: Bytes; headers: Headers } | null> {
  if (response.status === 204) return null;
  return { bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers };
}
