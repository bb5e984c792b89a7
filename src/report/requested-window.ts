// Compares the window of a response with the one that was requested, and stands in for a window that is missing.

import type { ReportData } from './report-data.js';
import type { ReportRequest } from './request.js';
import { warnOnce } from './warnings.js';
import type { ReportWindow } from './window.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const UNIT_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** How far an end may be off: ScaleOps may count in whole minutes. */
const MAX_END_DIFFERENCE_MS = MINUTE_MS;

/** By the documentation of ScaleOps; that of the workload report names none. */
const DEFAULT_AGGREGATED_RANGE = '7d';

/**
 * The report as the answer to `request`: a missing window becomes the requested one where that is known, and another
 * window is a WINDOW_MISMATCH.
 * @param receivedAt when the response arrived, in milliseconds since the Unix epoch: the end of a `range`.
 */
export function checkAgainstRequest(data: ReportData, request: ReportRequest, receivedAt: number): ReportData {
  const { window } = data;
  // A row of an aggregated report is a group. Groups may name the same workload and still differ.
  const warnings =
    request.report === 'workloads' ? data.warnings : data.warnings.filter(({ code }) => code !== 'DUPLICATE_ROW');
  if (window === null) return { ...data, warnings, window: findRequestedWindow(request, receivedAt) };
  return isRequested(window, request, receivedAt)
    ? { ...data, warnings }
    : { ...data, warnings: [warnOnce('WINDOW_MISMATCH', 'window'), ...warnings] };
}

function findRequestedWindow(request: ReportRequest, receivedAt: number): ReportWindow | null {
  const bounds = toBounds(request);
  if (bounds !== undefined) return bounds;
  const lengthMs = requestedLengthMs(request);
  return lengthMs === undefined ? null : { startTime: receivedAt - lengthMs, endTime: receivedAt };
}

/** Whether a window is the requested one, as far as one was requested. */
function isRequested({ startTime, endTime }: ReportWindow, request: ReportRequest, receivedAt: number): boolean {
  const bounds = toBounds(request);
  if (bounds !== undefined) {
    const differences = [startTime - bounds.startTime, endTime - bounds.endTime];
    return differences.every((difference) => Math.abs(difference) <= MAX_END_DIFFERENCE_MS);
  }
  const lengthMs = requestedLengthMs(request);
  if (lengthMs === undefined) return true;
  const isAsLong = Math.abs(endTime - startTime - lengthMs) <= maxLengthDifferenceMs(lengthMs);
  return isAsLong && Math.abs(endTime - receivedAt) <= maxLagMs(lengthMs);
}

/** The length of the `range` that a request names, or that ScaleOps documents as its default. */
function requestedLengthMs(request: ReportRequest): number | undefined {
  if (request.report === 'workloads') return rangeToMs(request.range);
  const hasTime = request.from !== undefined || request.to !== undefined;
  return rangeToMs(request.range ?? (hasTime ? undefined : DEFAULT_AGGREGATED_RANGE));
}

/**
 * How far the length of a `range` may be off: an hour, by which days with a change of the clock differ; less for a short
 * range, and 1 % of a long one, at most a day: ScaleOps may round its ends to whole hours or intervals.
 */
function maxLengthDifferenceMs(lengthMs: number): number {
  return Math.min(DAY_MS, Math.max(Math.min(HOUR_MS, lengthMs / 10), lengthMs / 100));
}

/**
 * How far the end of a `range` may be from the present, before or after it: ScaleOps may count in whole days and lag two
 * hours behind. A range of hours is not counted in whole days, so it may lag by its own length instead of a day.
 */
function maxLagMs(lengthMs: number): number {
  return 2 * HOUR_MS + Math.min(DAY_MS, lengthMs);
}

function toBounds(request: ReportRequest): ReportWindow | undefined {
  if (request.report !== 'aggregated' || request.from === undefined || request.to === undefined) return undefined;
  return { startTime: request.from, endTime: request.to };
}

/** The length of a range such as "7d", in milliseconds. */
export function rangeToMs(range: string | undefined): number | undefined {
  const [, count, unit = ''] = /^(\d+)([mhd])$/.exec(range ?? '') ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}
