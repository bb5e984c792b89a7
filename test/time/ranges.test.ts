// Calendar ranges, baselines and intervals, compared with a reference that reads local times from Intl in steps of 15
// minutes. All offsets since 2000 are multiples of 15 minutes.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { assertNoOverlap, baselineOf, haveSameLength, type BaselineShift } from '../../src/report/time/baseline.js';
import { resolveCalendarRange, type CalendarRange } from '../../src/report/time/calendar-range.js';
import { countIntervals, GRANULARITIES, type Granularity } from '../../src/report/time/granularity.js';
import { splitIntoIntervals } from '../../src/report/time/intervals.js';
import { TimeRangeError } from '../../src/report/time/time-range-error.js';
import { assertBegun, windowState } from '../../src/report/time/window-state.js';
import { toTimeZone } from '../../src/report/time/zone.js';
import type { ReportWindow } from '../../src/report/window.js';
import { propertyRuns } from '../kit/fuzz/runs.js';

type IntervalOptions = Parameters<typeof splitIntoIntervals>[0];

const at = (text: string): number => Date.parse(text);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const window = (from: string, to: string): ReportWindow => ({ startTime: at(from), endTime: at(to) });
const show = ({ startTime, endTime }: ReportWindow): string =>
  [startTime, endTime].map((each) => new Date(each).toISOString().replace(/(?::00)?\.000Z$/, '')).join(' ');

function calendar(unit: CalendarRange['unit'], count: number, timeZone = 'UTC', includeCurrent = false): CalendarRange {
  return { unit, count, includeCurrent, timeZone };
}

// ------------------------------------------------------------------------------------------------------ reference

const QUARTER_HOUR = HOUR / 4;
const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** The local time, as if it were UTC. */
function localTime(epochMs: number, timeZone: string): number {
  let format = FORMATS.get(timeZone);
  if (format === undefined) {
    const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    format = new Intl.DateTimeFormat('en', { ...fields, timeZone, hourCycle: 'h23', calendar: 'gregory' });
    FORMATS.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year!, parts.month! - 1, parts.day, parts.hour, parts.minute);
}

/** The first instant with this local date (a UTC midnight) or a later one. */
function midnightOf(date: number, timeZone: string): number {
  for (let time = date - 16 * HOUR; ; time += QUARTER_HOUR) if (localTime(time, timeZone) >= date) return time;
}

function dateOf(epochMs: number, timeZone: string): number {
  const date = Math.floor(localTime(epochMs, timeZone) / DAY) * DAY;
  return midnightOf(date + DAY, timeZone) <= epochMs ? date + DAY : date;
}

const showsWholeHour = (epochMs: number, timeZone: string): boolean => localTime(epochMs, timeZone) % HOUR === 0;

function lastHour(epochMs: number, timeZone: string): number {
  let time = Math.floor(epochMs / QUARTER_HOUR) * QUARTER_HOUR;
  while (!showsWholeHour(time, timeZone)) time -= QUARTER_HOUR;
  return time;
}

/** The first date of the unit that is `offset` units away from the unit of the date. */
function unitStart(date: number, unit: CalendarRange['unit'], move = 0): number {
  const [year, month] = [new Date(date).getUTCFullYear(), new Date(date).getUTCMonth()];
  if (unit === 'DAY') return date + move * DAY;
  if (unit === 'WEEK') return date - (((new Date(date).getUTCDay() + 6) % 7) - 7 * move) * DAY;
  if (unit === 'MONTH') return Date.UTC(year, month + move);
  return unit === 'QUARTER' ? Date.UTC(year, month - (month % 3) + 3 * move) : Date.UTC(year + move, 0);
}

const UNITS = { HOURLY: 'DAY', DAILY: 'DAY', WEEKLY: 'WEEK', MONTHLY: 'MONTH' } as const;

/** The starts of all intervals that meet [from, to), and the next one. */
function startsBetween({ startTime, endTime }: ReportWindow, granularity: Granularity, timeZone: string): number[] {
  if (granularity === 'HOURLY') {
    const starts = [lastHour(startTime, timeZone)];
    for (let time = starts[0]! + QUARTER_HOUR; starts.at(-1)! < endTime; time += QUARTER_HOUR)
      if (showsWholeHour(time, timeZone)) starts.push(time);
    return starts;
  }
  let date = unitStart(dateOf(startTime, timeZone), UNITS[granularity]);
  const starts = [midnightOf(date, timeZone)];
  while (starts.at(-1)! < endTime) {
    date = unitStart(date, UNITS[granularity], 1);
    starts.push(midnightOf(date, timeZone));
  }
  return [...new Set(starts)];
}

