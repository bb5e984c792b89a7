// Loads the baseline of a report. For an aggregated report, it is the report of the same request for another window. For a
// workload report, which has no `from` and `to`, it is the first half of a report of twice the length.

import { UpstreamError, UserInputError } from '../errors.js';
import type { GatewayContext } from '../loaders/context.js';
import type { LoadedReport } from '../loaders/report-loader.js';
import type { AggregatedCostsRequest, WorkloadCostsRequest } from '../report/request.js';
import { createEntityRequests } from '../report/entities/entity-request.js';
import { assertNoOverlap, baselineOf, haveSameLength } from '../report/time/baseline.js';
import { assertBegun } from '../report/time/window-state.js';
import { isFullyReadable } from '../report/warnings.js';
import type { ReportWindow } from '../report/window.js';
import type { CostBaselineInput } from './inputs/changes.js';
import { prefixErrorPath } from './inputs/time-range.js';
import { assertWindow } from './inputs/validate.js';
import { parseDuration } from './types/scalars.js';
import { describeWindow, toWindow, type DescribedWindow } from './types/window.js';

const MINUTE_MS = 60_000;

/** PREVIOUS_PERIOD by default. */
type BaselineInput = Partial<(typeof CostBaselineInput)['$inferInput']>;

export interface LoadedComparison {
  readonly current: LoadedReport;
  /** A report of both windows if `isDerived`. */
  readonly baseline: LoadedReport;
  readonly isDerived: boolean;
  readonly baselineWindow: DescribedWindow;
  /** Whether both windows are over and equally long, and both reports complete. */
  readonly isComplete: boolean;
}

/** @throws UserInputError that names the input below `with` or `filter`; UpstreamError when a report fails. */
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
  const { windowClock, loaders } = context;
  const { calendar } = current;
  const described = toWindow(current, windowClock);
  // The requested window: that of the report may differ.
  const window =
    request.from === undefined || request.to === undefined
      ? described
      : { startTime: request.from, endTime: request.to };
  const elapsed = calendar?.includeCurrent === true ? elapsedPart(window, current.asOf) : window;
  const requested =
    between == null
      ? baselineOf(elapsed, shift ?? 'PREVIOUS_PERIOD', calendar)
      : toBaseline(between, window, windowClock);
  const { startTime: from, endTime: to } = requested;
  const baseline = await loaders.report.load({ ...request, range: undefined, from, to });
  const baselineWindow = describeWindow(requested, false, windowClock);
  const isComplete =
    described.state !== 'RUNNING' &&
    baselineWindow.state !== 'RUNNING' &&
    haveSameLength(window, requested, calendar?.timeZone ?? 'UTC') &&
    [current, baseline].every(({ report }) => report.isComplete && isFullyReadable(report.warnings, ['totalCost']));
  return { current, baseline, isDerived: false, baselineWindow, isComplete };
}

/** The part of a window that is over, in whole minutes: in the first hour of a unit, its range ends after that hour. */
function elapsedPart({ startTime, endTime }: ReportWindow, asOfMs: number): ReportWindow {
  const elapsedMs = Math.max(MINUTE_MS, Math.floor((asOfMs - startTime) / MINUTE_MS) * MINUTE_MS);
  return { startTime, endTime: Math.min(endTime, startTime + elapsedMs) };
}

