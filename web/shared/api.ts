// The hub's API: one place for addresses and for the header that tells our page from others. Nothing here throws:
// what comes back is a value or a failure with a sentence for the owner, so no page can forget the second.

import type { Bytes } from "./bytes";

export interface Failure {
  ok: false;
  kind: "refused" | "unreachable" | "signed-out" | "aborted" | "broken"; // broken: it came, but does not open or parse
  text: string; // what to tell the owner
  status: number; // 0: there was no answer
  reason?: string | undefined; // the hub's own word for why, where code has to tell refusals apart
  retryAfterS?: number | undefined;
}
export type Result<T> = { ok: true; value: T } | Failure;

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
interface Call {
  body?: unknown; // bytes are sent as they are, everything else as JSON
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const UNREACHABLE = "The hub cannot be reached. Are you on the home network, and is it running?";

let onSignedOut: () => void = () => {};
export function whenSignedOut(act: () => void) {
  onSignedOut = act;
}

export const get = <T>(path: string, call?: Call) => ask<T>("GET", path, json, call);
export const send = <T = void>(method: Exclude<Method, "GET">, path: string, body?: unknown) =>
  ask<T>(method, path, json, { body });
// Sealed bytes, and the headers that came with them; null where there are none (yet).
export const sealed = (path: string, call?: Call) => ask("GET", path, bytes, call);
// The mailbox outside, reached through the hub with requests that were signed in this browser.
export const relayed = (method: "GET" | "DELETE", path: string, headers: Record<string, string>) =>
  ask(method, `/mailbox${path}`, async (response) => response, { headers });

// What this browser does with an answer can fail as well (a seal that does not open): the same kind of failure.
export async function attempt<T>(act: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    return broken(error instanceof Error ? error.message : String(error));
  }
}

// What was asked for is deleted, or its time is up.
export const isGone = ({ status }: Failure) => status === 404 || status === 410;

export function broken(text: string): Failure {
  return { ok: false, kind: "broken", text, status: 0 };
}

async function ask<T>(
  method: Method,
  path: string,
  read: (response: Response) => Promise<T>,
  { body, headers, signal }: Call = {},
): Promise<Result<T>> {
  const isBytes = body instanceof Uint8Array;
  const type = { "Content-Type": isBytes ? "application/octet-stream" : "application/json" };
  try {
    const response = await fetch(`/api${path}`, {
      method,
      headers: { "X-Nightlatch": "1", ...(body === undefined ? {} : type), ...headers },
      body: body === undefined ? null : isBytes ? (body as Bytes) : JSON.stringify(body),
      keepalive: method === "DELETE", // what was to go goes, also when the page is closed
      signal: signal ?? null,
    });
    return response.ok ? { ok: true, value: await read(response) } : await refusal(response);
  } catch (error) {
    if (signal?.aborted) return { ok: false, kind: "aborted", text: "Stopped.", status: 0 };
    if (error instanceof SyntaxError) return broken("The hub's answer cannot be read. Reload the page.");
    return { ok: false, kind: "unreachable", text: UNREACHABLE, status: 0 };
  }
}

async function refusal(response: Response): Promise<Failure> {
  const { status } = response;
  // no JSON: the status has to do
  const body: { error?: string; reason?: string } = await response.json().catch(() => ({}));
  const retryAfterS = Number(response.headers.get("Retry-After")) || undefined;
  if (status === 401) onSignedOut();
  const text = body.error ?? `The hub answered with status ${status}.`;
  return { ok: false, kind: status === 401 ? "signed-out" : "refused", text, status, reason: body.reason, retryAfterS };
}

async function json<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function bytes(response: Response): Promise<{ bytes: Bytes; headers: Headers } | null> {
  if (response.status === 204) return null;
  return { bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers };
}
