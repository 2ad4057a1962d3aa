// Walks the steps of giving one clip: asks the hub, the clip and the owner's key what each step needs.

import { signal } from "@preact/signals";
import type { Result } from "../../shared/api";
import type { Donations } from "../../shared/wire";
import type { Manifest } from "../clips";
import type { Cut } from "./cut";
import { type HidingDoors, hidden } from "./hiding";
import { give, type SigningKeys } from "./signing";
import { type Happening, next, type Preview, type Step } from "./steps";

export interface Doors extends HidingDoors {
  manifest: (clip: string) => Promise<Result<Manifest>>;
  keys: () => SigningKeys | null;
  nowMs: () => number;
  given: () => void; // go and see who looks
}

export function giver(id: string, doors: Doors) {
  const at = signal<Step>({ step: "opening" });
  const left = new AbortController();
  let shown: Preview | null = null;

  function comes(what: Happening) {
    if (!left.signal.aborted) at.value = next(at.value, what);
  }

  async function open() {
    const [donations, clip] = await Promise.all([doors.hub.get<Donations>("/giving"), doors.manifest(id)]);
    if (!donations.ok) comes({ is: "failed", failure: donations });
    else if (!clip.ok) comes({ is: "failed", failure: clip });
    else {
      const { programme, witness } = donations.value;
      comes({ is: "opened", clip: clip.value, programme, witness: witness.key });
    }
  }

  async function hide() {
    if (at.value.step !== "choosing") return;
    const from = at.value;
    comes({ is: "hide" });
    const beganMs = doors.nowMs();
    const film = await hidden(id, from, doors, left.signal, (doing, share) =>
      comes({ is: "progress", doing, share, passedMs: doors.nowMs() - beganMs }),
    );
    if (!film.ok) return comes({ is: "failed", failure: film });
    shown = film.value;
    if (left.signal.aborted) forget();
    else comes({ is: "hidden", preview: shown });
  }

  // From here on leaving the page stops nothing: what the owner signed is given.
  async function sign() {
    const keys = doors.keys();
    const before = at.value;
    if (!keys || before.step !== "previewing") return;
    comes({ is: "sign" });
    const signing = at.value;
    if (signing.step !== "signing") return; // the film was not played to its end
    const done = await give(signing, keys, doors.hub, doors.nowMs());
    comes(done.ok ? { is: "given" } : { is: "failed", failure: done });
    if (done.ok) doors.given();
  }

  function forget() {
    if (shown) URL.revokeObjectURL(shown.url);
    shown = null;
  }

  return {
    at,
    open,
    hide,
    sign,
    cut: (cut: Cut) => comes({ is: "cut", cut }),
    played: () => comes({ is: "played" }),
    leave: () => {
      left.abort();
      forget();
    },
  };
}

export type Giver = ReturnType<typeof giver>;
