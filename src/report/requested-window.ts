// Compares the window of a response with the one that was requested, and stands in for a window that is missing.

import type { ReportData } from './report-data.js';
import type { ReportRequest } from './request.js';
import { warnOnce } from './warnings.js';
import type { ReportWindow } from './window.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const UNIT_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: 24 * HOUR_MS };

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
  return isRequested(window, request)
    ? { ...data, warnings }
    : { ...data, warnings: [warnOnce('WINDOW_MISMATCH', 'window'), ...warnings] };
}

function findRequestedWindow(request: ReportRequest, receivedAt: number): ReportWindow | null {
  const bounds = toBounds(request);
  if (bounds !== undefined) return bounds;
  const lengthMs = toMs(request.range ?? (request.report === 'aggregated' ? DEFAULT_AGGREGATED_RANGE : undefined));
  return lengthMs === undefined ? null : { startTime: receivedAt - lengthMs, endTime: receivedAt };
}

/** Whether a window is the requested one, as far as one was requested. */
function isRequested({ startTime, endTime }: ReportWindow, request: ReportRequest): boolean {
  const bounds = toBounds(request);
  if (bounds !== undefined) {
    const differences = [startTime - bounds.startTime, endTime - bounds.endTime];
    return differences.every((difference) => Math.abs(difference) <= MAX_END_DIFFERENCE_MS);
  }
  const lengthMs = toMs(request.range);
  return lengthMs === undefined || Math.abs(endTime - startTime - lengthMs) <= toleranceMs(lengthMs);
}

/**
 * How far the length of a `range` may be off: an hour, by which days with a change of the clock differ; less for a short
 * range, and 1 % of a long one, whose ends ScaleOps may round to whole hours or intervals.
 */
function toleranceMs(lengthMs: number): number {
  return Math.max(Math.min(HOUR_MS, lengthMs / 10), lengthMs / 100);
}

function toBounds(request: ReportRequest): ReportWindow | undefined {
  if (request.report !== 'aggregated' || request.from === undefined || request.to === undefined) return undefined;
  return { startTime: request.from, endTime: request.to };
}

/** The length of a range such as "7d". */
function toMs(range: string | undefined): number | undefined {
  const [, count, unit = ''] = /^(\d+)([mhd])$/.exec(range ?? '') ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}
