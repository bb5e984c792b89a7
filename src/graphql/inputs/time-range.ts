// The time range of an aggregated report: a duration up to now, a fixed window, or whole units of the calendar.

import { UserInputError } from '../../errors.js';
import { resolveCalendarRange, type CalendarRange } from '../../report/time/calendar-range.js';
import { TimeRangeError } from '../../report/time/time-range-error.js';
import { assertBegun } from '../../report/time/window-state.js';
import { builder, type OptionalInput } from '../builder.js';
import { assertWindow } from './validate.js';

const CostCalendarUnit = builder.enumType('CostCalendarUnit', {
  description: 'A unit of the calendar.',
  values: {
    DAY: { description: 'From midnight to midnight. A day has 23 or 25 hours when clocks change.' },
    WEEK: { description: 'From Monday to Sunday (ISO 8601).' },
    MONTH: { description: 'A calendar month.' },
    QUARTER: { description: 'Three months, from January, April, July or October.' },
    YEAR: { description: 'A calendar year.' },
  } as const,
});

const CostCalendarRangeInput = builder.inputType('CostCalendarRangeInput', {
  description:
    'Whole units of the calendar. `{unit: DAY, count: 7}` is the last seven whole days, `{unit: MONTH}` last month, ' +
    '`{unit: MONTH, includeCurrent: true}` this month so far.',
  fields: (t) => ({
    unit: t.field({ type: CostCalendarUnit, required: true, description: 'The unit, such as `MONTH`.' }),
    count: t.int({
      required: true,
      defaultValue: 1,
      description: 'The number of units, such as 7, including the current one with `includeCurrent`.',
    }),
    includeCurrent: t.boolean({
      required: true,
      defaultValue: false,
      description:
        'True includes the current unit, up to the last full hour; in its first hour, up to the end of that hour.',
    }),
    timeZone: t.field({
      type: 'TimeZone',
      required: true,
      defaultValue: 'UTC',
      description: 'The time zone in which units begin, such as `Europe/Berlin`.',
    }),
  }),
});

export const CostTimeWindowInput = builder.inputType('CostTimeWindowInput', {
  description: 'A fixed period of at most ten years, in the years 2000 to 2100.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', required: true, description: 'The start, inclusive.' }),
    to: t.field({ type: 'DateTime', required: true, description: 'The end, exclusive. Later than `from`.' }),
  }),
});

export const CostTimeRangeInput = builder.inputType('CostTimeRangeInput', {
  description: 'The period of a report. Set exactly one field, such as `{last: "7d"}`.',
  isOneOf: true,
  fields: (t) => ({
    last: t.field({ type: 'CostDuration', description: 'How far back from now: `24h`, `7d`, `30d`.' }),
    between: t.field({ type: CostTimeWindowInput, description: 'A fixed period.' }),
    calendar: t.field({ type: CostCalendarRangeInput, description: 'Whole days, weeks, months, quarters or years.' }),
  }),
});

/** The parameters of ScaleOps for a time range, and the calendar range that they were resolved from. */
export interface ResolvedRange {
  readonly range?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly calendar?: CalendarRange | undefined;
}

/** @throws UserInputError that names the input below `path`. */
export function resolveTimeRange(
  path: string,
  range: OptionalInput<typeof CostTimeRangeInput>,
  nowMs: number,
): ResolvedRange {
  const { last, between, calendar } = range ?? {};
  if (last != null) return { range: last };
  if (between != null) {
    assertWindow(`${path}.between`, between);
    const { from, to } = between;
    prefixErrorPath(`${path}.between`, () => {
      assertBegun({ startTime: from, endTime: to }, nowMs);
    });
    return { from, to };
  }
  if (calendar == null) return {};
  const { startTime, endTime } = prefixErrorPath(`${path}.calendar`, () => resolveCalendarRange(calendar, nowMs));
  return { from: startTime, to: endTime, calendar };
}

/** Adds the path of an input to an error about time. @throws UserInputError */
export function prefixErrorPath<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TimeRangeError)) throw error;
    // `granularity` is an argument beside the time range.
    if (error.field === 'granularity') throw new UserInputError('granularity', error.rule);
    throw new UserInputError(error.field === '' ? path : `${path}.${error.field}`, error.rule);
  }
}
