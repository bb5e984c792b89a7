// Compares the window of a response with the requested window.

import type { ReportData } from './report-data.js';
import type { AggregatedCostsRequest, ReportRequest } from './request.js';
import { warnOnce } from './warnings.js';
import { HOUR_MS, type ReportWindow } from './window.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
const UNIT_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** How far a start or an end may be off: ScaleOps may count in whole minutes. */
const MAX_END_DIFFERENCE_MS = MINUTE_MS;

/** As ScaleOps documents. The workload report has no documented default. */
const DEFAULT_AGGREGATED_RANGE = '7d';

/**
 * The report as the response to `request`: the requested window stands in for a missing one, and another window is a
 * WINDOW_MISMATCH.
 * @param receivedAt when the response arrived, in milliseconds since the Unix epoch: the end of a `range`.
 */
export function checkAgainstRequest(data: ReportData, request: ReportRequest, receivedAt: number): ReportData {
  // A row of an aggregated report is a group. Groups may name the same workload and still differ.
  const warnings =
    request.report === 'workloads' ? data.warnings : data.warnings.filter(({ code }) => code !== 'DUPLICATE_ROW');
  const requested = findRequestedWindow(request, receivedAt);
  const window = data.window ?? requested;
  if (window === null || requested === null || isRequested(window, requested, hasBounds(request)))
    return { ...data, warnings, window };
  return { ...data, warnings: [warnOnce('WINDOW_MISMATCH', 'window'), ...warnings] };
}

function hasBounds(request: ReportRequest): request is AggregatedCostsRequest & { from: number; to: number } {
  return request.report === 'aggregated' && request.from !== undefined && request.to !== undefined;
}

/** Null when neither the request nor ScaleOps' documentation names a window. */
function findRequestedWindow(request: ReportRequest, receivedAt: number): ReportWindow | null {
  if (hasBounds(request)) return { startTime: request.from, endTime: request.to };
  const hasDefault = request.report === 'aggregated' && request.from === undefined && request.to === undefined;
  const lengthMs = rangeToMs(request.range ?? (hasDefault ? DEFAULT_AGGREGATED_RANGE : undefined));
  return lengthMs === undefined ? null : { startTime: receivedAt - lengthMs, endTime: receivedAt };
}

function isRequested({ startTime, endTime }: ReportWindow, requested: ReportWindow, isExact: boolean): boolean {
  const endDifferenceMs = Math.abs(endTime - requested.endTime);
  if (isExact) return Math.max(endDifferenceMs, Math.abs(startTime - requested.startTime)) <= MAX_END_DIFFERENCE_MS;
  const lengthMs = requested.endTime - requested.startTime;
  const lengthDifferenceMs = Math.abs(endTime - startTime - lengthMs);
  return endDifferenceMs <= maxLagMs(lengthMs) && lengthDifferenceMs <= maxLengthDifferenceMs(lengthMs);
}

/**
 * How far the length of a `range` may be off: an hour, as a day with a clock change has 23 or 25; less for a short range,
 * and 1 % of a long one, at most a day, as ScaleOps may round to whole hours or intervals.
 */
function maxLengthDifferenceMs(lengthMs: number): number {
  return Math.min(DAY_MS, Math.max(Math.min(HOUR_MS, lengthMs / 10), lengthMs / 100));
}

/**
 * How far the end of a `range` may be from the present: ScaleOps may count in whole days and lag two hours behind. A range
 * of hours is not counted in whole days, so its own length takes the place of a day.
 */
function maxLagMs(lengthMs: number): number {
  return 2 * HOUR_MS + Math.min(DAY_MS, lengthMs);
}

/** The length of a range such as "7d", in milliseconds. */
export function rangeToMs(range: string | undefined): number | undefined {
  const [, count, unit = ''] = /^(\d+)([mhd])$/.exec(range ?? '') ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}