const anyZone = fc.constantFrom('UTC', ...Intl.supportedValuesOf('timeZone'));
/** Zones with clock changes of half an hour, over midnight or over a day, or with offsets of part of an hour. */
const hardZone = fc.constantFrom(
  ...['Australia/Lord_Howe', 'America/Sao_Paulo', 'Africa/Cairo', 'Asia/Beirut', 'Pacific/Apia', 'Asia/Kolkata'],
  ...['America/St_Johns', 'Asia/Pyongyang', 'America/Caracas', 'Pacific/Chatham', 'Asia/Kathmandu', 'America/Havana'],
);
const zone = fc.oneof(anyZone, hardZone);
const instant = fc.integer({ min: Date.UTC(2000, 0, 2), max: Date.UTC(2037, 11, 31) });
const unit = fc.constantFrom('DAY' as const, 'WEEK' as const, 'MONTH' as const, 'QUARTER' as const, 'YEAR' as const);
const anyRange = fc.record({
  unit,
  count: fc.integer({ min: 1, max: 9 }),
  includeCurrent: fc.boolean(),
  timeZone: zone,
});

// ---------------------------------------------------------------------------------------------------------- zones

describe('a time zone', () => {
  test.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['europe/berlin', 'Europe/Berlin'],
    ['ASIA/KOLKATA', 'Asia/Kolkata'],
    ['us/eastern', 'US/Eastern'],
    ['utc', 'UTC'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
    ['america/port-au-prince', 'America/Port-au-Prince'],
  ])('%s is %s', (name, canonical) => {
    expect(toTimeZone(name)).toBe(canonical);
  });

  test.each(['', ' UTC', 'Mars/Olympus', '+02:00', '+0200', '-05', 'Z', '2026-01-01T00:00Z[UTC]', '__proto__'])(
    'is not "%s"',
    (name) => {
      expect(toTimeZone(name)).toBeNull();
    },
  );

  test('is every name that Intl lists', () => {
    const names = Intl.supportedValuesOf('timeZone');
    expect(names.map(toTimeZone)).toEqual(names);
  });
});

// ------------------------------------------------------------------------------------------------ calendar ranges

