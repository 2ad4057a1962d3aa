// The review room's API. No address here names a clip, an owner or a camera.

import type { Label } from "./label";

export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly refusal?: string,
  ) {
    super(message);
  }
}

export interface Words {
  keeper: string; // ws://… or wss://…
  rp_id: string;
}

export interface Next {
  view: number;
  ticket: string;
  pictures: number;
  length_ms: number;
  done_today: number;
  quota: number;
}

export interface Mine {
  compared: number;
  verdict: number | null;
  subjects: number | null;
  done_today: number;
  quota: number;
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api${path}`, {
      method,
      headers: { "X-Nightlatch": "1", "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    throw new Refused("The review room cannot be reached. Is the network there?", 0);
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  let told: { error?: string; refused?: string } = {};
  try {
    told = await response.json();
  } catch {
    // no JSON: the status has to do
  }
  throw new Refused(
    told.error ?? `The review room answered with status ${response.status}.`,
    response.status,
    told.refused,
  );
}

export const words = () => ask<Words>("GET", "/state");
export const lock = () => ask<void>("POST", "/lock");
export const here = () => ask<void>("POST", "/here");
export const next = () => ask<Next>("POST", "/next");
export const mine = () => ask<Mine>("GET", "/mine");
export const save = (view: number, label: Label) => ask<{ saved_ms: number }>("PUT", `/looks/${view}`, label);
export const submit = (view: number, label: Label) => ask<void>("POST", `/looks/${view}`, label);
export const skip = (view: number) => ask<void>("POST", `/looks/${view}/skip`);
export const flag = (view: number) => ask<void>("POST", `/looks/${view}/flag`);

// One touch of the passkey answers the keeper's challenge; both programs check the answer.
export async function enter(rpId: string): Promise<{ reviewer: string; session: string }> {
  const { challenge } = await ask<{ challenge: string }>("POST", "/challenge");
  const bytes = Uint8Array.from(challenge.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const answer = await navigator.credentials.get({
    publicKey: { challenge: bytes, rpId, userVerification: "required", timeout: 60_000 },
  });
  return ask("POST", "/login", { assertion: told(answer) });
}

// A new passkey behind an invitation. It opens nothing until two administrators have signed for it.
export async function enrol(invite: string, device: string): Promise<{ change: string }> {
  const options = await ask<PublicKeyCredentialCreationOptionsJSON>("POST", "/invite/options", { invite });
  const made = await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
  });
  return ask("POST", "/invite", { invite, device, attestation: told(made) });
}

function told(credential: Credential | null): string {
  return JSON.stringify({ ...(credential as PublicKeyCredential).toJSON(), clientExtensionResults: {} });
}
