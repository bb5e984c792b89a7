// The intervals of a time series: whole hours, days, weeks or months of a time zone, up to the last full hour.

import { HOUR_MS, type ReportWindow } from '../window.js';
import { resolveCalendarRange, type CalendarRange } from './calendar-range.js';
import type { CalendarUnit } from './calendar-units.js';
import {
  countIntervals,
  findGranularity,
  GRANULARITIES,
  intervalStarts,
  startOfInterval,
  type Granularity,
} from './granularity.js';
import { TimeRangeError } from './time-range-error.js';
import { assertBegun } from './window-state.js';
import { floorHour, nextHour } from './zone.js';

/** The last milliseconds up to now, a window, or a calendar range. */
export type SeriesRange =
  { readonly lastMs: number } | { readonly between: ReportWindow } | { readonly calendar: CalendarRange };

interface IntervalOptions {
  /** By default the last 48 hours, 30 days, 12 weeks or 12 months and the current one. */
  readonly range?: SeriesRange | undefined;
  readonly granularity: Granularity;
  /** An IANA name that toTimeZone returned. */
  readonly timeZone: string;
  readonly maxIntervals: number;
}

export interface Interval extends ReportWindow {
  /** Whether its hour, day, week or month is not over. */
  readonly isRunning: boolean;
  /** Whether it is shorter than its hour, day, week or month, or running. */
  readonly isPartial: boolean;
}

/**
 * The intervals of a series, oldest first. The first begins with an hour, day, week or month of the zone, at or before the
 * range. The last ends with the range, and at the latest at the last full hour of the zone; if that leaves no interval, with
 * the current hour.
 * @throws TimeRangeError for a range in the future, a granularity longer than the range, or more intervals than allowed.
 */
export function splitIntoIntervals(options: IntervalOptions, nowMs: number): readonly Interval[] {
  const { granularity, timeZone, maxIntervals } = options;
  const range = options.range ?? defaultRange(granularity, timeZone);
  const requested = toWindow(range, nowMs);
  assertBegun(requested, nowMs);
  assertGranularityFits(granularity, range, requested);

  const window = {
    startTime: startOfInterval(requested.startTime, granularity, timeZone),
    endTime: endOfLastInterval(requested, options, nowMs),
  };
  // The count of hours may be one too high: the intervals themselves decide.
  const count = countIntervals(window, granularity, timeZone);
  if (count > maxIntervals + 1) throw createLimitError(window, options, count);
  const starts = [...intervalStarts(window, granularity, timeZone)];
  if (starts.length - 1 > maxIntervals) throw createLimitError(window, options, starts.length - 1);
  return starts.slice(0, -1).map((startTime, at) => {
    const unitEnd = starts[at + 1]!;
    const isRunning = unitEnd > nowMs;
    const endTime = Math.min(unitEnd, window.endTime);
    return { startTime, endTime, isRunning, isPartial: isRunning || unitEnd > endTime };
  });
}

const DAY_MS = 24 * HOUR_MS;

function defaultRange(granularity: Granularity, timeZone: string): SeriesRange {
  if (granularity === 'HOURLY') return { lastMs: 48 * HOUR_MS };
  // The current unit is one of `count`.
  const units = {
    DAILY: { unit: 'DAY', count: 31 },
    WEEKLY: { unit: 'WEEK', count: 13 },
    MONTHLY: { unit: 'MONTH', count: 13 },
  } as const;
  return { calendar: { ...units[granularity], includeCurrent: true, timeZone } };
}

function toWindow(range: SeriesRange, nowMs: number): ReportWindow {
  if ('calendar' in range) return resolveCalendarRange(range.calendar, nowMs);
  return 'between' in range ? range.between : { startTime: nowMs - range.lastMs, endTime: nowMs };
}

function endOfLastInterval(requested: ReportWindow, { granularity, timeZone }: IntervalOptions, nowMs: number): number {
  const hour = floorHour(nowMs, timeZone);
  const endTime = Math.min(requested.endTime, hour);
  if (endTime > startOfInterval(requested.startTime, granularity, timeZone)) return endTime;
  return Math.min(requested.endTime, nextHour(hour, timeZone));
}

function createLimitError(window: ReportWindow, options: IntervalOptions, count: number): TimeRangeError {
  const { granularity, timeZone, maxIntervals } = options;
  const coarser = findGranularity(window, timeZone, maxIntervals);
  const advice = coarser === null ? 'use a shorter time range' : `use ${coarser}, or a shorter time range`;
  return new TimeRangeError(
    'granularity',
    `must split the time range into at most ${maxIntervals} intervals, and ${granularity} makes ${count}; ${advice}.`,
  );
}

/** The fewest days of an interval or a unit, whatever the month, when clocks are not moved. */
const DAYS = { HOURLY: 1 / 24, DAILY: 1, WEEKLY: 7, MONTHLY: 28 } as const;
const UNIT_DAYS: Readonly<Record<CalendarUnit, number>> = { DAY: 1, WEEK: 7, MONTH: 28, QUARTER: 90, YEAR: 365 };

/** The current unit of a calendar range counts in full: "this month so far" by week is allowed on its first day. */
function assertGranularityFits(
  granularity: Granularity,
  range: SeriesRange,
  { startTime, endTime }: ReportWindow,
): void {
  const days =
    'calendar' in range ? range.calendar.count * UNIT_DAYS[range.calendar.unit] : toDays(endTime - startTime);
  if (DAYS[granularity] <= days) return;
  const finer = GRANULARITIES.findLast((each) => DAYS[each] <= days);
  const advice = finer === undefined ? 'use a longer time range' : `use ${finer}, or a longer time range`;
  throw new TimeRangeError('granularity', `must not be longer than the time range; ${advice}.`);
}

/** Days of a window. A day may have 23 hours, so windows of days may be an hour short. */
function toDays(ms: number): number {
  return ms < DAY_MS - HOUR_MS ? ms / DAY_MS : (ms + HOUR_MS) / DAY_MS;
}