describe('a calendar range', () => {
  const NOW = at('2026-03-10T15:40Z');

  test.each<[string, CalendarRange, string, string]>([
    ['the last seven days', calendar('DAY', 7), '2026-03-03T00:00', '2026-03-10T00:00'],
    ['the last week, from Monday', calendar('WEEK', 1), '2026-03-02T00:00', '2026-03-09T00:00'],
    ['the last month', calendar('MONTH', 1), '2026-02-01T00:00', '2026-03-01T00:00'],
    ['the last quarter', calendar('QUARTER', 1), '2025-10-01T00:00', '2026-01-01T00:00'],
    ['the last two years', calendar('YEAR', 2), '2024-01-01T00:00', '2026-01-01T00:00'],
    ['this month so far', calendar('MONTH', 1, 'UTC', true), '2026-03-01T00:00', '2026-03-10T15:00'],
    ['this week and last week', calendar('WEEK', 2, 'UTC', true), '2026-03-02T00:00', '2026-03-10T15:00'],
    ['today in Kolkata', calendar('DAY', 1, 'Asia/Kolkata', true), '2026-03-09T18:30', '2026-03-10T15:30'],
    ['yesterday in Los Angeles', calendar('DAY', 1, 'America/Los_Angeles'), '2026-03-09T07:00', '2026-03-10T07:00'],
    ['the week with a clock change', calendar('DAY', 3, 'America/New_York'), '2026-03-07T05:00', '2026-03-10T04:00'],
  ])('is %s', (_what, range, from, to) => {
    expect(show(resolveCalendarRange(range, NOW))).toBe(`${from} ${to}`);
  });

  test.each<[string, string, string, number]>([
    ['a day of 23 hours', 'Europe/Berlin', '2026-03-30T12:00Z', 23],
    ['a day of 25 hours', 'Europe/Berlin', '2026-10-26T12:00Z', 25],
    ['a day of 24.5 hours', 'Australia/Lord_Howe', '2026-04-06T00:00Z', 24.5],
    ['a day without midnight in São Paulo', 'America/Sao_Paulo', '2017-10-16T12:00Z', 23],
    ['a day without midnight in Cairo', 'Africa/Cairo', '2026-04-25T12:00Z', 23],
    ['a day without midnight in Beirut', 'Asia/Beirut', '2026-03-30T12:00Z', 23],
  ])('has %s', (_what, timeZone, now, hours) => {
    const { startTime, endTime } = resolveCalendarRange(calendar('DAY', 1, timeZone), at(now));
    expect((endTime - startTime) / HOUR).toBe(hours);
  });

  test('continues after a day that the zone skipped', () => {
    const yesterday = resolveCalendarRange(calendar('DAY', 1, 'Pacific/Apia'), at('2011-12-31T12:00Z'));
    expect(show(yesterday)).toBe('2011-12-30T10:00 2011-12-31T10:00');
  });

  test('so far ends with the running hour when no hour is full', () => {
    const now = at('2026-03-01T00:20Z');
    expect(show(resolveCalendarRange(calendar('MONTH', 1, 'UTC', true), now))).toBe(
      '2026-03-01T00:00 2026-03-01T01:00',
    );
    expect(show(resolveCalendarRange(calendar('MONTH', 2, 'UTC', true), now))).toBe(
      '2026-02-01T00:00 2026-03-01T00:00',
    );
  });

  test.each([0, -1, 1.5, 1e9, NaN, Infinity])('is not %d units long', (count) => {
    expect(() => resolveCalendarRange(calendar('MONTH', count), NOW)).toThrow(
      new TimeRangeError('count', 'must be 1 to 120 for MONTH: a range covers at most ten years.'),
    );
  });

  test('equals the reference for its zone', () => {
    fc.assert(
      fc.property(anyRange, instant, (range, now) => {
        const { unit, count, includeCurrent, timeZone } = range;
        const today = dateOf(now, timeZone);
        const startTime = midnightOf(unitStart(today, unit, includeCurrent ? 1 - count : -count), timeZone);
        let endTime = includeCurrent ? lastHour(now, timeZone) : midnightOf(unitStart(today, unit), timeZone);
        while (endTime <= startTime || !showsWholeHour(endTime, timeZone)) endTime += QUARTER_HOUR;
        expect(resolveCalendarRange(range, now)).toEqual({ startTime, endTime });
      }),
      { numRuns: propertyRuns(600) },
    );
  });
});

// ------------------------------------------------------------------------------------------------------ baselines

