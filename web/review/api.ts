// The review room's API. No address here names a clip, an owner or a camera.

import { ask, attempt, broken, json, type Method, type Result, type Server } from "../shared/ask";
import type { Label } from "./label";
import type { HexChallenge, NextLook, OwnStanding, PendingChange, Reviewer, RoomWords, SavedDraft } from "./wire";

const ROOM: Server = {
  name: "The review room",
  unreachable: "The review room cannot be reached. Are you online?",
  signedOut: () => undefined, // the session looks at each answer by itself
};

const call = <T = void>(method: Method, path: string, body?: unknown) => ask<T>(ROOM, method, path, json, { body });

export const words = () => call<RoomWords>("GET", "/state");
export const lock = () => call("POST", "/lock");
export const here = () => call("POST", "/here");
export const next = () => call<NextLook>("POST", "/next");
export const mine = () => call<OwnStanding>("GET", "/mine");
export const save = (view: number, label: Label) => call<SavedDraft>("PUT", `/looks/${view}`, label);
export const submit = (view: number, label: Label) => call("POST", `/looks/${view}`, label);
export const undo = (view: number) => call("POST", `/looks/${view}/undo`);
export const skip = (view: number) => call("POST", `/looks/${view}/skip`);
export const flag = (view: number) => call("POST", `/looks/${view}/flag`);

// One touch of the passkey answers the keeper's challenge; both programs check the answer.
export async function enter(rpId: string): Promise<Result<Reviewer>> {
  const asked = await call<HexChallenge>("POST", "/challenge");
  if (!asked.ok) return asked;
  const challenge = Uint8Array.from(asked.value.challenge.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const answer = await touched("The passkey did not answer. Try again.", () =>
    navigator.credentials.get({ publicKey: { challenge, rpId, userVerification: "required", timeout: 60_000 } }),
  );
  return answer.ok ? call<Reviewer>("POST", "/login", { assertion: answer.value }) : answer;
}

// A new passkey behind an invitation. It opens nothing until two administrators have signed for it.
export async function enrol(invite: string, device: string): Promise<Result<PendingChange>> {
  const options = await call<PublicKeyCredentialCreationOptionsJSON>("POST", "/invite/options", { invite });
  if (!options.ok) return options;
  const made = await touched("No passkey was made. Try again.", () => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.value);
    return navigator.credentials.create({ publicKey });
  });
  return made.ok ? call<PendingChange>("POST", "/invite", { invite, device, attestation: made.value }) : made;
}

// What the passkey said, as JSON; `no` when it was not touched, taken away or unknown.
async function touched(no: string, act: () => Promise<Credential | null>): Promise<Result<string>> {
  const credential = await attempt(act);
  if (!credential.ok || !credential.value) return broken(no);
  const said = (credential.value as PublicKeyCredential).toJSON();
  return { ok: true, value: JSON.stringify({ ...said, clientExtensionResults: {} }) };
}
