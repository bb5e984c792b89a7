// Calendar ranges: whole days, weeks, months, quarters or years of a time zone, as a window of time.

import type { ReportWindow } from '../window.js';
import { addUnits, firstDateOf, type CalendarUnit } from './calendar-units.js';
import { TimeRangeError } from './time-range-error.js';
import { dateAt, floorHour, nextHour, startOfDate } from './zone.js';

export interface CalendarRange {
  readonly unit: CalendarUnit;
  /** How many units: those before the current one, or with `includeCurrent` the current one and those before it. */
  readonly count: number;
  readonly includeCurrent: boolean;
  /** An IANA name that toTimeZone returned. */
  readonly timeZone: string;
}

/** The units in about ten years, the longest window of a report. */
const MAX_COUNTS: Readonly<Record<CalendarUnit, number>> = { DAY: 3_653, WEEK: 521, MONTH: 120, QUARTER: 40, YEAR: 10 };

/**
 * The window of a calendar range. With `includeCurrent` it ends at the last full hour of the zone, so that all queries
 * within an hour make the same request. In the first hour of the range it ends with the current hour.
 * @throws TimeRangeError for a `count` that is not 1 or more, or covers more than ten years.
 */
export function resolveCalendarRange(range: CalendarRange, nowMs: number): ReportWindow {
  const { unit, count, includeCurrent, timeZone } = range;
  const maxCount = MAX_COUNTS[unit];
  if (!Number.isInteger(count) || count < 1 || count > maxCount) {
    throw new TimeRangeError('count', `must be 1 to ${maxCount} for ${unit}: a range covers at most ten years.`);
  }
  const current = firstDateOf(unit, dateAt(nowMs, timeZone));
  const first = addUnits(current, unit, includeCurrent ? 1 - count : -count);
  const startTime = startOfDate(first, timeZone);
  if (!includeCurrent) return { startTime, endTime: startOfDate(current, timeZone) };
  const hour = floorHour(nowMs, timeZone);
  return { startTime, endTime: hour > startTime ? hour : nextHour(hour, timeZone) };
}
