// What setting up needs from the rest of the page.

import { send } from "../../shared/api";
import { newKdf, stretch } from "../../shared/keys";
import { judge } from "../judge";
import { deviceName } from "../passphrase";
import { unlock } from "../state";
import type { Doors } from "./founder";

export const doors = (): Doors => ({
  hub: { send },
  stretch: async (passphrase) => {
    const kdf = newKdf();
    return { kdf, stretched: await stretch(passphrase, kdf) };
  },
  judge,
  random: () => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32,
  deviceName: deviceName(navigator.userAgent),
  unlock: async (root) => {
    history.replaceState(null, "", "/"); // the code in the address is used up
    return unlock(root);
  },
});
