// CostReport.totals, and the totals of groups.

import type { SumField } from '../../report/columns/columns.js';
import { percentOfHours, type Totals } from '../../report/query/totals.js';
import { argumentsKey } from '../response-budget.js';
import { findSummedFields } from '../selection/size.js';
import { builder } from '../builder.js';
import { CostReport } from './report.js';
import { NUMBERS } from './row.js';
import { assertGroupedBy, toReading } from '../inputs/grouping.js';
import { CostRowsWhere, toRowsWhere } from '../inputs/where.js';

/** @cost for routers: a field that reads every row of its report. */
export const FULL_SCAN_COST_WEIGHT = 5;

/** The largest number that GraphQL's Int holds. */
const MAX_INT = 2 ** 31 - 1;

/** Follows the description of each sum. */
const COVERS = ' The sum over all rows; a row without a value counts as 0.';

export const CostTotals = builder.objectRef<Totals>('CostTotals').implement({
  description: 'The sums of a set of rows. Sums do not drift, however many rows there are.',
  fields: (t) => {
    const sum = (field: Exclude<SumField, 'amountOfWorkloads'>) =>
      t.float({ description: NUMBERS[field] + COVERS, resolve: (totals) => totals.sum(field) });
    const percent = (kind: string, field: 'onDemandHours' | 'spotHours') =>
      t.float({
        nullable: true,
        description:
          `The share of hours that ran on ${kind} nodes, in percent (0 to 100), ` +
          'computed from the summed hours. Null when there are no hours.',
        resolve: (totals) => percentOfHours(totals, field),
      });
    return {
      rowCount: t.exposeInt('rowCount', { description: 'The number of rows.' }),
      rowsWithoutCost: t.int({
        description:
          'The number of rows whose totalCost is unknown and therefore not in the sum. Where permissions limit the rows of ' +
          'an aggregated report, its rows are sums, and the rows behind them count. ' +
          'Unless it is 0, `totalCost` is not the whole cost.',
        resolve: (totals) => totals.rowsWithoutCost(),
      }),
      amountOfWorkloads: t.int({
        description: `The number of workloads that the rows cover, at most ${MAX_INT}.` + COVERS,
        resolve: (totals) => Math.max(-MAX_INT, Math.min(Math.round(totals.sum('amountOfWorkloads')), MAX_INT)),
      }),
      totalCost: sum('totalCost'),
      hourlyCost: sum('hourlyCost'),
      savingsAvailable: sum('savingsAvailable'),
      savingsAvailableWithReplicas: sum('savingsAvailableWithReplicas'),
      onDemandHours: sum('onDemandHours'),
      spotHours: sum('spotHours'),
      onDemandPercent: percent('on-demand', 'onDemandHours'),
      spotPercent: percent('spot', 'spotHours'),
      ownerCpuRequest: sum('ownerCpuRequest'),
      ownerGpuRequest: sum('ownerGpuRequest'),
      ownerMemoryRequest: sum('ownerMemoryRequest'),
      replicas: sum('replicas'),
    };
  },
});

builder.objectField(CostReport, 'totals', (t) =>
  t.field({
    type: CostTotals,
    directives: { cost: { weight: FULL_SCAN_COST_WEIGHT } },
    description: 'The sums of all rows, or of those that match `where`.',
    args: { where: t.arg({ type: CostRowsWhere, description: 'Only rows that match. Default: all rows.' }) },
    // Several entities may lead to one report, so that one field runs the same query over it many times.
    resolve: ({ report, request }, args, context, info) =>
      context.memoize([report, info.fieldNodes], () => {
        const fields = findSummedFields(info);
        context.budget.chargeReading(fields.length * report.scanCost);
        return context.memoize([report, `totals ${fields.join()}`, argumentsKey(context, info, args)], () => {
          const where = toRowsWhere(args.where, context.permissions);
          assertGroupedBy(request, [report], { by: [], where });
          return context.runReportQuery(report, toReading({ by: [], where }), report.sumRows(where, fields));
        });
      }),
  }),
);
