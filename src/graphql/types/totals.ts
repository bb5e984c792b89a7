// CostReport.totals, and the totals of groups.

import { SUM_FIELDS, type SumField } from '../../report/columns/columns.js';
import { percentOfHours, type Totals } from '../../report/query/totals.js';
import { argumentsKey } from '../response-budget.js';
import { findSummedFields } from '../selection/size.js';
import { builder } from '../builder.js';
import { CostReport } from './report.js';
import { NUMBER_DESCRIPTIONS, toFields } from './row.js';
import { assertGroupedBy, countReads } from '../inputs/grouping.js';
import { CostRowsWhere, toRowsWhere } from '../inputs/where.js';

/** @cost for routers: a field that reads every row of its report. */
export const FULL_SCAN_COST_WEIGHT = 5;

/** The largest number that GraphQL's Int holds. */
const MAX_INT = 2 ** 31 - 1;

const FLOAT_SUMS = SUM_FIELDS.filter((field) => field !== 'amountOfWorkloads');
const SUM_RULE = ' The sum over all rows; a row without a value counts as 0.';

export const CostTotals = builder.objectRef<Totals>('CostTotals').implement({
  description: 'The sums of a set of rows, each computed exactly, then rounded.',
  fields: (t) => {
    const sum = (field: Exclude<SumField, 'amountOfWorkloads'>) =>
      t.float({ description: NUMBER_DESCRIPTIONS[field] + SUM_RULE, resolve: (totals) => totals.sum(field) });
    const percent = (kind: string, field: 'onDemandHours' | 'spotHours') =>
      t.float({
        nullable: true,
        description:
          `The share of the summed hours that ran on ${kind} nodes, in percent (0 to 100). ` +
          'Null when there are no hours.',
        resolve: (totals) => percentOfHours(totals, field),
      });
    return {
      rowCount: t.exposeInt('rowCount', { description: 'The number of rows.' }),
      rowsWithoutCost: t.int({
        description:
          'The number of rows without a totalCost: unless it is 0, `totalCost` is not the whole cost. ' +
          'When permissions limit an aggregated report, it counts the rows that the gateway summed into its rows.',
        resolve: (totals) => totals.rowsWithoutCost(),
      }),
      amountOfWorkloads: t.int({
        description: `The number of workloads that the rows cover, at most ${MAX_INT}.` + SUM_RULE,
        resolve: (totals) => Math.max(-MAX_INT, Math.min(Math.round(totals.sum('amountOfWorkloads')), MAX_INT)),
      }),
      ...toFields(FLOAT_SUMS, sum),
      onDemandPercent: percent('on-demand', 'onDemandHours'),
      spotPercent: percent('spot', 'spotHours'),
    };
  },
});

builder.objectField(CostReport, 'totals', (t) =>
  t.field({
    type: CostTotals,
    directives: { cost: { weight: FULL_SCAN_COST_WEIGHT } },
    description: 'The sums of all rows, or of those that match `where`.',
    args: { where: t.arg({ type: CostRowsWhere, description: 'Only rows that match. Default: all rows.' }) },
    // Many entities may share a report, and run the same query over it.
    resolve: ({ report, request }, args, context, info) =>
      context.memoize([report, info.fieldNodes], () => {
        const fields = findSummedFields(info);
        context.budget.chargeScan(fields.length * report.scanCost);
        return context.memoize([report, `totals ${fields.join()}`, argumentsKey(context, info, args)], () => {
          const where = toRowsWhere(args.where, context.permissions);
          assertGroupedBy(request, [report], { by: [], where });
          return context.runReportQuery(report, countReads({ by: [], where }), report.sumRows(where, fields));
        });
      }),
  }),
);
