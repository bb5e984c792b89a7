// CostReport.totals, and the totals of groups.

import type { SumField } from '../../report/columns/columns.js';
import { percentOfHours, type Totals } from '../../report/query/totals.js';
import { runAll } from '../../report/steps.js';
import { study } from '../response-budget.js';
import { builder } from '../builder.js';
import { CostReport } from './report.js';
import { NUMBERS } from './row.js';
import { CostRowsWhere, toRowsWhere } from '../inputs/where.js';

/** What a router reckons with for a field that looks at every row of its report. */
export const READS_ALL_ROWS = 5;

/** The largest number that GraphQL's Int holds. */
const MAX_INT = 2 ** 31 - 1;

/** What every sum has in common. */
const COVERS = ' Added up exactly over the rows that have a value: a row without one adds nothing. 0 when none has.';

export const CostTotals = builder.objectRef<Totals>('CostTotals').implement({
  description: 'Rows added up. Sums are exact: they do not drift, however many rows there are.',
  fields: (t) => {
    const sum = (field: Exclude<SumField, 'amountOfWorkloads'>) =>
      t.float({ description: NUMBERS[field] + COVERS, resolve: (totals) => totals.sum(field) });
    const percent = (kind: string, field: 'onDemandHours' | 'spotHours') =>
      t.float({
        nullable: true,
        description:
          `The part of the hours that ran on ${kind} nodes, in percent (0 to 100). ` +
          'Worked out from the summed hours, not averaged over rows. Null when there are no hours.',
        resolve: (totals) => percentOfHours(totals, field),
      });
    return {
      rowCount: t.exposeInt('rowCount', { description: 'How many rows were added up, with or without values.' }),
      amountOfWorkloads: t.int({
        description: `How many workloads the rows cover, at most ${MAX_INT}.` + COVERS,
        resolve: (totals) => Math.max(-MAX_INT, Math.min(totals.sum('amountOfWorkloads'), MAX_INT)),
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

/** How often totals read a report, about: to find the rows, and to add some fields up. */
const PASSES = 2;

builder.objectField(CostReport, 'totals', (t) =>
  t.field({
    type: CostTotals,
    directives: { cost: { weight: READS_ALL_ROWS } },
    description: 'The rows of the report added up, or those that match `where`.',
    args: { where: t.arg({ type: CostRowsWhere, description: 'Which rows; all of them where it is left out.' }) },
    // Several entities may lead to one report, and one field asks it the same each time.
    resolve: ({ report }, { where }, context, { fieldNodes }) =>
      context.once([report, fieldNodes], () => {
        const wanted = toRowsWhere(where, context.grants);
        return study(context, report, PASSES, () => runAll(report.sumRows(wanted)));
      }),
  }),
);
