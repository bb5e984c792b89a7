// Loads the baseline of a report. An aggregated report is compared with the same request for another window. A workload
// report has no `from` and `to`: it is compared with twice its time, of which the first half is the baseline.

import { UpstreamError, UserInputError } from '../errors.js';
import type { GatewayContext } from '../loaders/context.js';
import type { LoadedReport } from '../loaders/report-loader.js';
import type { AggregatedCostsRequest, WorkloadCostsRequest } from '../report/request.js';
import { createEntityRequests } from '../report/entities/entity-request.js';
import { assertNoOverlap, baselineOf, haveSameLength, type BaselineShift } from '../report/time/baseline.js';
import { assertBegun } from '../report/time/window-state.js';
import { hasAllNumbers } from '../report/warnings.js';
import type { ReportWindow } from '../report/window.js';
import { withinPath } from './inputs/time-range.js';
import { assertWindow } from './inputs/validate.js';
import { parseDuration } from './types/scalars.js';
import { describeWindow, toWindow, type DescribedWindow } from './types/window.js';

const MINUTE_MS = 60_000;

/** The baseline that a client asks for; PREVIOUS_PERIOD by default. */
interface BaselineInput {
  readonly shift?: BaselineShift | null | undefined;
  readonly between?: { readonly from: number; readonly to: number } | null | undefined;
}

export interface LoadedComparison {
  readonly current: LoadedReport;
  /** With `isDerived` a report of both windows. */
  readonly baseline: LoadedReport;
  readonly isDerived: boolean;
  readonly baselineWindow: DescribedWindow;
  /** Whether both windows are over and as long, and both reports whole. */
  readonly isComplete: boolean;
}

/** @throws UserInputError that names the input below `with` and the rule it breaks. */
export function loadComparison(
  current: LoadedReport,
  baseline: BaselineInput,
  context: GatewayContext,
): Promise<LoadedComparison> {
  const { request } = current;
  return request.report === 'aggregated'
    ? compareAggregated(current, request, baseline, context)
    : compareWorkloads(current, request, baseline, context);
}

async function compareAggregated(
  current: LoadedReport,
  request: AggregatedCostsRequest,
  { shift, between }: BaselineInput,
  context: GatewayContext,
): Promise<LoadedComparison> {
  const { windows, loaders } = context;
  const { calendar } = current;
  const described = toWindow(current, windows);
  // The requested window: ScaleOps may have answered another one.
  const window =
    request.from === undefined || request.to === undefined
      ? described
      : { startTime: request.from, endTime: request.to };
  const elapsed = calendar?.includeCurrent === true ? elapsedPart(window, current.asOf) : window;
  const wanted =
    between == null ? baselineOf(elapsed, shift ?? 'PREVIOUS_PERIOD', calendar) : toBaseline(between, window, windows);
  const { startTime: from, endTime: to } = wanted;
  const baseline = await loaders.report.load({ ...request, range: undefined, from, to });
  const baselineWindow = describeWindow(wanted, false, windows);
  const isComplete =
    described.state !== 'RUNNING' &&
    baselineWindow.state !== 'RUNNING' &&
    haveSameLength(window, wanted, calendar?.timeZone ?? 'UTC') &&
    [current, baseline].every(({ report }) => report.isWhole && hasAllNumbers(report.warnings, ['totalCost']));
  return { current, baseline, isDerived: false, baselineWindow, isComplete };
}

/** The part of a window that is over: in the first hour of a unit, a range that includes it ends with that hour. */
function elapsedPart({ startTime, endTime }: ReportWindow, asOfMs: number): ReportWindow {
  const elapsedMs = Math.max(MINUTE_MS, Math.floor((asOfMs - startTime) / MINUTE_MS) * MINUTE_MS);
  return { startTime, endTime: Math.min(endTime, startTime + elapsedMs) };
}

/** @throws UserInputError for a window that is invalid, has not begun, or overlaps that of the report. */
function toBaseline(
  between: NonNullable<BaselineInput['between']>,
  window: ReportWindow,
  { nowMs }: GatewayContext['windows'],
): ReportWindow {
  assertWindow('with.between', between);
  const baseline = { startTime: between.from, endTime: between.to };
  withinPath('with.between', () => {
    assertBegun(baseline, nowMs());
    assertNoOverlap(window, baseline);
  });
  return baseline;
}

