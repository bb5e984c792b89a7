// Query.costTimeSeries: costs over time, one report per interval.

import type { GatewayContext } from '../../loaders/context.js';
import { createSeries, type SeriesQuery, type SeriesSet } from '../../report/compare/time-series.js';
import { isFullyReadable } from '../../report/warnings.js';
import { rangeToMs } from '../../report/requested-window.js';
import type { SeriesRange } from '../../report/time/intervals.js';
import { builder, type OptionalInput } from '../builder.js';
import { AggregatedCostsFilter, toAggregatedCostsRequest } from '../inputs/filters.js';
import { assertGroupedBy, countReads } from '../inputs/grouping.js';
import { resolveTimeRange, type CostTimeRangeInput } from '../inputs/time-range.js';
import { CostRowsWhere, toRowsWhere } from '../inputs/where.js';
import { chargeItems } from '../response-budget.js';
import { findSummedFields } from '../selection/size.js';
import { loadSeries, type LoadedInterval, type LoadedSeries } from '../time-series.js';
import { CostReport, UPSTREAM_CALL_COST_WEIGHT } from './report.js';
import { CostTotals, FULL_SCAN_COST_WEIGHT } from './totals.js';
import { CostWindow } from './window.js';

const CostGranularity = builder.enumType('CostGranularity', {
  description: 'How long an interval of a time series is.',
  values: {
    HOURLY: { description: 'Whole hours. Default range: the last 48 hours.' },
    DAILY: { description: 'Whole days. Default range: the last 30 days and today.' },
    WEEKLY: { description: 'Weeks from Monday. Default range: the last 12 weeks and this one.' },
    MONTHLY: { description: 'Whole months. Default range: the last 12 months and this one.' },
  } as const,
});

export const SERIES_TOTALS =
  'Over all intervals: costs, savings and hours are summed; `hourlyCost`, `replicas`, `amountOfWorkloads` and requests are ' +
  'means over time. `rowCount` counts the rows of all intervals. Null when an interval has no report.';

const CostTimeInterval = builder.objectRef<LoadedInterval>('CostTimeInterval').implement({
  description: 'One interval of a time series.',
  fields: (t) => ({
    window: t.expose('window', { type: CostWindow, description: 'The period of the interval.' }),
    isPartial: t.exposeBoolean('isPartial', {
      description: 'Whether the interval is not over yet, or shorter than its hour, day, week or month.',
    }),
    report: t.field({
      type: CostReport,
      nullable: true,
      description: 'The report of the interval. Null, with an error of its own, when it failed or took too long.',
      resolve({ loaded }) {
        if (loaded instanceof Error) throw loaded;
        return loaded;
      },
    }),
  }),
});

export const CostTimeSeries = builder.objectRef<LoadedSeries>('CostTimeSeries').implement({
  description: 'Costs over time: consecutive intervals, each with an aggregated report.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'Opaque key for the caches of clients. The same for the same arguments and period.',
    }),
    window: t.expose('window', { type: CostWindow, description: 'The period from the first interval to the last.' }),
    intervals: t.field({
      type: [CostTimeInterval],
      description: 'The intervals, oldest first.',
      resolve({ intervals }, _args, context, info) {
        chargeItems(context, intervals.length, info);
        return intervals;
      },
    }),
    isComplete: t.boolean({
      description:
        'Whether every interval is over and has a complete report for its period, and every cost could be read.',
      resolve: ({ intervals }) =>
        intervals.every(({ loaded, isPartial }) => {
          if (isPartial || loaded instanceof Error) return false;
          return loaded.report.isComplete && isFullyReadable(loaded.report.warnings, ['totalCost']);
        }),
    }),
    totals: t.field({
      type: CostTotals,
      nullable: true,
      directives: { cost: { weight: FULL_SCAN_COST_WEIGHT } },
      description: SERIES_TOTALS,
      args: { where: t.arg({ type: CostRowsWhere, description: 'Only rows that match. Default: all rows.' }) },
      async resolve(series, args, context, info) {
        if (series.reports.includes(null)) return null;
        const query: SeriesQuery = {
          by: [],
          where: toRowsWhere(args.where, context.permissions),
          orderBy: { field: 'key', direction: 'ASC' },
          fields: findSummedFields(info),
        };
        const set = await readSeries(series, query, context);
        return set.series.at(0).totals;
      },
    }),
  }),
});

/** Runs a query over all reports, charged for each, once per operation. @throws GatewayError QUERY_TOO_COMPLEX */
export function readSeries(
  series: LoadedSeries,
  query: SeriesQuery,
  { memoize, runReportQuery }: GatewayContext,
): SeriesSet | Promise<SeriesSet> {
  const { request, reports, intervals } = series;
  return memoize([series, JSON.stringify(query)], () => {
    const grouping = { by: query.by, where: query.where };
    assertGroupedBy(request, reports, grouping);
    const { rows, labels } = countReads(grouping);
    const cost = { scanCost: 0, labelScanCost: 0 };
    for (const report of reports) {
      cost.scanCost += report?.scanCost ?? 0;
      if (labels > 0) cost.labelScanCost += report?.labelScanCost ?? 0;
    }
    // Each sum reads all rows, too, and the groups are matched.
    const reads = { rows: rows + query.fields.length + 1, labels };
    const hours = intervals.map(({ window }) => window.hours);
    return runReportQuery(cost, reads, createSeries({ reports, hours }, query));
  });
}

builder.queryField('costTimeSeries', (t) =>
  t.field({
    type: CostTimeSeries,
    nullable: true,
    directives: {
      // A month by day, of which most days are cached.
      cost: { weight: 10 * UPSTREAM_CALL_COST_WEIGHT },
      cacheTag: { format: 'costs' },
      listSize: { assumedSize: 31, sizedFields: ['intervals'] },
    },
    description:
      'Costs over time, by hour, day, week or month. Needs one call to ScaleOps per interval that is not cached.',
    args: {
      filter: t.arg({
        type: AggregatedCostsFilter,
        description:
          'What the reports cover and how they are grouped. `timeRange` is extended to whole intervals; ' +
          'the last one ends at the last full hour.',
      }),
      granularity: t.arg({
        type: CostGranularity,
        required: true,
        defaultValue: 'DAILY',
        description: 'The length of an interval.',
      }),
      timeZone: t.arg({
        type: 'TimeZone',
        required: true,
        defaultValue: 'UTC',
        description: 'The time zone in which hours, days, weeks and months begin, such as `Europe/Berlin`.',
      }),
    },
    resolve(_root, { filter, granularity, timeZone }, context) {
      const range = toSeriesRange(filter?.timeRange, context.windowClock.nowMs());
      const request = toAggregatedCostsRequest(filter, context.multiClusterByDefault, {});
      return context.memoize(['series', JSON.stringify([request, range, granularity, timeZone])], () =>
        loadSeries({ request, range, granularity, timeZone }, context),
      );
    },
  }),
);

/** @throws UserInputError that names the input below `filter.timeRange` and the rule it breaks. */
function toSeriesRange(timeRange: OptionalInput<typeof CostTimeRangeInput>, nowMs: number): SeriesRange | undefined {
  const { range, from, to, calendar } = resolveTimeRange('filter.timeRange', timeRange, nowMs);
  if (calendar !== undefined) return { calendar };
  if (from !== undefined && to !== undefined) return { between: { startTime: from, endTime: to } };
  const lastMs = rangeToMs(range);
  return lastMs === undefined ? undefined : { lastMs };
}
