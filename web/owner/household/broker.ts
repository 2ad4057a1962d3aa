// The switch for pictures at the broker: on at once, but nothing goes while the broker does not answer.

import { broken, type Result } from "../../shared/api";
import type { AlertSettings } from "../../shared/wire";

const TRIES = 10;
const AGAIN_MS = 1000;

export interface BrokerDoors {
  read: () => Promise<Result<AlertSettings>>;
  rest: (ms: number) => Promise<void>;
}

// Waits some seconds for the broker; why it does not answer, and what to do, where it does not.
export async function brokerAnswers({ read, rest }: BrokerDoors): Promise<Result<void>> {
  let trouble = "";
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > 0) await rest(AGAIN_MS);
    const found = await read();
    if (!found.ok) return found;
    if (!found.value.mqtt || found.value.mqtt.connected) return { ok: true, value: undefined };
    trouble = found.value.mqtt_trouble ?? "";
  }
  return broken(`Pictures are switched on, but none go yet. ${trouble || AWAY}`);
}

const AWAY = "Your broker does not answer. Check that it runs, and mqtt_url under [hub] in nightlatch.toml.";