describe('a baseline', () => {
  const NOW = at('2026-03-10T15:40Z');

  test.each<[string, CalendarRange, BaselineShift, string, string]>([
    ['January for February', calendar('MONTH', 1), 'PREVIOUS_PERIOD', '2026-01-01T00:00', '2026-02-01T00:00'],
    ['the week before', calendar('DAY', 7), 'PREVIOUS_PERIOD', '2026-02-24T00:00', '2026-03-03T00:00'],
    ['the month before', calendar('MONTH', 1), 'MONTH_BEFORE', '2026-01-01T00:00', '2026-02-01T00:00'],
    ['the year before', calendar('MONTH', 1), 'YEAR_BEFORE', '2025-02-01T00:00', '2025-03-01T00:00'],
    ['the quarter before', calendar('QUARTER', 1), 'PREVIOUS_PERIOD', '2025-07-01T00:00', '2025-10-01T00:00'],
    [
      'the same part of last month',
      calendar('MONTH', 1, 'UTC', true),
      'PREVIOUS_PERIOD',
      '2026-02-01T00:00',
      '2026-02-10T15:00',
    ],
    [
      'the same part of last week',
      calendar('WEEK', 1, 'UTC', true),
      'PREVIOUS_PERIOD',
      '2026-03-02T00:00',
      '2026-03-03T15:00',
    ],
    [
      'the same part of last year',
      calendar('YEAR', 1, 'UTC', true),
      'PREVIOUS_PERIOD',
      '2025-01-01T00:00',
      '2025-03-10T15:00',
    ],
    ['in its zone', calendar('DAY', 1, 'America/New_York'), 'WEEK_BEFORE', '2026-03-02T05:00', '2026-03-03T05:00'],
  ])('is %s', (_what, range, shift, from, to) => {
    expect(show(baselineOf(resolveCalendarRange(range, NOW), shift, range))).toBe(`${from} ${to}`);
  });

  test('ends with the month when the month has no such day', () => {
    const range = calendar('MONTH', 1, 'UTC', true);
    const soFar = resolveCalendarRange(range, at('2026-03-30T10:00Z'));
    expect(show(baselineOf(soFar, 'PREVIOUS_PERIOD', range))).toBe('2026-02-01T00:00 2026-03-01T00:00');
  });

  test('of the day after a skipped day is the day before the skipped one', () => {
    // Samoa had no 30th of December 2011.
    const window = { startTime: Date.UTC(2011, 11, 30, 10), endTime: Date.UTC(2011, 11, 31, 10) };
    const baseline = baselineOf(window, 'PREVIOUS_PERIOD', calendar('DAY', 1, 'Pacific/Apia'));
    expect(show(baseline)).toBe('2011-12-29T10:00 2011-12-30T10:00');
  });

  test.each<[string, ReportWindow, BaselineShift, string, string]>([
    [
      'the same length before',
      window('2026-03-01T10:00Z', '2026-03-01T12:30Z'),
      'PREVIOUS_PERIOD',
      '2026-03-01T07:30',
      '2026-03-01T10:00',
    ],
    [
      'a week before',
      window('2026-03-01T10:00Z', '2026-03-02T00:00Z'),
      'WEEK_BEFORE',
      '2026-02-22T10:00',
      '2026-02-23T00:00',
    ],
    [
      'a whole month',
      window('2026-03-01T00:00Z', '2026-04-01T00:00Z'),
      'MONTH_BEFORE',
      '2026-02-01T00:00',
      '2026-03-01T00:00',
    ],
    [
      'from the last day on',
      window('2026-03-31T10:00Z', '2026-04-15T00:00Z'),
      'MONTH_BEFORE',
      '2026-02-28T10:00',
      '2026-03-15T00:00',
    ],
    [
      'up to the last day',
      window('2026-03-01T00:00Z', '2026-03-30T10:00Z'),
      'MONTH_BEFORE',
      '2026-02-01T00:00',
      '2026-02-28T10:00',
    ],
    [
      'the last day for a missing one',
      window('2026-03-30T00:00Z', '2026-03-31T00:00Z'),
      'MONTH_BEFORE',
      '2026-02-28T00:00',
      '2026-03-01T00:00',
    ],
    [
      '28 February for 29 February',
      window('2024-02-29T00:00Z', '2024-03-01T00:00Z'),
      'YEAR_BEFORE',
      '2023-02-28T00:00',
      '2023-03-01T00:00',
    ],
    [
      'never empty',
      window('2026-03-29T12:00Z', '2026-03-30T10:00Z'),
      'MONTH_BEFORE',
      '2026-02-28T12:00',
      '2026-03-01T10:00',
    ],
  ])('of a window is %s', (_what, current, shift, from, to) => {
    expect(show(baselineOf(current, shift))).toBe(`${from} ${to}`);
  });

  test('of a day that began at one o’clock begins at midnight', () => {
    const range = calendar('DAY', 1, 'Africa/Cairo');
    const day = resolveCalendarRange(range, at('2026-04-25T12:00Z'));
    const baseline = baselineOf(day, 'WEEK_BEFORE', range);
    expect(show(baseline)).toBe('2026-04-16T22:00 2026-04-17T22:00');
    expect(haveSameLength(day, baseline, range.timeZone)).toBe(true);
  });

  test('has the same number of whole days or whole months, or the same duration', () => {
    const same = (a: ReportWindow, b: ReportWindow, timeZone = 'UTC') => haveSameLength(a, b, timeZone);
    const february = window('2026-02-01T00:00Z', '2026-03-01T00:00Z');
    expect(same(february, window('2026-01-01T00:00Z', '2026-02-01T00:00Z'))).toBe(true);
    expect(same(february, window('2026-01-02T00:00Z', '2026-02-02T00:00Z'))).toBe(false);
    expect(same(february, window('2026-01-01T05:00Z', '2026-01-29T05:00Z'))).toBe(true);
    expect(
      same(
        window('2026-03-28T23:00Z', '2026-03-29T22:00Z'),
        window('2026-03-27T23:00Z', '2026-03-28T23:00Z'),
        'Europe/Berlin',
      ),
    ).toBe(true);
    expect(
      same(window('2026-03-01T00:00Z', '2026-03-01T02:00Z'), window('2026-02-01T00:00Z', '2026-02-01T01:00Z')),
    ).toBe(false);
  });

  test('in the input must not overlap the window', () => {
    const march = window('2026-03-01T00:00Z', '2026-04-01T00:00Z');
    expect(() => {
      assertNoOverlap(march, window('2026-02-01T00:00Z', '2026-03-01T00:00:00.001Z'));
    }).toThrow('must not overlap');
    assertNoOverlap(march, window('2026-02-01T00:00Z', '2026-03-01T00:00Z'));
  });

  test('of a whole range has the same length, ends at the start of the range, and adjoins the previous baseline', () => {
    fc.assert(
      fc.property(anyRange, instant, (range, now) => {
        const whole = { ...range, includeCurrent: false };
        const current = resolveCalendarRange(whole, now);
        const baseline = baselineOf(current, 'PREVIOUS_PERIOD', whole);
        expect(baseline.endTime).toBe(current.startTime);
        expect(baseline).toEqual(resolveCalendarRange(whole, current.startTime));
      }),
      { numRuns: propertyRuns(600) },
    );
  });

  test('has the local times of the window, days or months earlier', () => {
    const shift = fc.constantFrom('WEEK_BEFORE' as const, 'MONTH_BEFORE' as const, 'YEAR_BEFORE' as const);
    fc.assert(
      fc.property(zone, instant, fc.integer({ min: 1, max: 60 * DAY }), shift, (timeZone, startTime, length, by) => {
        const range = calendar('DAY', 1, timeZone);
        const current = { startTime, endTime: startTime + length };
        const moved = baselineOf(current, by, range);
        expect(moved.endTime).toBeGreaterThan(moved.startTime);
        const shown = localTime(startTime, timeZone);
        const date = new Date(shown);
        if (by === 'WEEK_BEFORE') date.setUTCDate(date.getUTCDate() - 7);
        else {
          const day = date.getUTCDate();
          date.setUTCMonth(date.getUTCMonth() - (by === 'MONTH_BEFORE' ? 1 : 12));
          // JavaScript continues into the next month.
          if (date.getUTCDate() !== day) date.setUTCDate(0);
        }
        const difference = localTime(moved.startTime, timeZone) - date.getTime();
        // A local time that is skipped becomes a later one.
        if (difference !== 0) expect(wasSkipped(date.getTime(), timeZone)).toBe(true);
      }),
      { numRuns: propertyRuns(1_500) },
    );
  });
});

