// The times of a report: its window, cut off at the present, in the units of running totals. Costs of the last days are
// preliminary, as on a real host.

import { mix } from '../random.js';

/** Half-open, in epoch milliseconds. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export type Moment = ReturnType<ReturnType<typeof createMoments>>;
export type Period = ReturnType<typeof createPeriod>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const FIRST_MONDAY_MS = Date.UTC(1970, 0, 5);

// Prices are corrected at 00, 06, 12 and 18 UTC. An hour is settled when it has been over for three days at the latest.
const CORRECTION_HOURS = 6;
const UNSETTLED_HOURS = 3 * 24 - CORRECTION_HOURS;
const CORRECTION_SEED = 0x5ca1e0;

/** @param firstDayMs midnight UTC of the simulator's first day */
export function createPeriod({ fromMs, toMs }: Window, nowMs: number, firstDayMs: number) {
  const momentAt = createMoments(nowMs, firstDayMs);
  return {
    windowHours: (toMs - fromMs) / HOUR_MS,
    start: momentAt(Math.min(fromMs, nowMs)),
    /** At the latest the present; equal to `start` if the window is in the future. */
    end: momentAt(Math.min(toMs, nowMs)),
    /** @param hours whole hours since the simulator's first day */
    at: (hours: number) => momentAt(firstDayMs + hours * HOUR_MS),
  };
}

/** Returns a function that converts a time to the units of running totals. */
function createMoments(nowMs: number, firstDayMs: number) {
  const unsettledHoursAt = createUnsettledHours(nowMs);
  const firstWeek = Math.floor((firstDayMs - FIRST_MONDAY_MS) / WEEK_MS);
  return (timeMs: number) => {
    const epochWeek = Math.floor((timeMs - FIRST_MONDAY_MS) / WEEK_MS);
    const mondayMs = FIRST_MONDAY_MS + epochWeek * WEEK_MS;
    const hour = Math.floor(timeMs / HOUR_MS);
    const hourFraction = (timeMs % HOUR_MS) / HOUR_MS;
    return {
      /** Since the simulator's first day. */
      hours: (timeMs - firstDayMs) / HOUR_MS,
      /** Since the week of that day; weeks begin on Monday. */
      week: epochWeek - firstWeek,
      hourOfWeek: hour - mondayMs / HOUR_MS,
      // Counted from 1970, so that the random part of a cost does not depend on the simulator's first day.
      epochWeek,
      weekFraction: (timeMs - mondayMs) / WEEK_MS,
      day: Math.floor(timeMs / DAY_MS),
      dayFraction: (timeMs % DAY_MS) / DAY_MS,
      hour,
      hourFraction,
      /** The running total of preliminary shares, in hours; 0 for a moment that is settled. */
      unsettledHours: unsettledHoursAt(hour, hourFraction),
    };
  };
}

/** Each hour has its own preliminary share, which shrinks with every correction until it is 0. */
function createUnsettledHours(nowMs: number): (hour: number, hourFraction: number) => number {
  const presentHour = Math.floor(nowMs / HOUR_MS);
  const correctedHour = Math.floor(presentHour / CORRECTION_HOURS) * CORRECTION_HOURS;
  const firstHour = correctedHour - UNSETTLED_HOURS;
  const totals = [0];
  let total = 0;
  for (let hour = firstHour; hour <= presentHour; hour++) {
    const share = 0.5 + mix(CORRECTION_SEED, hour) / 2 ** 32;
    totals.push((total += share * Math.min(1, (hour - firstHour) / UNSETTLED_HOURS)));
  }
  return (hour, hourFraction) => {
    const index = hour - firstHour;
    if (index < 0) return 0;
    const before = totals[index] ?? total;
    return before + hourFraction * ((totals[index + 1] ?? total) - before);
  };
}
