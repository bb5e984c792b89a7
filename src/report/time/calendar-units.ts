// Units of the calendar: their first dates, and arithmetic with them. Weeks begin on Monday (ISO 8601).

import type { Temporal } from 'temporal-polyfill';

export type CalendarUnit = 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR';

const MONTHS_PER_QUARTER = 3;
const DAYS_PER_WEEK = 7;

/** The first date of the unit that contains this date. */
export function firstDateOf(unit: CalendarUnit, date: Temporal.PlainDate): Temporal.PlainDate {
  if (unit === 'WEEK') return date.subtract({ days: date.dayOfWeek - 1 });
  if (unit === 'MONTH') return date.with({ day: 1 });
  if (unit === 'QUARTER') return date.with({ day: 1, month: date.month - ((date.month - 1) % MONTHS_PER_QUARTER) });
  return unit === 'YEAR' ? date.with({ day: 1, month: 1 }) : date;
}

/** The date `count` units later, or earlier. A day that the month does not have becomes its last day. */
export function addUnits(date: Temporal.PlainDate, unit: CalendarUnit, count: number): Temporal.PlainDate {
  if (unit === 'DAY') return date.add({ days: count });
  if (unit === 'WEEK') return date.add({ days: DAYS_PER_WEEK * count });
  if (unit === 'YEAR') return date.add({ years: count });
  return date.add({ months: unit === 'QUARTER' ? MONTHS_PER_QUARTER * count : count });
}

/** How many whole units lie between the dates. */
export function countUnits(unit: 'DAY' | 'WEEK' | 'MONTH', from: Temporal.PlainDate, to: Temporal.PlainDate): number {
  if (unit === 'MONTH') return from.until(to, { largestUnit: 'months' }).months;
  const { days } = from.until(to, { largestUnit: 'days' });
  return unit === 'DAY' ? days : Math.floor(days / DAYS_PER_WEEK);
}
