// Loads the reports of a time series, one per interval. An interval whose report fails, or is not there in time, is
// without a report; the others are answered. A series without any report fails.

import { UpstreamError, UserInputError } from '../errors.js';
import type { GatewayContext } from '../loaders/context.js';
import { limitValidity } from '../loaders/load-stats.js';
import { toError, type LoadedReport } from '../loaders/report-loader.js';
import { toOpaqueId } from '../report/opaque-id.js';
import { toRequestKey, type AggregatedCostsRequest } from '../report/request.js';
import { splitIntoIntervals, type Interval, type SeriesRange } from '../report/time/intervals.js';
import { CALENDAR_UNITS, type Granularity } from '../report/time/granularity.js';
import { TimeRangeError } from '../report/time/time-range-error.js';
import type { ReportWindow } from '../report/window.js';
import { assertAllowed } from './inputs/authorize.js';
import { describeWindow, type DescribedWindow } from './types/window.js';

interface SeriesInput {
  /** The request without its time. */
  readonly request: AggregatedCostsRequest;
  readonly range: SeriesRange | undefined;
  readonly granularity: Granularity;
  readonly timeZone: string;
}

/** An interval with its report, or with the error of its report. */
export interface LoadedInterval {
  readonly window: DescribedWindow;
  readonly isPartial: boolean;
  readonly loaded: LoadedReport | Error;
}

export interface LoadedSeries {
  /** Names the question: the same for the same request, granularity and window. */
  readonly id: string;
  /** The request of the reports, without its time. */
  readonly request: AggregatedCostsRequest;
  readonly window: DescribedWindow;
  readonly intervals: readonly LoadedInterval[];
  /** One per interval; null for an interval without a report. */
  readonly reports: readonly (LoadedReport['report'] | null)[];
}

/** What is left of an operation's time for the answer, once the reports are there: a tenth, at most a second. */
const ANSWER_TIME_RATIO = 0.1;
const MAX_ANSWER_TIME_MS = 1_000;

/** @throws UserInputError for a range or a granularity that breaks a rule. */
export async function loadSeries(input: SeriesInput, context: GatewayContext): Promise<LoadedSeries> {
  const { request, range, granularity, timeZone } = input;
  const { windows, maxIntervals, permissions } = context;
  const nowMs = windows.nowMs();
  assertAllowed(permissions, request);
  const split = inInputs(() => splitIntoIntervals({ range, granularity, timeZone, maxIntervals }, nowMs));
  limitValidity(context.stats, nowMs);
  const loaded = await loadAll(input, split, context);
  assertAnyReport(loaded);
  // Where the selection has no `report`, a failed interval leaves no error that would keep the response out of caches.
  if (loaded.some((each) => each.loaded instanceof Error)) context.stats.validUntilMs = nowMs;
  const whole = { startTime: split[0]?.startTime ?? nowMs, endTime: split.at(-1)?.endTime ?? nowMs };
  return {
    id: toSeriesId(input, whole),
    request,
    window: describeWindow(whole, split.at(-1)?.isRunning === true, windows),
    intervals: loaded.map((each) => ({
      window: describeWindow(each.interval, each.interval.isRunning, windows),
      isPartial: each.interval.isPartial,
      loaded: each.loaded,
    })),
    reports: loaded.map((each) => (each.loaded instanceof Error ? null : each.loaded.report)),
  };
}

/**
 * Loads the reports, as many as come in time, and an older one in place of one that does not. An error that ends the
 * operation is thrown.
 */
async function loadAll(
  { request, granularity, timeZone }: SeriesInput,
  intervals: readonly Interval[],
  { loaders, budget, remainingMs, startDeadline }: GatewayContext,
) {
  const leftMs = remainingMs();
  const timeoutMs = leftMs - Math.min(MAX_ANSWER_TIME_MS, ANSWER_TIME_RATIO * leftMs);
  const deadline = startDeadline(timeoutMs, () => new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'deadline' }));
  const loadInTime = async (each: AggregatedCostsRequest): Promise<LoadedReport | Error> => {
    const load = loaders.interval.load(each);
    try {
      return load instanceof Promise ? await deadline.race(load) : load;
    } catch (error) {
      const isLate = error instanceof UpstreamError && error === deadline.signal.reason;
      return (isLate ? await loaders.interval.loadIfError(each, error) : undefined) ?? toError(error);
    }
  };
  try {
    return await Promise.all(
      intervals.map(async (interval) => {
        const loaded = await loadInTime({ ...request, from: interval.startTime, to: interval.endTime });
        if (loaded instanceof Error || granularity === 'HOURLY') return { interval, loaded };
        // An interval is compared with the day, week or month before it, as the range of a single report is.
        const calendar = { unit: CALENDAR_UNITS[granularity], count: 1, includeCurrent: interval.isPartial, timeZone };
        return { interval, loaded: { ...loaded, calendar } };
      }),
    );
  } finally {
    deadline.end();
    if (budget.exceeded !== undefined) throw budget.exceeded;
  }
}

/** A series without any report would look like one without costs. @throws the error of the first interval. */
function assertAnyReport(intervals: readonly Pick<LoadedInterval, 'loaded'>[]): void {
  const [first] = intervals;
  if (first?.loaded instanceof Error && intervals.every(({ loaded }) => loaded instanceof Error)) throw first.loaded;
}

/** Adds the path of the input to an error about time. @throws UserInputError */
function inInputs<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TimeRangeError)) throw error;
    throw new UserInputError(error.field === 'granularity' ? 'granularity' : 'filter.timeRange', error.rule);
  }
}

function toSeriesId({ request, granularity, timeZone }: SeriesInput, { startTime, endTime }: ReportWindow): string {
  return toOpaqueId(JSON.stringify([toRequestKey(request), granularity, timeZone, startTime, endTime]));
}
