// Who judges passphrases: zxcvbn, fetched from the hub when the first one is to be judged.

import { broken } from "../shared/api";
import type { Judge } from "./passphrase";

let coming: Promise<typeof import("./estimate")> | null = null;

export const judge: Judge = async (passphrase, known) => {
  try {
    coming ??= import("./estimate");
    const { estimate } = await coming;
    return { ok: true, value: estimate(passphrase, known) };
  } catch {
    coming = null; // the next try asks again
    return broken("The hub did not send what judges a passphrase. Check that it is running, then try again.");
  }
};
