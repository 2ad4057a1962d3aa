// When somebody is usually before a camera: shares of days by the hour, and the same in words. Pure.

import type { Habits } from "../../shared/wire";

const FEWEST_DAYS = 3; // fewer say what happened, not what is usual
const HALF = 0.5;
const HOURS = 24;

export interface UsualPlace {
  name: string | null; // null: the camera as a whole
  shares: number[]; // for each hour of the day, 0 to 1
}

// Null while too few days are known.
export function usualPlaces({ of, places }: Habits): UsualPlace[] | null {
  if (daysKnown({ of, places }) < FEWEST_DAYS) return null;
  return places.map(({ area, days }) => ({
    name: area,
    shares: days.map((there, hour) => (of[hour] ? Math.min(1, there / of[hour]) : 0)),
  }));
}

export const daysKnown = ({ of }: Habits) => Math.max(0, ...of);

export function tooFew(habits: Habits): string {
  const known = daysKnown(habits);
  const so = known === 0 ? "None is known yet" : known === 1 ? "One day is known so far" : `${known} are known so far`;
  return `This takes ${FEWEST_DAYS} days of watching. ${so}.`;
}

// The hours in which somebody is there on at least every other day: "07:00 to 09:00".
export function inWords(shares: readonly number[]): string {
  const spells: string[] = [];
  for (let hour = 0; hour < HOURS; hour++) {
    if (!isUsual(shares, hour)) continue;
    const from = hour;
    while (isUsual(shares, hour + 1)) hour++;
    spells.push(`${clock(from)} to ${clock(hour + 1)}`);
  }
  return spells.length ? `Usual from ${spells.join(", and from ")}.` : "At no hour is somebody usually here.";
}

const isUsual = (shares: readonly number[], hour: number) => (shares[hour] ?? 0) >= HALF;
const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
