import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attempt, get, sealed, send, whenSignedOut } from "../shared/api";

const ANSWERS: Record<string, (answer: ServerResponse) => void> = {
  "/api/home": (answer) => answer.end('{"well": true}'),
  "/api/nothing": (answer) => answer.writeHead(204).end(),
  "/api/garbled": (answer) => answer.end("{well"),
  "/api/cut": (answer) => answer.writeHead(200, { "Content-Length": "100" }).write("half", () => answer.destroy()),
  "/api/slow": () => undefined,
  "/api/tries": (answer) => answer.writeHead(429, { "Retry-After": "30" }).end('{"error": "Wait.", "reason": "tries"}'),
  "/api/out": (answer) => answer.writeHead(401).end('{"error": "You are signed out."}'),
  "/api/down": (answer) => answer.writeHead(502).end("<html>"),
};
const real = globalThis.fetch;
let hub: Server;
let last: { method?: string | undefined; type?: string | undefined } = {};

beforeAll(async () => {
  hub = createServer((request, answer) => {
    last = { method: request.method, type: request.headers["content-type"] };
    ANSWERS[request.url ?? ""]?.(answer);
  });
  await new Promise<void>((ready) => hub.listen(0, "127.0.0.1", ready));
  const at = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  globalThis.fetch = (path, init) => real(at + path, init); // the page's addresses have no host
});
afterAll(() => {
  globalThis.fetch = real;
  hub.closeAllConnections();
  hub.close();
});

test("an answer is a value", async () => {
  expect(await get("/home")).toEqual({ ok: true, value: { well: true } });
  expect(await send("DELETE", "/nothing")).toEqual({ ok: true, value: undefined });
  expect(await sealed("/nothing")).toEqual({ ok: true, value: null });
});

test("bytes go as they are, everything else as JSON", async () => {
  await send("PUT", "/nothing", new Uint8Array([1]));
  expect(last).toEqual({ method: "PUT", type: "application/octet-stream" });
  await send("POST", "/nothing", { name: "Yard" });
  expect(last).toEqual({ method: "POST", type: "application/json" });
});

test("a refusal has the hub's sentence, its word for why and how long to wait", async () => {
  const refused = { ok: false, kind: "refused", text: "Wait.", status: 429, reason: "tries", retryAfterS: 30 };
  expect(await get("/tries")).toEqual(refused);
});

test("a refusal without a sentence gets one", async () => {
  expect(await get("/down")).toMatchObject({ kind: "refused", text: "The hub answered with status 502.", status: 502 });
});

test("who is signed out is told, and the page hears of it", async () => {
  let heard = 0;
  whenSignedOut(() => heard++);
  expect(await get("/out")).toMatchObject({ kind: "signed-out", text: "You are signed out.", status: 401 });
  expect(heard).toBe(1);
});

test("no answer, and half of one, is a hub that cannot be reached", async () => {
  expect(await sealed("/cut")).toMatchObject({ kind: "unreachable", status: 0 });
});

test("an answer that is no JSON is broken", async () => {
  expect(await get("/garbled")).toMatchObject({ kind: "broken" });
});

test("what was stopped is aborted, not failed", async () => {
  const stop = new AbortController();
  const answer = get("/slow", { signal: stop.signal });
  stop.abort();
  expect(await answer).toMatchObject({ kind: "aborted" });
});

test("what goes wrong in the browser is a failure of the same kind", async () => {
  const seal = async () => {
    throw new Error("The seal does not open.");
  };
  expect(await attempt(seal)).toMatchObject({ ok: false, kind: "broken", text: "The seal does not open." });
});