async function compareWorkloads(
  current: LoadedReport,
  request: WorkloadCostsRequest,
  { shift, between }: BaselineInput,
  context: GatewayContext,
): Promise<LoadedComparison> {
  const { windows } = context;
  if (between != null || (shift ?? 'PREVIOUS_PERIOD') !== 'PREVIOUS_PERIOD') {
    throw new UserInputError(
      between != null ? 'with.between' : 'with.shift',
      'must be left out, or PREVIOUS_PERIOD: ScaleOps lists workloads only for the last days. ' +
        'Compare `aggregatedCosts` for any other baseline.',
    );
  }
  const doubled = await loadDoubled(current, request, context);
  const [compared, baseline] = await toOneAge([current, doubled], context);
  await assertDerivable([compared, baseline], context);
  const { startTime, endTime } = toWindow(compared, windows);
  const baselineWindow = describeWindow(
    { startTime: startTime - (endTime - startTime), endTime: startTime },
    false,
    windows,
  );
  return { current: compared, baseline, isDerived: true, baselineWindow, isComplete: false };
}

/** How far apart two reports may be whose difference is a baseline. */
const MAX_AGE_DIFFERENCE_MS = 60_000;

type Pair = readonly [LoadedReport, LoadedReport];

/**
 * Loads the older of two reports again when the other one is of another time: what it does not cover yet would show as a
 * change. Not for parts of a report, which many entities share.
 * @throws UpstreamError when ScaleOps gives none that is newer.
 */
async function toOneAge(pair: Pair, { loaders }: GatewayContext): Promise<Pair> {
  const areApart = ([a, b]: Pair): boolean => Math.abs(a.asOf - b.asOf) > MAX_AGE_DIFFERENCE_MS;
  const [current, doubled] = pair;
  if (current.entityRequest !== undefined || !areApart(pair)) return pair;
  const reloaded: Pair =
    current.asOf < doubled.asOf
      ? [{ ...current, ...(await loaders.report.reload(current.request)) }, doubled]
      : [current, { ...doubled, ...(await loaders.report.reload(doubled.request)) }];
  if (!areApart(reloaded)) return reloaded;
  throw new UpstreamError('UPSTREAM_UNAVAILABLE', {
    message: 'The two reports of this comparison are of different times. Try again when ScaleOps answers.',
    reason: 'reports of different times',
  });
}

/** What a derived comparison sums. */
const DERIVED_FIELDS = ['totalCost', 'onDemandHours', 'spotHours'];

/** @throws UpstreamError when a part of a report is missing: as a difference, the baseline would be wrong in silence. */
async function assertDerivable(reports: readonly LoadedReport[], { runReportQuery }: GatewayContext): Promise<void> {
  for (const { report } of reports) {
    const totals = await runReportQuery(report, { rows: 1 }, report.sumRows(undefined, []));
    const isReadable = hasAllNumbers(report.warnings, DERIVED_FIELDS) && totals.rowsWithoutCost() === 0;
    if (report.isWhole && isReadable) continue;
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', {
      message:
        'Some costs of ScaleOps are missing, so that no baseline can be derived for workloads. ' +
        'Compare `aggregatedCosts` instead.',
      reason: 'no baseline from incomplete reports',
    });
  }
}

/** The report over twice the time; for many clusters or namespaces in as few calls as those of the reports themselves. */
async function loadDoubled(
  { entityRequest: wanted }: LoadedReport,
  request: WorkloadCostsRequest,
  { loaders, memoize }: GatewayContext,
): Promise<LoadedReport> {
  const range = toDoubled(request.range);
  const toRequest = wanted && memoize([wanted.base, 'doubled'], () => createEntityRequests({ ...wanted.base, range }));
  const doubled = wanted && toRequest?.(wanted.entity);
  const part = doubled && (await loaders.entity.load(doubled));
  return part ?? loaders.report.load({ ...request, range });
}

/** @throws UserInputError without a range, and for one whose double is longer than ten years. */
function toDoubled(range: string | undefined): string {
  if (range === undefined) {
    throw new UserInputError('filter.last', 'must be given to compare workloads, such as "7d".');
  }
  const doubled = parseDuration(`${2 * Number.parseInt(range, 10)}${range.at(-1) ?? ''}`);
  if (doubled === null) throw new UserInputError('filter.last', 'must be at most five years to compare workloads.');
  return doubled;
}
