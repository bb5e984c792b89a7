// CostReport.totals, and the totals of groups.

import { percentOfHours, type SumField, type Totals } from '../report/totals.js';
import { builder } from './builder.js';
import { CostReport } from './report.js';
import { CostRowsWhere, toRowsWhere } from './rows-where.js';

const SUMS = {
  totalCost: 'The cost over the window of the report, in the currency ScaleOps is set to.',
  hourlyCost: 'The cost of one hour, in the currency ScaleOps is set to.',
  savingsAvailable: 'What ScaleOps says could be saved, in the currency ScaleOps is set to.',
  savingsAvailableWithReplicas:
    'What could be saved if the number of replicas were optimised as well, in the currency ScaleOps is set to.',
  onDemandHours: 'Hours that ran on on-demand nodes, which cost the full price.',
  spotHours: 'Hours that ran on spot nodes, which are cheaper and may be taken back.',
  ownerCpuRequest: 'The CPU requested, in the unit of the rows (probably millicores).',
  ownerGpuRequest: 'The number of GPUs requested.',
  ownerMemoryRequest: 'The memory requested, in the unit of the rows (probably bytes).',
  replicas: 'How many replicas ran, on average over the window.',
} as const satisfies Record<Exclude<SumField, 'amountOfWorkloads'>, string>;

/** What every sum has in common. */
const COVERS = ' The exact sum over the rows that have a value: a row without one adds nothing. 0 when none has.';

export const CostTotals = builder.objectRef<Totals>('CostTotals').implement({
  description: 'Rows added up. Sums are exact: they do not drift, however many rows there are.',
  fields: (t) => {
    const sum = (field: keyof typeof SUMS) =>
      t.float({ description: SUMS[field] + COVERS, resolve: (totals) => totals.sum(field) });
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
        description: 'How many workloads the rows cover.' + COVERS,
        resolve: (totals) => totals.sum('amountOfWorkloads'),
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
    description: 'The rows of the report added up, or those that match `where`.',
    args: { where: t.arg({ type: CostRowsWhere, description: 'Which rows; all of them where it is left out.' }) },
    resolve: ({ report }, { where }) => report.sumRows(toRowsWhere(where)),
  }),
);
