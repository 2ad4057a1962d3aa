// Times as the owner reads them: in this browser's zone, days of 23, 24 or 25 hours alike.

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

// Midnight to midnight of the local day that `ms` is in; DST decides how long that is.
export function dayOf(ms: number): { from: number; to: number } {
  const at = new Date(ms);
  const from = new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
  const to = new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1).getTime();
  return { from, to };
}

export function dayBefore(ms: number): number {
  return dayOf(dayOf(ms).from - HOUR).from;
}

export function dayAfter(ms: number): number {
  return dayOf(ms).to;
}

// Full local hours of a day with their instants: the hour that DST skips is missing, the one it repeats comes twice.
export function hoursOf(day: { from: number; to: number }): { at: number; label: string }[] {
  const found = [];
  for (let at = day.from; at < day.to; at += HOUR) {
    found.push({ at, label: String(new Date(at).getHours()).padStart(2, "0") });
  }
  return found;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const exact = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const long = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

export const hhmm = (ms: number) => clock.format(ms);
export const hhmmss = (ms: number) => exact.format(ms);
export const longDay = (ms: number) => long.format(ms);

export function dayName(ms: number, now: number): string {
  const day = dayOf(ms).from;
  if (day === dayOf(now).from) return "Today";
  if (day === dayBefore(now)) return "Yesterday";
  return longDay(ms);
}

export function when(ms: number, now: number): string {
  return dayOf(ms).from === dayOf(now).from ? hhmm(ms) : `${dayName(ms, now)}, ${hhmm(ms)}`;
}

export function ago(ms: number, now: number): string {
  const s = Math.max(0, Math.round((now - ms) / SECOND));
  if (s < 10) return "now";
  if (s < 90) return `${s} s ago`;
  if (s < 90 * 60) return `${Math.round(s / 60)} min ago`;
  return when(ms, now);
}

export function lasting(ms: number): string {
  const s = Math.round(ms / SECOND);
  return s < 90 ? `${s} s` : `${Math.floor(s / 60)} min ${s % 60} s`;
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  for (const [unit, size] of [["kB", 1e3], ["MB", 1e6], ["GB", 1e9]] as const) {
    if (n < size * 1000) return `${(n / size).toFixed(n / size < 10 ? 1 : 0)} ${unit}`;
  }
  return `${(n / 1e12).toFixed(1)} TB`;
}
