// Loads the reports of a time series, one per interval. An interval has no report when it fails or takes too long; the
// others have theirs. A series without any report fails.

import { UpstreamError } from '../errors.js';
import type { GatewayContext } from '../loaders/context.js';
import { limitValidity } from '../loaders/load-stats.js';
import { toError, type LoadedReport } from '../loaders/report-loader.js';
import { toOpaqueId } from '../report/opaque-id.js';
import { toRequestKey, type AggregatedCostsRequest } from '../report/request.js';
import { splitIntoIntervals, type Interval, type SeriesRange } from '../report/time/intervals.js';
import { CALENDAR_UNITS, type Granularity } from '../report/time/granularity.js';
import { assertAllowed } from './inputs/authorize.js';
import { prefixErrorPath } from './inputs/time-range.js';
import { describeWindow, type DescribedWindow } from './types/window.js';

interface SeriesInput {
  /** The request without its time. */
  readonly request: AggregatedCostsRequest;
  readonly range: SeriesRange | undefined;
  readonly granularity: Granularity;
  readonly timeZone: string;
}

export interface LoadedInterval {
  readonly window: DescribedWindow;
  readonly isPartial: boolean;
  readonly loaded: LoadedReport | Error;
}

export interface LoadedSeries {
  /** The same for the same request, granularity and window. */
  readonly id: string;
  readonly request: AggregatedCostsRequest;
  readonly window: DescribedWindow;
  readonly intervals: readonly LoadedInterval[];
  /** One per interval; null for an interval without a report. */
  readonly reports: readonly (LoadedReport['report'] | null)[];
}

/** The share of an operation's time that is reserved for the response, after the reports were loaded. */
const RESPONSE_TIME_RATIO = 0.1;
const MAX_RESPONSE_TIME_MS = 1_000;

/** @throws UserInputError that names the range or the granularity; UpstreamError when all reports fail. */
export async function loadSeries(input: SeriesInput, context: GatewayContext): Promise<LoadedSeries> {
  const { request, range, granularity, timeZone } = input;
  const { windowClock, maxIntervals, permissions } = context;
  const nowMs = windowClock.nowMs();
  assertAllowed(permissions, request);
  const split = prefixErrorPath('filter.timeRange', () =>
    splitIntoIntervals({ range, granularity, timeZone, maxIntervals }, nowMs),
  );
  limitValidity(context.stats, nowMs);
  const intervals = await loadAll(input, split, context);
  const errors = intervals.map(({ loaded }) => loaded).filter((loaded) => loaded instanceof Error);
  // A series without any report would look like one without costs.
  if (errors.length === intervals.length && errors[0] !== undefined) throw errors[0];
  // Without `report` in the selection, a failed interval is no error that would keep the response out of caches.
  if (errors.length > 0) context.stats.validUntilMs = nowMs;
  const last = split.at(-1);
  const whole = { startTime: split[0]?.startTime ?? nowMs, endTime: last?.endTime ?? nowMs };
  return {
    id: toOpaqueId(JSON.stringify([toRequestKey(request), granularity, timeZone, whole.startTime, whole.endTime])),
    request,
    window: describeWindow(whole, last?.isRunning === true, windowClock),
    intervals,
    reports: intervals.map(({ loaded }) => (loaded instanceof Error ? null : loaded.report)),
  };
}

/** Loads the report of each interval, or an older one when it takes too long. @throws the error that ends the operation. */
async function loadAll(
  { request, granularity, timeZone }: SeriesInput,
  intervals: readonly Interval[],
  { loaders, budget, windowClock, remainingMs, startDeadline }: GatewayContext,
): Promise<readonly LoadedInterval[]> {
  const operationMs = remainingMs();
  const timeoutMs = operationMs - Math.min(MAX_RESPONSE_TIME_MS, RESPONSE_TIME_RATIO * operationMs);
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
        const { startTime: from, endTime: to, isPartial, isRunning } = interval;
        const loaded = await loadInTime({ ...request, from, to });
        // `comparison` of an interval is with the day, week or month before it.
        const unit = granularity === 'HOURLY' ? undefined : CALENDAR_UNITS[granularity];
        const calendar = unit && { unit, count: 1, includeCurrent: isPartial, timeZone };
        const window = describeWindow(interval, isRunning, windowClock);
        return { window, isPartial, loaded: loaded instanceof Error ? loaded : { ...loaded, calendar } };
      }),
    );
  } finally {
    deadline.end();
    if (budget.exceeded !== undefined) throw budget.exceeded;
  }
}
