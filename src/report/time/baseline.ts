// Baselines: the window that another window is compared with.

import type { Temporal } from 'temporal-polyfill';

import type { ReportWindow } from '../window.js';
import type { CalendarRange } from './calendar-range.js';
import { addUnits, countUnits, type CalendarUnit } from './calendar-units.js';
import { TimeRangeError } from './time-range-error.js';
import { dateAt, startOfDate, zonedAt } from './zone.js';

export type BaselineShift = 'PREVIOUS_PERIOD' | 'WEEK_BEFORE' | 'MONTH_BEFORE' | 'YEAR_BEFORE';

const SHIFTED_UNITS = { WEEK_BEFORE: 'WEEK', MONTH_BEFORE: 'MONTH', YEAR_BEFORE: 'YEAR' } as const;

/**
 * The baseline of a window.
 * @param calendar the range that the window was resolved from. Other windows are moved in UTC.
 */
export function baselineOf(window: ReportWindow, shift: BaselineShift, calendar?: CalendarRange): ReportWindow {
  const { startTime, endTime } = window;
  if (shift !== 'PREVIOUS_PERIOD') {
    const move = { unit: SHIFTED_UNITS[shift], count: 1, timeZone: calendar?.timeZone ?? 'UTC' };
    return moveWindow(window, move, 'last day');
  }
  if (calendar === undefined) return { startTime: startTime - (endTime - startTime), endTime: startTime };
  if (calendar.includeCurrent) {
    const moved = moveWindow(window, calendar, 'next month');
    return { startTime: moved.startTime, endTime: Math.min(moved.endTime, startTime) };
  }
  const before = (count: number) => moveBack(startTime, { ...calendar, count }, 'last day');
  // A zone that has skipped a day has nothing right before the next one.
  const first = before(calendar.count);
  return { startTime: first < startTime ? first : before(calendar.count + 1), endTime: startTime };
}

/** Whether two windows of a zone are equally long, or have as many whole days or as many whole months. */
export function haveSameLength(a: ReportWindow, b: ReportWindow, timeZone: string): boolean {
  if (a.endTime - a.startTime === b.endTime - b.startTime) return true;
  const bounds = [a.startTime, a.endTime, b.startTime, b.endTime];
  const [aFirst, aEnd, bFirst, bEnd] = bounds.map((epochMs) => dateAt(epochMs, timeZone)) as Bounds;
  const dates = [aFirst, aEnd, bFirst, bEnd];
  if (dates.some((date, at) => startOfDate(date, timeZone) !== bounds[at])) return false;
  if (countUnits('DAY', aFirst, aEnd) === countUnits('DAY', bFirst, bEnd)) return true;
  return dates.every(({ day }) => day === 1) && countUnits('MONTH', aFirst, aEnd) === countUnits('MONTH', bFirst, bEnd);
}

type Bounds = [Temporal.PlainDate, Temporal.PlainDate, Temporal.PlainDate, Temporal.PlainDate];

/** @throws TimeRangeError when a baseline overlaps the window. */
export function assertNoOverlap(window: ReportWindow, baseline: ReportWindow): void {
  if (baseline.startTime < window.endTime && window.startTime < baseline.endTime) {
    throw new TimeRangeError(
      '',
      'must not overlap the time range of the report; end it where that begins, or earlier.',
    );
  }
}

interface Move {
  readonly unit: CalendarUnit;
  readonly count: number;
  readonly timeZone: string;
}

/** Where a time moves on a day that the month does not have: to the last day, or to the start of the next month. */
type MissingDay = 'last day' | 'next month';

function moveWindow(window: ReportWindow, move: Move, missingDay: MissingDay): ReportWindow {
  const startTime = moveBack(window.startTime, move, 'last day');
  // An end at midnight belongs to the day before: the 30th of March becomes the whole 28th of February.
  const isMidnight = startOfDate(dateAt(window.endTime, move.timeZone), move.timeZone) === window.endTime;
  const endTime = moveBack(window.endTime, move, isMidnight ? 'next month' : missingDay);
  // Both ends may move to the same last day.
  return { startTime, endTime: endTime > startTime ? endTime : startTime + (window.endTime - window.startTime) };
}

/** The same local time `count` units earlier. The start of a day stays one, even where that is not midnight. */
function moveBack(epochMs: number, { unit, count, timeZone }: Move, missingDay: MissingDay): number {
  const latest = dateAt(epochMs, timeZone);
  const isStart = startOfDate(latest, timeZone) === epochMs;
  const zoned = zonedAt(epochMs, timeZone);
  const date = isStart ? latest : zoned.toPlainDate();
  const moved = addUnits(date, unit, -count);
  const isMissing = unit !== 'DAY' && unit !== 'WEEK' && moved.day !== date.day;
  if (isMissing && missingDay === 'next month') return startOfDate(moved.add({ days: 1 }), timeZone);
  if (isStart) return startOfDate(moved, timeZone);
  return moved.toZonedDateTime({ timeZone, plainTime: zoned.toPlainTime() }).epochMilliseconds;
}
