// What the owner may change of a camera, as it stands in the form. Pure.

import type { Camera } from "../../shared/wire";

export interface Settings {
  name: string;
  url: string; // empty: as it is
  sub: string; // empty: as it is
  transport: string;
  quotaGb: string; // empty: none
}

export function settingsOf(camera: Camera): Settings {
  const { name, transport, quota_bytes } = camera;
  return { name, url: "", sub: "", transport, quotaGb: quota_bytes ? String(quota_bytes / 1e9) : "" };
}

// What the hub is asked to change. A demo camera has no address.
export function changesOf(settings: Settings, { demo }: Pick<Camera, "demo">): Record<string, unknown> {
  const { name, url, sub, transport, quotaGb } = settings;
  const gigabytes = Number(quotaGb);
  return {
    name,
    quota_bytes: gigabytes > 0 ? gigabytes * 1e9 : null,
    ...(demo ? {} : { transport }),
    ...(url ? { url } : {}),
    ...(sub ? { sub_url: sub } : {}),
  };
}

// Addresses are not shown again: they may have a password in them.
export function withoutAddresses(settings: Settings): Settings {
  return { ...settings, url: "", sub: "" };
}

export type Footage = "keep" | "delete";

export const REMOVAL: Record<Footage, { button: string; text: string; yes: string }> = {
  keep: {
    button: "Remove, keep its recordings",
    text: "Recording stops. What it has recorded stays until it expires.",
    yes: "Remove",
  },
  delete: {
    button: "Remove with its recordings",
    text: "Everything it recorded here is deleted at once. Clips in the mailbox stay until they expire.",
    yes: "Remove and delete",
  },
};