function wasSkipped(local: number, timeZone: string): boolean {
  const shown = Math.floor(local / QUARTER_HOUR) * QUARTER_HOUR;
  for (let time = shown - 16 * HOUR; time < shown + 16 * HOUR; time += QUARTER_HOUR)
    if (Math.floor(localTime(time, timeZone) / QUARTER_HOUR) * QUARTER_HOUR === shown) return false;
  return true;
}

// ------------------------------------------------------------------------------------------------------ intervals

describe('the intervals of a series', () => {
  const NOW = at('2026-03-10T15:40Z');
  const send = (options: Partial<IntervalOptions>, now = NOW) =>
    splitIntoIntervals({ granularity: 'DAILY', timeZone: 'UTC', maxIntervals: 100, ...options }, now);

  test.each<[Granularity, number, string, string, boolean]>([
    ['HOURLY', 48, '2026-03-08T15:00', '2026-03-10T14:00 2026-03-10T15:00', false],
    ['DAILY', 31, '2026-02-08T00:00', '2026-03-10T00:00 2026-03-10T15:00', true],
    ['WEEKLY', 13, '2025-12-15T00:00', '2026-03-09T00:00 2026-03-10T15:00', true],
    ['MONTHLY', 13, '2025-03-01T00:00', '2026-03-01T00:00 2026-03-10T15:00', true],
  ])('%s are by default %d, and end at the last full hour', (granularity, count, first, last, isPartial) => {
    const intervals = send({ granularity });
    expect(intervals).toHaveLength(count);
    expect(show(intervals[0]!).split(' ')[0]).toBe(first);
    expect(show(intervals.at(-1)!)).toBe(last);
    expect(intervals.at(-1)).toMatchObject({ isPartial, isRunning: isPartial });
    expect(intervals.slice(0, -1).every((each) => !each.isPartial && !each.isRunning)).toBe(true);
  });

  test('end with yesterday in the first hour of a day', () => {
    const intervals = send({}, at('2026-03-10T00:20Z'));
    expect(intervals).toHaveLength(30);
    expect(intervals.at(-1)).toMatchObject({ ...window('2026-03-09T00:00Z', '2026-03-10T00:00Z'), isPartial: false });
  });

  test('cover the running hour in the first hour of a month so far', () => {
    const range = { calendar: calendar('MONTH', 1, 'UTC', true) };
    const intervals = send({ range }, at('2026-03-01T00:20Z'));
    expect(intervals).toEqual([
      { ...window('2026-03-01T00:00Z', '2026-03-01T01:00Z'), isPartial: true, isRunning: true },
    ]);
  });

  test('begin with a whole interval, and end with the window', () => {
    const range = { between: window('2026-01-01T10:30Z', '2026-01-03T15:30Z') };
    expect(send({ range }).map((each) => [show(each), each.isPartial])).toEqual([
      ['2026-01-01T00:00 2026-01-02T00:00', false],
      ['2026-01-02T00:00 2026-01-03T00:00', false],
      ['2026-01-03T00:00 2026-01-03T15:30', true],
    ]);
  });

  test('do not extend into the future', () => {
    const range = { between: window('2026-03-09T00:00Z', '2026-06-01T00:00Z') };
    expect(send({ range }).map(show)).toEqual([
      '2026-03-09T00:00 2026-03-10T00:00',
      '2026-03-10T00:00 2026-03-10T15:00',
    ]);
  });

  test('are hours of the zone, and days of 23 and 25 hours', () => {
    const hours = send({ granularity: 'HOURLY', timeZone: 'Asia/Kolkata', range: { lastMs: 2 * HOUR } });
    expect(hours.map(show)).toEqual(['2026-03-10T13:30 2026-03-10T14:30', '2026-03-10T14:30 2026-03-10T15:30']);
    const berlin = (from: string, to: string) =>
      send({ timeZone: 'Europe/Berlin', range: { between: window(from, to) } }, at('2027-01-01T00:00Z'));
    expect(show(berlin('2026-03-28T23:00Z', '2026-03-29T22:00Z')[0]!)).toBe('2026-03-28T23:00 2026-03-29T22:00');
    expect(show(berlin('2026-10-24T22:00Z', '2026-10-25T23:00Z')[0]!)).toBe('2026-10-24T22:00 2026-10-25T23:00');
  });

  test.each<[string, Partial<IntervalOptions>, string, string]>([
    [
      'too many hours',
      { granularity: 'HOURLY', range: { lastMs: 3_650 * DAY } },
      'granularity',
      'must split the time range into at most 100 intervals, and HOURLY makes 87600; use a shorter time range.',
    ],
    [
      'too many days',
      { range: { lastMs: 101 * DAY } },
      'granularity',
      'must split the time range into at most 100 intervals, and DAILY makes 102; use WEEKLY, or a shorter time range.',
    ],
    [
      'one interval too many',
      { range: { calendar: calendar('DAY', 101) } },
      'granularity',
      'must split the time range into at most 100 intervals, and DAILY makes 101; use WEEKLY, or a shorter time range.',
    ],
    [
      'longer than the range',
      { granularity: 'WEEKLY', range: { lastMs: DAY } },
      'granularity',
      'must not be longer than the time range; use DAILY, or a longer time range.',
    ],
    [
      'longer than the month so far',
      { granularity: 'WEEKLY', range: { calendar: calendar('DAY', 6, 'UTC', true) } },
      'granularity',
      'must not be longer than the time range; use DAILY, or a longer time range.',
    ],
    [
      'less than an hour',
      { granularity: 'HOURLY', range: { lastMs: HOUR / 2 } },
      'granularity',
      'must not be longer than the time range; use a longer time range.',
    ],
    [
      'the future',
      { range: { between: window('2026-04-01T00:00Z', '2026-05-01T00:00Z') } },
      '',
      'must begin in the past: there are no costs of the future.',
    ],
    [
      'no count',
      { range: { calendar: calendar('DAY', 0) } },
      'count',
      'must be 1 to 3653 for DAY: a range covers at most ten years.',
    ],
  ])('are refused for %s', (_what, options, field, rule) => {
    expect(() => send(options)).toThrow(new TimeRangeError(field as TimeRangeError['field'], rule));
  });

  test('may have the maximum number', () => {
    expect(send({ range: { calendar: calendar('DAY', 100) } })).toHaveLength(100);
    // 100 hours, one of which has 90 minutes.
    const range = { between: window('2026-04-04T09:00Z', '2026-04-08T13:30Z') };
    expect(
      send({ granularity: 'HOURLY', timeZone: 'Australia/Lord_Howe', range }, at('2026-05-01T00:00Z')),
    ).toHaveLength(100);
  });

  test('of this month by week are allowed from the first day of the month', () => {
    const range = { calendar: calendar('MONTH', 1, 'UTC', true) };
    expect(send({ granularity: 'WEEKLY', range }, at('2026-03-01T10:00Z'))).toHaveLength(1);
  });

  test('equal the reference for the zone', () => {
    const hours = fc.integer({ min: 1, max: 40 * 24 }).map((count) => count * HOUR);
    const anyOptions = fc.record({ granularity: fc.constantFrom(...GRANULARITIES), timeZone: zone, lastMs: hours });
    fc.assert(
      fc.property(anyOptions, instant, fc.boolean(), ({ granularity, timeZone, lastMs }, now, isOver) => {
        const requested = { startTime: now - lastMs, endTime: now };
        const nowMs = isOver ? now + 60 * DAY : now;
        const longest = { HOURLY: 1, DAILY: 24, WEEKLY: 168, MONTHLY: 672 }[granularity] * HOUR;
        fc.pre(lastMs >= longest && lastMs <= 100 * longest);
        const endTime = isOver ? now : lastHour(now, timeZone);
        const starts = startsBetween({ ...requested, endTime }, granularity, timeZone);
        const expected = starts.slice(0, -1).map((startTime, index) => {
          const end = starts[index + 1]!;
          const isRunning = end > nowMs;
          return { startTime, endTime: Math.min(end, endTime), isRunning, isPartial: end > endTime };
        });
        const found = send({ granularity, timeZone, range: { between: requested }, maxIntervals: 1_000 }, nowMs);
        expect(found).toEqual(expected);
        const counted = countIntervals({ ...requested, endTime }, granularity, timeZone);
        expect([0, 1]).toContain(counted - found.length);
        if (granularity !== 'HOURLY' && timeZone !== 'Pacific/Apia') expect(counted).toBe(found.length);
      }),
      { numRuns: propertyRuns(300) },
    );
  });
});

// ---------------------------------------------------------------------------------------------------------- state

describe('the state of a window', () => {
  const NOW = at('2026-03-10T15:40Z');
  const state = (endTime: number, isOpenEnded = false) =>
    windowState({ startTime: 0, endTime }, { isOpenEnded, settledAfterMs: 7 * DAY }, NOW);

  test.each([
    ['RUNNING', 'in the future', NOW + DAY],
    ['RUNNING', 'less than an hour ago', NOW - HOUR + 1],
    ['SETTLING', 'an hour ago', NOW - HOUR],
    ['SETTLING', 'less than seven days ago', NOW - 7 * DAY + 1],
    ['SETTLED', 'seven days ago', NOW - 7 * DAY],
  ])('is %s when it ended %s', (expected, _when, endTime) => {
    expect(state(endTime)).toBe(expected);
  });

  test('is RUNNING when the range is not over', () => {
    expect(state(NOW - 2 * HOUR, true)).toBe('RUNNING');
  });

  test('is refused when it begins in the future', () => {
    expect(() => {
      assertBegun({ startTime: NOW, endTime: NOW + 1 }, NOW);
    }).toThrow('must begin in the past');
    assertBegun({ startTime: NOW - 1, endTime: NOW + 1 }, NOW);
  });
});
