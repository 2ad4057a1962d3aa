// The owner's own remark on a clip: kept at home, sealed in this browser to the owner's own key.

import { signal } from "@preact/signals";
import { attempt, broken, type Failure, type Result, type sealed, type send } from "../../shared/api";
import type { Bytes } from "../../shared/bytes";

export interface Said {
  right: string; // what it was, after all; "" while only a note is written
  note: string;
}

export interface Remarking {
  isOpen: boolean;
  said: Said | null;
}

export interface Doors {
  hub: { sealed: typeof sealed; send: typeof send };
  opened: (sealed: Bytes) => Promise<Result<Said>>;
  seal: ((plain: Bytes) => Promise<Bytes>) | null; // null: nobody is signed in
  failed: (failure: Failure) => void; // say why
}

export function remark(clip: string, doors: Doors) {
  const at = signal<Remarking>({ isOpen: false, said: null });
  const path = `/clips/${clip}/remark`;

  // A clip without a remark, and a hub that does not answer, are nothing to speak of; one that does not open is.
  async function load() {
    const found = await doors.hub.sealed(path);
    if (!found.ok || !found.value) return;
    const said = await doors.opened(found.value.bytes);
    if (said.ok) at.value = { isOpen: true, said: said.value };
    else doors.failed(broken("The remark on this clip cannot be opened."));
  }

  // Shown at once; what could not be kept is taken back.
  async function keep(part: Partial<Said>) {
    const had = at.value;
    const said = { right: "", note: "", ...had.said, ...part };
    at.value = { isOpen: true, said };
    const done = await put(said);
    if (done.ok) return;
    if (at.value.said === said) at.value = had;
    doors.failed(done);
  }

  async function put(said: Said): Promise<Result<void>> {
    const { seal } = doors;
    if (!seal) return broken("Sign in first.");
    const sealed = await attempt(() => seal(new TextEncoder().encode(JSON.stringify(said)) as Bytes));
    return sealed.ok ? doors.hub.send("PUT", path, sealed.value) : sealed;
  }

  const open = () => {
    at.value = { ...at.value, isOpen: true };
  };

  return { at, load, open, keep };
}
