// The calls of api.ts as they once were: they throw. For pages that do not take results yet; it goes with the last.

import * as api from "./api";

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

export async function value<T>(answer: api.Result<T> | Promise<api.Result<T>>): Promise<T> {
  const result = await answer;
  if (result.ok) return result.value;
  throw new ApiError(result.text, result.status, result.reason, result.retryAfterS);
}

export const get = <T>(path: string) => value(api.get<T>(path));
export const send = <T>(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown) =>
  value(api.send<T>(method, path, body));
export const put = (path: string, body: unknown) => value(api.send("PUT", path, body));
export const sealed = (path: string, headers: Record<string, string> = {}) => value(api.sealed(path, { headers }));
export const relayed = (method: "GET" | "DELETE", path: string, headers: Record<string, string>) =>
  value(api.relayed(method, path, headers));
