// The times of a report: its window, cut off at the present, in the units of running totals. Costs of the last days are
// preliminary, as on a real host.

import { mix } from '../random.js';

/** Half-open, in epoch milliseconds. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A moment in the units of running totals. */
export interface Moment {
  /** Since the simulator's first day. */
  readonly hours: number;
  /** Since the week of that day; weeks begin on Monday. */
  readonly week: number;
  readonly hourOfWeek: number;
  // Counted from 1970, so that the random part of a cost does not depend on the simulator's first day.
  readonly epochWeek: number;
  readonly weekFraction: number;
  readonly day: number;
  readonly dayFraction: number;
  readonly hour: number;
  readonly hourFraction: number;
  /** The running total of preliminary shares, in hours; 0 for a moment that is settled. */
  readonly unsettledHours: number;
}

export interface Period {
  readonly windowHours: number;
  readonly start: Moment;
  /** At the latest the present; equal to `start` if the window is in the future. */
  readonly end: Moment;
  /** @param hours whole hours since the simulator's first day */
  readonly at: (hours: number) => Moment;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const FIRST_MONDAY_MS = Date.UTC(1970, 0, 5);

// Prices are corrected at 00, 06, 12 and 18 UTC. An hour is settled when it has been over for three days at the latest.
const CORRECTION_HOURS = 6;
const UNSETTLED_HOURS = 3 * 24 - CORRECTION_HOURS;
const CORRECTION_SEED = 0x5ca1e0;

/** @param firstDayMs midnight UTC of the simulator's first day */
export function createPeriod({ fromMs, toMs }: Window, nowMs: number, firstDayMs: number): Period {
  const unsettledHoursAt = createUnsettledHours(nowMs);
  const firstWeek = Math.floor((firstDayMs - FIRST_MONDAY_MS) / WEEK_MS);
  const toMoment = (timeMs: number): Moment => {
    const epochWeek = Math.floor((timeMs - FIRST_MONDAY_MS) / WEEK_MS);
    const mondayMs = FIRST_MONDAY_MS + epochWeek * WEEK_MS;
    const day = Math.floor(timeMs / DAY_MS);
    const hour = Math.floor(timeMs / HOUR_MS);
    const hourFraction = (timeMs % HOUR_MS) / HOUR_MS;
    return {
      hours: (timeMs - firstDayMs) / HOUR_MS,
      week: epochWeek - firstWeek,
      hourOfWeek: hour - mondayMs / HOUR_MS,
      epochWeek,
      weekFraction: (timeMs - mondayMs) / WEEK_MS,
      day,
      dayFraction: (timeMs % DAY_MS) / DAY_MS,
      hour,
      hourFraction,
      unsettledHours: unsettledHoursAt(hour, hourFraction),
    };
  };
  return {
    windowHours: (toMs - fromMs) / HOUR_MS,
    start: toMoment(Math.min(fromMs, nowMs)),
    end: toMoment(Math.min(toMs, nowMs)),
    at: (hours) => toMoment(firstDayMs + hours * HOUR_MS),
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
