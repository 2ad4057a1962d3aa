// Asks one of our programs over HTTP. Nothing here throws: what comes back is a value or a failure with a sentence for
// the person at the page, so no page can forget the second.

import type { Bytes } from "./bytes";

export interface Failure {
  ok: false;
  kind: "refused" | "unreachable" | "signed-out" | "aborted" | "broken"; // broken: it came, but does not open or parse
  text: string; // what to tell the person at the page
  status: number; // 0: there was no answer
  reason?: string | undefined; // the program's own word for why, where code has to tell refusals apart
  retryAfterS?: number | undefined;
}
export type Result<T> = { ok: true; value: T } | Failure;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export interface Call {
  body?: unknown; // bytes are sent as they are, everything else as JSON
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

// What answers, and what is said when it does not.
export interface Server {
  name: string; // “The hub”
  unreachable: string;
  signedOut: () => void; // heard of every answer that says so
  gone?: () => AbortSignal; // ends what still waits for an answer that does not come
}

// What this browser does with an answer can fail as well (a seal that does not open): the same kind of failure.
export async function attempt<T>(act: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    return broken(error instanceof Error ? error.message : String(error));
  }
}

export function broken(text: string): Failure {
  return { ok: false, kind: "broken", text, status: 0 };
}

// What was asked for is deleted, or its time is up.
export const isGone = ({ status }: Failure) => status === 404 || status === 410;

export async function ask<T>(
  server: Server,
  method: Method,
  path: string,
  read: (response: Response) => Promise<T>,
  { body, headers, signal }: Call = {},
): Promise<Result<T>> {
  const isBytes = body instanceof Uint8Array;
  const gone = method === "GET" ? server.gone?.() : undefined; // what changes something is not given up half-way
  const type = { "Content-Type": isBytes ? "application/octet-stream" : "application/json" };
  try {
    const response = await fetch(`/api${path}`, {
      method,
      headers: { "X-Nightlatch": "1", ...(body === undefined ? {} : type), ...headers },
      body: body === undefined ? null : isBytes ? (body as Bytes) : JSON.stringify(body),
      keepalive: method === "DELETE", // what was to go goes, also when the page is closed
      signal: signal && gone ? AbortSignal.any([signal, gone]) : (signal ?? gone ?? null),
    });
    return response.ok ? { ok: true, value: await read(response) } : await refusal(server, response);
  } catch (error) {
    if (signal?.aborted) return { ok: false, kind: "aborted", text: "Stopped.", status: 0 };
    if (error instanceof SyntaxError) return broken(`${server.name}'s answer cannot be read. Reload the page.`);
    return { ok: false, kind: "unreachable", text: server.unreachable, status: 0 };
  }
}

async function refusal(server: Server, response: Response): Promise<Failure> {
  const { status } = response;
  const body: { error?: string; reason?: string; refused?: string } = await response.json().catch(() => ({}));
  const retryAfterS = Number(response.headers.get("Retry-After")) || undefined;
  if (status === 401) server.signedOut();
  const text = body.error ?? `${server.name} answered with status ${status}.`; // no JSON: the status has to do
  const reason = body.reason ?? body.refused;
  return { ok: false, kind: status === 401 ? "signed-out" : "refused", text, status, reason, retryAfterS };
}

export async function json<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await response.json()) as T;
}
