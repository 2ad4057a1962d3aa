// The weekly schedule while it is edited: rows of days, each with its times of night and away. Pure.

import type { WeeklySpan } from "../../shared/wire";

export type Kept = "night" | "away";
export interface Time {
  mode: Kept;
  from: number; // minutes after midnight
  to: number; // not later: on the day after
}
export interface Row {
  name: string;
  days: number[]; // 0 is Monday
  times: Time[];
}
export type Grouping = "same" | "split" | "each";
export interface Week {
  grouping: Grouping;
  rows: Row[];
}

export const DAY_MIN = 24 * 60;
export const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;
export const GROUPINGS: Record<Grouping, string> = {
  same: "Every day",
  split: "Weekdays, weekend",
  each: "Day by day",
};
const ROWS: Record<Grouping, [name: string, days: number[]][]> = {
  same: [["Every day", [0, 1, 2, 3, 4, 5, 6]]],
  split: [
    ["Monday to Friday", [0, 1, 2, 3, 4]],
    ["Weekend", [5, 6]],
  ],
  each: DAYS.map((name, day) => [name, [day]]),
};
const FIRST: Time = { mode: "night", from: 22 * 60 + 30, to: 7 * 60 };
const SECOND: Time = { mode: "away", from: 8 * 60 + 30, to: 17 * 60 };

// As few rows as tell all of it.
export function weekOf(spans: readonly WeeklySpan[]): Week {
  const days = DAYS.map((_, day) => timesOn(spans, day));
  const fits = (grouping: Grouping) =>
    ROWS[grouping].every(([, some]) => some.every((day) => isSame(days[day]!, days[some[0]!]!)));
  return grouped(days, fits("same") ? "same" : fits("split") ? "split" : "each");
}

// What the hub keeps: times that several days share are one.
export function spansOf({ rows }: Week): WeeklySpan[] {
  const found = new Map<string, WeeklySpan>();
  for (const { days, times } of rows) {
    for (const { mode, from, to } of times) {
      const name = `${mode} ${from} ${to}`;
      const had = found.get(name)?.days ?? [];
      const on = [...new Set([...had, ...days])].sort((a, b) => a - b);
      found.set(name, { mode, days: on, from_min: from, to_min: to });
    }
  }
  return [...found.values()];
}

// In fewer rows the first of the days that come together speaks for all.
export function regrouped(week: Week, grouping: Grouping): Week {
  return grouped(perDay(week), grouping);
}

export function withTime({ grouping, rows }: Week, at: number): Week {
  return { grouping, rows: replaced(rows, at, (times) => [...times, missing(times)]) };
}

export function withoutTime({ grouping, rows }: Week, at: number, n: number): Week {
  return { grouping, rows: replaced(rows, at, (times) => times.filter((_, each) => each !== n)) };
}

export function retimed({ grouping, rows }: Week, at: number, n: number, part: Partial<Time>): Week {
  const next = (times: Time[]) => times.map((time, each) => (each === n ? { ...time, ...part } : time));
  return { grouping, rows: replaced(rows, at, next) };
}

export function isChanged(week: Week, kept: readonly WeeklySpan[]): boolean {
  const now = perDay(week);
  return DAYS.some((_, day) => !isSame(now[day]!, timesOn(kept, day)));
}

export interface Bar {
  day: number;
  mode: Kept;
  from: number; // minutes, 0 to 1440
  to: number;
}

// The picture of a week; what goes on after midnight is drawn on the day after. Away is drawn last: it holds there.
export function barsOf(spans: readonly WeeklySpan[]): Bar[] {
  const bars = spans.flatMap(({ mode, days, from_min: from, to_min: to }) =>
    mode === "home" ? [] : days.flatMap((day) => piecesOf({ mode, from, to }, day)),
  );
  return bars.sort((a, b) => Number(a.mode === "away") - Number(b.mode === "away"));
}

function piecesOf({ mode, from, to }: Time, day: number): Bar[] {
  if (to > from) return [{ day, mode, from, to }];
  const next = { day: (day + 1) % DAYS.length, mode, from: 0, to };
  return [{ day, mode, from, to: DAY_MIN }, ...(to > 0 ? [next] : [])];
}

// What the picture shows, for those who do not see it.
export function inWords(spans: readonly WeeklySpan[]): string {
  const { rows } = weekOf(spans);
  const said = rows.filter(({ times }) => times.length > 0).map(({ name, times }) => `${name}: ${listed(times)}.`);
  return said.length ? `${said.join(" ")} At all other times, home.` : "Home all week.";
}

const listed = (times: readonly Time[]) =>
  times.map(({ mode, from, to }) => `${mode} from ${clock(from)} to ${clock(to)}`).join(", ");

// "07:30", as a time field has it, and back; null for what is no time (a field that was emptied).
export const clock = (minutes: number) =>
  [Math.floor(minutes / 60), minutes % 60].map((n) => String(n).padStart(2, "0")).join(":");

export function minutesOf(text: string): number | null {
  const [hours, minutes] = text.split(":").map(Number);
  const found = (hours ?? Number.NaN) * 60 + (minutes ?? Number.NaN);
  return Number.isInteger(found) && found >= 0 && found < DAY_MIN ? found : null;
}

function grouped(days: Time[][], grouping: Grouping): Week {
  const rows = ROWS[grouping].map(([name, some]) => ({ name, days: some, times: days[some[0]!]! }));
  return { grouping, rows };
}

function perDay({ rows }: Week): Time[][] {
  return DAYS.map((_, day) => rows.find(({ days }) => days.includes(day))?.times ?? []);
}

function timesOn(spans: readonly WeeklySpan[], day: number): Time[] {
  return spans.flatMap(({ mode, days, from_min: from, to_min: to }) =>
    mode !== "home" && days.includes(day) ? [{ mode, from, to }] : [],
  );
}

function isSame(some: readonly Time[], others: readonly Time[]): boolean {
  const sorted = (times: readonly Time[]) => times.map(({ mode, from, to }) => `${mode} ${from} ${to}`).sort();
  return sorted(some).join() === sorted(others).join();
}

// Most schedules are a night and working hours.
const missing = (times: readonly Time[]): Time => (times.some(({ mode }) => mode === "night") ? SECOND : FIRST);

function replaced(rows: Row[], at: number, next: (times: Time[]) => Time[]): Row[] {
  return rows.map((row, each) => (each === at ? { ...row, times: next(row.times) } : row));
}
