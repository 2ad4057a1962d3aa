// How a household comes to join a programme: a link, a file or a code; then what it says, to compare; then joining.
// Nothing is joined that was not shown before, and what is joined is what was shown.

import { signal } from "@preact/signals";
import { broken, type Failure, type Result, type send } from "../../shared/api";
import type { Invitation } from "../../shared/wire";
import type { CodeReader } from "./codes";

const LONGEST = 65_536; // as the hub takes it

export type Inviting =
  | { is: "open"; failure: Failure | null } // for a link, a file, a code
  | { is: "looking" }
  | { is: "shown"; invitation: Invitation; failure: Failure | null }
  | { is: "joining"; invitation: Invitation };

export interface InvitingDoors {
  hub: { send: typeof send };
  codes: () => Promise<CodeReader | null>; // null: this browser reads none
  join: (invitation: string) => Promise<Result<void>>;
}

// Text that needs no more typing: a link to its last digit, or an invitation from { to }.
export const isWhole = (text: string) => /^\s*\{[\s\S]*\}\s*$/.test(text) || /#[0-9a-f]{32}\s*$/.test(text);

export function inviter(doors: InvitingDoors) {
  const at = signal<Inviting>({ is: "open", failure: null });
  let asked = 0; // what was given last counts, whatever is answered last

  async function look(found: Result<string> | Promise<Result<string>>) {
    const mine = ++asked;
    at.value = { is: "looking" };
    const answer = await sent(await found);
    if (mine !== asked) return;
    at.value = answer.ok ? { is: "shown", invitation: answer.value, failure: null } : { is: "open", failure: answer };
  }

  async function sent(found: Result<string>): Promise<Result<Invitation>> {
    if (!found.ok) return found;
    if (found.value.length > LONGEST) return broken(TOO_LONG);
    return doors.hub.send<Invitation>("POST", "/giving/invitation", { given: found.value });
  }

  // What was pasted or typed.
  const take = (text: string) => look({ ok: true, value: text });

  // A file that was chosen or dropped: the invitation itself, or a picture of a code.
  const takeFile = (file: Blob) => look(textOf(file, doors));

  async function join() {
    if (at.value.is !== "shown") return;
    const { invitation } = at.value;
    at.value = { is: "joining", invitation };
    const joined = await doors.join(invitation.invitation);
    at.value = joined.ok ? { is: "open", failure: null } : { is: "shown", invitation, failure: joined };
  }

  function notNow() {
    asked++;
    at.value = { is: "open", failure: null };
  }

  return { at, take, takeFile, join, notNow };
}

const TOO_LONG = "This is too large for an invitation. Choose the file that ends in .nightlatch.";

async function textOf(file: Blob, { codes }: InvitingDoors): Promise<Result<string>> {
  if (!file.type.startsWith("image/"))
    return file.size > LONGEST ? broken(TOO_LONG) : { ok: true, value: await file.text() };
  const reader = await codes();
  if (!reader)
    return broken("This browser cannot read a code from a picture. Paste the link, or choose the invitation's file.");
  const text = await reader.read(file);
  return text === null
    ? broken("There is no code to be read in this picture. Take it closer and sharper, or paste the link.")
    : { ok: true, value: text };
}

export type Inviter = ReturnType<typeof inviter>;
