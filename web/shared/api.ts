// The hub's API: one place for addresses, errors and the header that tells our page from others.

import type { Bytes } from "./bytes";

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly reason?: string,
    readonly retryAfterS?: number,
  ) {
    super(message);
  }
}

let onSignedOut: () => void = () => {};
export function whenSignedOut(act: () => void) {
  onSignedOut = act;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api${path}`, {
      method,
      headers: {
        "X-Nightlatch": "1",
        ...(body === undefined
          ? {}
          : { "Content-Type": body instanceof Uint8Array ? "application/octet-stream" : "application/json" }),
        ...headers,
      },
      body:
        body === undefined
          ? null
          : body instanceof Uint8Array
            ? (body as Uint8Array<ArrayBuffer>)
            : JSON.stringify(body),
      keepalive: method === "DELETE", // what was to go goes, also when the page is closed
    });
  } catch {
    throw new ApiError("The hub cannot be reached. Are you on the home network, and is it running?", 0);
  }
  if (response.ok) return response;
  let told: { error?: string; reason?: string } = {};
  try {
    told = await response.json();
  } catch {
    // no JSON: the status has to do
  }
  if (response.status === 401) onSignedOut();
  const wait = Number(response.headers.get("Retry-After")) || undefined;
  throw new ApiError(
    told.error ?? `The hub answered with status ${response.status}.`,
    response.status,
    told.reason,
    wait,
  );
}

export async function get<T>(path: string): Promise<T> {
  return (await ask("GET", path)).json();
}

export async function send<T>(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
  const response = await ask(method, path, body);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export async function put(path: string, body: unknown): Promise<void> {
  await ask("PUT", path, body);
}

export async function sealed(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ bytes: Bytes; headers: Headers } | null> {
  const response = await ask("GET", path, undefined, headers);
  if (response.status === 204) return null;
  return { bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers };
}

export async function relayed(
  method: "GET" | "DELETE",
  path: string,
  headers: Record<string, string>,
): Promise<Response> {
  return ask(method, `/mailbox${path}`, undefined, headers);
}
