// The granularities of a time series: how long an interval is, and how many a window has.

import { HOUR_MS, type ReportWindow } from '../window.js';
import { addUnits, countUnits, firstDateOf } from './calendar-units.js';
import { dateAt, floorHour, nextHour, startOfDate } from './zone.js';

/** From the finest to the coarsest. */
export const GRANULARITIES = ['HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

export const CALENDAR_UNITS = { DAILY: 'DAY', WEEKLY: 'WEEK', MONTHLY: 'MONTH' } as const;

/** The start of the interval that contains this instant. */
export function startOfInterval(epochMs: number, granularity: Granularity, timeZone: string): number {
  if (granularity === 'HOURLY') return floorHour(epochMs, timeZone);
  return startOfDate(firstDateOf(CALENDAR_UNITS[granularity], dateAt(epochMs, timeZone)), timeZone);
}

/**
 * When intervals begin, from `startTime`, the start of one, to the first start at or after `endTime`. A day that the zone
 * skipped (Pacific/Apia, 2011-12-30) has no interval.
 */
export function* intervalStarts(
  { startTime, endTime }: ReportWindow,
  granularity: Granularity,
  timeZone: string,
): Generator<number, void, undefined> {
  yield startTime;
  if (granularity === 'HOURLY') {
    for (let at = startTime; at < endTime;) yield (at = nextHour(at, timeZone));
    return;
  }
  let date = dateAt(startTime, timeZone);
  for (let at = startTime; at < endTime;) {
    date = addUnits(date, CALENDAR_UNITS[granularity], 1);
    const next = startOfDate(date, timeZone);
    if (next > at) yield next;
    at = next;
  }
}

/**
 * How many intervals a window has, partial ones included, without creating them. For HOURLY the result may be one too high
 * when the clocks change by half an hour.
 */
export function countIntervals(window: ReportWindow, granularity: Granularity, timeZone: string): number {
  const startTime = startOfInterval(window.startTime, granularity, timeZone);
  if (granularity === 'HOURLY') return Math.ceil((window.endTime - startTime) / HOUR_MS);
  // The last millisecond of the window is in its last interval.
  const lastStart = startOfInterval(window.endTime - 1, granularity, timeZone);
  return countUnits(CALENDAR_UNITS[granularity], dateAt(startTime, timeZone), dateAt(lastStart, timeZone)) + 1;
}

/** The finest granularity that splits a window into at most `maxIntervals`; null when none does. */
export function findGranularity(window: ReportWindow, timeZone: string, maxIntervals: number): Granularity | null {
  return GRANULARITIES.find((each) => countIntervals(window, each, timeZone) <= maxIntervals) ?? null;
}
