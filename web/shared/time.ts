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

export interface Tick {
  at: number;
  label: string;
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360].map((minutes) => minutes * MINUTE);

// The shortest step of a ruler that leaves `most` marks or fewer.
export function tickStep(length: number, most: number): number {
  return STEPS.find((step) => length / step <= most) ?? 360 * MINUTE;
}

// Round local times between two instants: an hour that DST skips is missing, one that it repeats comes twice.
// Every zone is off UTC by a multiple of 15 minutes, so going by those (or by the step, if shorter) meets each.
export function ticks(from: number, to: number, step: number): Tick[] {
  const found: Tick[] = [];
  const stride = Math.min(step, 15 * MINUTE);
  for (let at = Math.ceil(from / stride) * stride; at < to; at += stride) {
    const local = new Date(at);
    const minutes = local.getHours() * 60 + local.getMinutes();
    if (minutes % (step / MINUTE) !== 0) continue;
    const hour = String(local.getHours()).padStart(2, "0");
    found.push({ at, label: step < HOUR ? `${hour}:${String(local.getMinutes()).padStart(2, "0")}` : hour });
  }
  return found;
}

// The local day as a date field writes it, and back.
export function dateOf(ms: number): string {
  const at = new Date(ms);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
}

export function dayOfDate(date: string): number | null {
  const [year, month, day] = date.split("-").map(Number);
  return year && month && day ? new Date(year, month - 1, day).getTime() : null;
}

// The same time of another day, as the clock on the wall reads it.
export function sameTimeOn(day: number, ms: number): number {
  const to = new Date(day);
  const at = new Date(ms);
  return new Date(
    to.getFullYear(),
    to.getMonth(),
    to.getDate(),
    at.getHours(),
    at.getMinutes(),
    at.getSeconds(),
  ).getTime();
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const exact = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const long = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

export const hhmm = (ms: number) => clock.format(ms);
export const hhmmss = (ms: number) => exact.format(ms);
export const longDay = (ms: number) => long.format(ms);

export function dayName(ms: number, now: number): string {
  const day = dayOf(ms).from;
  if (day === dayOf(now).from) return "Today";
  if (day === dayBefore(now)) return "Yesterday";
  if (day === dayAfter(now)) return "Tomorrow";
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
  for (const [unit, size] of [
    ["kB", 1e3],
    ["MB", 1e6],
    ["GB", 1e9],
  ] as const) {
    if (n < size * 1000) return `${(n / size).toFixed(n / size < 10 ? 1 : 0)} ${unit}`;
  }
  return `${(n / 1e12).toFixed(1)} TB`;
}
