// The stretch of time that a strip shows: zooming and moving it, without ever leaving what there is to see: the last 24
// hours, or an earlier day. So no zoom shows the future. Pure.

import { MINUTE } from "../../shared/time";

export interface View {
  from: number;
  to: number;
}

export const SHORTEST = 5 * MINUTE;

// A stretch of `span` around what `around` is now at, kept where it is under the finger.
export function zoomed(view: View, day: View, span: number, around: number): View {
  const wanted = Math.max(SHORTEST, Math.min(span, day.to - day.from));
  const share = (around - view.from) / (view.to - view.from);
  return inside({ from: around - share * wanted, to: around + (1 - share) * wanted }, day);
}

export function moved(view: View, day: View, by: number): View {
  return inside({ from: view.from + by, to: view.to + by }, day);
}

// The same length, moved no further than needed to show `at` with some room before and after it.
export function including(view: View, day: View, at: number): View {
  const span = view.to - view.from;
  const room = span / 12;
  if (at - room < view.from) return inside({ from: at - room, to: at - room + span }, day);
  if (at + room > view.to) return inside({ from: at + room - span, to: at + room }, day);
  return view;
}

export function inside(view: View, day: View): View {
  const span = Math.min(view.to - view.from, day.to - day.from);
  const from = Math.max(day.from, Math.min(view.from, day.to - span));
  return { from, to: from + span };
}
