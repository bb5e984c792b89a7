// CostReport.breakdown: rows in groups, with their totals and shares.

import type { GatewayContext } from '../../loaders/context.js';
import type { LoadedReport } from '../../loaders/report-loader.js';
import type { SumField } from '../../report/columns/columns.js';
import type { Breakdown, Group } from '../../report/query/breakdown.js';
import type { Computation } from '../../report/computation.js';
import { argumentsKey, chargeObjects } from '../response-budget.js';
import { findSummedFields } from '../selection/size.js';
import { builder, type OptionalInput } from '../builder.js';
import { BY_DESCRIPTION, CostDimensionInput } from '../inputs/dimensions.js';
import { assertGroupedBy, countReads, toGrouping } from '../inputs/grouping.js';
import { CostGroupOrder, toGroupOrder } from '../inputs/group-order.js';
import { CostReport } from './report.js';
import { CostRowsWhere } from '../inputs/where.js';
import { CostTotals, FULL_SCAN_COST_WEIGHT } from './totals.js';

/** The directives of a breakdown. For routers, a query without `first` returns 100 groups, such as teams. */
export const BREAKDOWN_DIRECTIVES = {
  cost: { weight: FULL_SCAN_COST_WEIGHT },
  listSize: {
    assumedSize: 100,
    slicingArguments: ['first'],
    sizedFields: ['groups'],
    requireOneSlicingArgument: false,
  },
};

interface NamedBreakdown extends Breakdown {
  /** The names of the dimensions, in the order of the keys. */
  readonly dimensions: readonly string[];
}

export const CostGroupKey = builder
  .objectRef<{ readonly dimension: string; readonly value: string | null }>('CostGroupKey')
  .implement({
    description: 'The value of a group in one dimension.',
    fields: (t) => ({
      dimension: t.exposeString('dimension', { description: 'The dimension, such as `NAMESPACE` or `label:team`.' }),
      value: t.exposeString('value', {
        nullable: true,
        description: 'The value, such as `checkout`. Null for rows without a value.',
      }),
    }),
  });

export function toKeys(dimensions: readonly string[], values: readonly (string | null)[]) {
  return dimensions.map((dimension, index) => ({ dimension, value: values[index] ?? null }));
}

const CostGroup = builder.objectRef<{ group: Group; dimensions: readonly string[] }>('CostGroup').implement({
  description: 'The sums of rows with the same value in each dimension.',
  fields: (t) => ({
    keys: t.field({
      type: [CostGroupKey],
      directives: { listSize: { assumedSize: 2 } },
      description: 'One key per entry of `by`, in the same order.',
      resolve: ({ group, dimensions }) => toKeys(dimensions, group.keys),
    }),
    totals: t.field({ type: CostTotals, description: 'The sums of the group.', resolve: ({ group }) => group.totals }),
    share: t.float({
      nullable: true,
      description:
        "The group's share of the totalCost of all groups, such as 0.25: from 0 to 1, or outside when there are credits. " +
        'Null when that totalCost is 0.',
      resolve: ({ group }) => group.share(),
    }),
  }),
});

const CostBreakdown = builder.objectRef<NamedBreakdown>('CostBreakdown').implement({
  description: 'Rows in groups. `groups` and `others` add up to `totals`.',
  fields: (t) => ({
    groups: t.field({
      type: [CostGroup],
      description: 'The groups, in order. All groups unless `first` is given.',
      resolve: ({ groups, dimensions }, _args, context, info) =>
        chargeObjects(
          context,
          info,
          groups.map((group) => ({ group, dimensions })),
        ),
    }),
    others: t.expose('others', {
      type: CostTotals,
      nullable: true,
      description: 'The sums of all groups after `first`. Null when there are none.',
    }),
    groupCount: t.exposeInt('groupCount', { description: 'The number of groups, including those in `others`.' }),
    totals: t.expose('totals', { type: CostTotals, description: 'The sums of all groups.' }),
  }),
});

builder.objectField(CostReport, 'breakdown', (t) =>
  t.field({
    type: CostBreakdown,
    directives: BREAKDOWN_DIRECTIVES,
    description: 'Rows in groups with sums and shares, such as the cost of each team, cluster or namespace.',
    args: {
      by: t.arg({ type: [CostDimensionInput], required: true, description: BY_DESCRIPTION }),
      where: t.arg({ type: CostRowsWhere, description: 'Only rows that match. Default: all rows.' }),
      orderBy: t.arg({ type: CostGroupOrder, description: 'The order of groups. Default: TOTAL_COST, largest first.' }),
      first: t.arg.int({ description: 'The number of groups, such as 10. The rest is summed in `others`.' }),
    },
    resolve: (loaded, args, context, info) =>
      context.memoize([loaded.report, info.fieldNodes], () => {
        const fields = findSummedFields(info);
        context.budget.chargeScan(fields.length * loaded.report.scanCost);
        const key = [loaded.report, `breakdown ${fields.join()}`, argumentsKey(context, info, args)];
        return context.memoize(key, () => breakDown(loaded, args, fields, context));
      }),
  }),
);

function breakDown(
  { report, request }: LoadedReport,
  args: Parameters<typeof toGrouping>[0] & { readonly orderBy?: OptionalInput<typeof CostGroupOrder> },
  fields: readonly SumField[],
  context: GatewayContext,
): NamedBreakdown | Promise<NamedBreakdown> {
  const { grouping, names } = toGrouping(args, context.permissions);
  assertGroupedBy(request, [report], grouping);
  const { rows, labels } = countReads(grouping);
  const query = function* (): Computation<NamedBreakdown> {
    const breakdown = yield* report.breakDown({ ...grouping, orderBy: toGroupOrder(args.orderBy), fields });
    return { ...breakdown, dimensions: names };
  };
  // The groups are counted and ordered, too.
  return context.runReportQuery(report, { rows: rows + 1, labels }, query());
}
