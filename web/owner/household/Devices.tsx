// The devices that are signed in, each of which can be signed out from here.

import { useEffect, useState } from "preact/hooks";
import { type Failure, get, send } from "../../shared/api";
import { ago } from "../../shared/time";
import type { Device } from "../../shared/wire";
import { now, signOut } from "../state";
import { say, sayWhy } from "../toast";
import { Trouble, Wait } from "../ui";

export function Devices() {
  const [devices, setDevices] = useState<Device[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const load = async () => {
    const found = await get<Device[]>("/devices");
    if (found.ok) setDevices(found.value);
    setFailure(found.ok ? null : found);
  };
  useEffect(() => void load(), []);
  const dismiss = async (device: Device) => {
    if (device.this) return signOut();
    const done = await send("DELETE", `/devices/${device.id}`);
    if (done.ok) say(`${device.name} has been signed out.`);
    else sayWhy(done);
    await load();
  };
  return (
    <section>
      <h2>Signed-in devices</h2>
      {!devices && !failure && <Wait text="Asking the hub…" />}
      <Trouble of={failure} />
      <ul class="rows plain">
        {devices?.map((device) => (
          <li key={device.id}>
            <span>
              <strong>{device.name}</strong>
              <small>{device.this ? "this one" : `last seen ${ago(device.last_seen_ms, now.value)}`}</small>
            </span>
            <button type="button" class="quiet" onClick={() => void dismiss(device)}>
              Sign out
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