/** @throws UserInputError for a window that is invalid, has not begun, or overlaps that of the report. */
function toBaseline(
  between: NonNullable<BaselineInput['between']>,
  window: ReportWindow,
  { nowMs }: GatewayContext['windowClock'],
): ReportWindow {
  assertWindow('with.between', between);
  const baseline = { startTime: between.from, endTime: between.to };
  prefixErrorPath('with.between', () => {
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
  const { windowClock } = context;
  if (between != null || (shift ?? 'PREVIOUS_PERIOD') !== 'PREVIOUS_PERIOD') {
    throw new UserInputError(
      between != null ? 'with.between' : 'with.shift',
      'must be left out, or PREVIOUS_PERIOD: ScaleOps lists workloads only for the last days. ' +
        'Compare `aggregatedCosts` for any other baseline.',
    );
  }
  const doubled = await loadDoubled(current, request, context);
  const [compared, baseline] = await alignAges([current, doubled], context);
  await assertDerivable([compared, baseline], context);
  const { startTime, endTime } = toWindow(compared, windowClock);
  const previous = { startTime: 2 * startTime - endTime, endTime: startTime };
  const baselineWindow = describeWindow(previous, false, windowClock);
  return { current: compared, baseline, isDerived: true, baselineWindow, isComplete: false };
}

/** Of two reports whose difference is a baseline. */
const MAX_AGE_DIFFERENCE_MS = 60_000;

type Pair = readonly [LoadedReport, LoadedReport];

/**
 * Reloads the older of two reports when their ages differ: the costs since then would show as a change. Not for the report
 * of an entity, which is a part of a shared report.
 * @throws UpstreamError when ScaleOps returns no newer one.
 */
async function alignAges(pair: Pair, { loaders }: GatewayContext): Promise<Pair> {
  const areApart = ([a, b]: Pair): boolean => Math.abs(a.asOf - b.asOf) > MAX_AGE_DIFFERENCE_MS;
  const [current, doubled] = pair;
  if (current.entityRequest !== undefined || !areApart(pair)) return pair;
  const reloaded: Pair =
    current.asOf < doubled.asOf
      ? [{ ...current, ...(await loaders.report.reload(current.request)) }, doubled]
      : [current, { ...doubled, ...(await loaders.report.reload(doubled.request)) }];
  if (!areApart(reloaded)) return reloaded;
  throw new UpstreamError('UPSTREAM_UNAVAILABLE', {
    message: 'The two reports of this comparison were fetched at different times. Try again when ScaleOps responds.',
    reason: 'reports of different times',
  });
}

/** @throws UpstreamError when a part of a report is missing, because the derived baseline would be silently wrong. */
async function assertDerivable(reports: readonly LoadedReport[], { runReportQuery }: GatewayContext): Promise<void> {
  for (const { report } of reports) {
    const totals = await runReportQuery(report, { rows: 1 }, report.sumRows(undefined, []));
    const isReadable =
      isFullyReadable(report.warnings, ['totalCost', 'onDemandHours', 'spotHours']) && totals.rowsWithoutCost() === 0;
    if (report.isComplete && isReadable) continue;
    const isOtherWindow = isReadable && report.warnings.some(({ code }) => code === 'WINDOW_MISMATCH');
    const problem = isOtherWindow
      ? 'ScaleOps covers another period than requested'
      : 'Some costs of ScaleOps are missing';
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', {
      message: `${problem}, so no baseline can be derived for workloads. Compare \`aggregatedCosts\` instead.`,
      reason: 'no baseline from incomplete reports',
    });
  }
}

/** Loads the report of twice the length; for many clusters or namespaces with as few calls as their reports. */
async function loadDoubled(
  { entityRequest: single }: LoadedReport,
  request: WorkloadCostsRequest,
  { loaders, memoize }: GatewayContext,
): Promise<LoadedReport> {
  const range = doubleRange(request.range);
  const toRequest = single && memoize([single.base, 'doubled'], () => createEntityRequests({ ...single.base, range }));
  const doubled = single && toRequest?.(single.entity);
  const part = doubled && (await loaders.entity.load(doubled));
  return part ?? loaders.report.load({ ...request, range });
}

/** @throws UserInputError without a range, and for one of more than five years. */
function doubleRange(range: string | undefined): string {
  if (range === undefined) {
    throw new UserInputError('filter.last', 'must be given to compare workloads, such as "7d".');
  }
  const doubled = parseDuration(`${2 * Number.parseInt(range, 10)}${range.at(-1) ?? ''}`);
  if (doubled === null) throw new UserInputError('filter.last', 'must be at most five years to compare workloads.');
  return doubled;
}
