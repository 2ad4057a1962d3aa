// What fingers, the mouse and the wheel do on a strip: one finger looks around, two hold the moments under them. Pure.

import { moved, type View, zoomed } from "./view";

const APART_PX = 12; // fingers closer than this say nothing about a stretch
const WHEEL = 1.003; // a usual notch of 100 makes the stretch a third longer

export interface Scale {
  view: View;
  whole: View;
  width: number; // px
}

export interface Grip {
  fingers: ReadonlyMap<number, number>; // pointer → px
  held: readonly [number, number] | null; // the moments under two fingers
}

export const LOOSE: Grip = { fingers: new Map(), held: null };

export interface Pull {
  grip: Grip;
  moveTo?: number; // stand at this moment
  show?: View;
}

export function xOf({ view, width }: Scale, ms: number): number {
  return ((Math.max(view.from, Math.min(view.to, ms)) - view.from) / (view.to - view.from)) * width;
}

export function momentAt({ view, width }: Scale, px: number): number {
  return view.from + (px / width) * (view.to - view.from);
}

export function pressed(grip: Grip, finger: number, px: number, scale: Scale): Pull {
  const fingers = new Map(grip.fingers).set(finger, px);
  const [a, b] = fingers.values();
  if (a === undefined || b === undefined) return { grip: { fingers, held: null }, moveTo: momentAt(scale, px) };
  return { grip: { fingers, held: [momentAt(scale, a), momentAt(scale, b)] } };
}

export function dragged(grip: Grip, finger: number, px: number, scale: Scale): Pull {
  if (!grip.fingers.has(finger)) return { grip };
  const next = { ...grip, fingers: new Map(grip.fingers).set(finger, px) };
  const [a, b] = next.fingers.values();
  if (!next.held || a === undefined || b === undefined) return { grip: next, moveTo: momentAt(scale, px) };
  if (Math.abs(b - a) < APART_PX) return { grip: next };
  const [first, second] = next.held;
  const span = ((second - first) / (b - a)) * scale.width; // what both fingers hold stays under them
  const from = first - (a / scale.width) * span;
  return span > 0 ? { grip: next, show: zoomed({ from, to: from + span }, scale.whole, span, first) } : { grip: next };
}

export function released(grip: Grip, finger: number): Grip {
  const fingers = new Map(grip.fingers);
  fingers.delete(finger);
  return { fingers, held: fingers.size ? grip.held : null };
}

export interface Turn {
  deltaX: number;
  deltaY: number;
  ctrlKey: boolean;
  shiftKey: boolean;
}

// The stretch after a turn of the wheel; null when the page should scroll.
export function wheeled(turn: Turn, px: number, scale: Scale): View | null {
  const { view, whole, width } = scale;
  const length = view.to - view.from;
  const isSideways = Math.abs(turn.deltaX) > Math.abs(turn.deltaY);
  if (isSideways || turn.shiftKey) return moved(view, whole, ((turn.deltaX || turn.deltaY) / width) * length);
  return turn.ctrlKey ? zoomed(view, whole, length * WHEEL ** turn.deltaY, momentAt(scale, px)) : null;
}
