// Where a camera is, and what an area shows, in the owner's words. Pure.

import type { Camera, Landmark, Site } from "../../shared/wire";

export const SITES: Record<Site, { name: string; about: string }> = {
  street: { name: "Street", about: "Anybody may walk past" },
  front_door: { name: "Front door", about: "Visitors come, and go again" },
  drive: { name: "Drive", about: "Where cars stand" },
  garden: { name: "Garden", about: "Nobody comes by chance" },
  inside: { name: "Inside", about: "A room of the house" },
};

export const LANDMARKS: Record<Landmark, string> = { door: "Door", window: "Window", car: "Car", fence: "Fence" };

export const SAY_WHERE = "Say where this camera is, and it can tell more.";

// A camera that looks, and nobody has said where it is. The demo asks for nothing.
export function wantsSite({ site, enabled, demo }: Pick<Camera, "site" | "enabled" | "demo">): boolean {
  return enabled && !demo && site === null;
}
