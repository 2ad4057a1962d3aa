// What signing in needs from the rest of the page.

import { get, send } from "../../shared/api";
import { newKdf, stretch } from "../../shared/keys";
import { judge } from "../judge";
import { deviceName } from "../passphrase";
import { unlock } from "../state";
import type { Doors as EntryDoors } from "./entry";
import type { Doors as RecoveryDoors } from "./recovery";

export const entryDoors = (): EntryDoors => ({
  hub: { get, send },
  stretch,
  deviceName: deviceName(navigator.userAgent),
  nowMs: Date.now,
  unlock,
});

export const recoveryDoors = (): RecoveryDoors => ({
  hub: { get, send },
  stretch: async (passphrase) => {
    const kdf = newKdf();
    return { kdf, stretched: await stretch(passphrase, kdf) };
  },
  judge,
  deviceName: deviceName(navigator.userAgent),
  unlock,
});
