// CostReport.breakdown: rows in groups, with their totals and shares.

import type { GatewayContext } from '../../loaders/context.js';
import type { LoadedReport } from '../../loaders/report-loader.js';
import type { SumField } from '../../report/columns/columns.js';
import type { Breakdown, Group } from '../../report/query/breakdown.js';
import type { Steps } from '../../report/steps.js';
import { argumentsKey, chargeItems, toObjects } from '../response-budget.js';
import { findSummedFields } from '../selection/size.js';
import { builder } from '../builder.js';
import { CostDimensionInput, MAX_DIMENSIONS } from '../inputs/dimensions.js';
import { assertGroupedBy, toGrouping, toReading } from '../inputs/grouping.js';
import { CostGroupOrder, toGroupOrder } from '../inputs/group-order.js';
import { CostReport } from './report.js';
import { CostRowsWhere } from '../inputs/where.js';
import { CostTotals, FULL_SCAN_COST_WEIGHT } from './totals.js';

/** @listSize for routers, where a query has no `first`: teams, namespaces. */
export const ASSUMED_GROUPS = 100;

/** A group, with the names of the dimensions that its keys belong to. */
interface NamedGroup {
  readonly group: Group;
  readonly dimensions: readonly string[];
}
interface NamedBreakdown {
  readonly breakdown: Breakdown;
  /** Groups that are listed. */
  readonly shownCount: number;
  readonly dimensions: readonly string[];
}

export const CostGroupKey = builder
  .objectRef<{ readonly dimension: string; readonly value: string | null }>('CostGroupKey')
  .implement({
    description: 'The value of a group in one dimension.',
    fields: (t) => ({
      dimension: t.exposeString('dimension', {
        description: 'The dimension, such as `NAMESPACE` or `label:team`.',
      }),
      value: t.exposeString('value', {
        nullable: true,
        description: 'The value, such as `checkout`. Null for rows that have none.',
      }),
    }),
  });

/** The keys of a group, with the names of their dimensions. */
export function toKeys(dimensions: readonly string[], values: readonly (string | null)[]) {
  return dimensions.map((dimension, index) => ({ dimension, value: values[index] ?? null }));
}

const CostGroup = builder.objectRef<NamedGroup>('CostGroup').implement({
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
        "The group's share of the totalCost of all groups, such as 0.25. " +
        'From 0 to 1, or outside when there are credits. Null when that totalCost is 0.',
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
      resolve({ breakdown, dimensions, shownCount }, _args, context, info) {
        chargeItems(context, shownCount, info);
        return toObjects(
          breakdown.groups.map((group) => ({ group, dimensions })),
          context,
        );
      },
    }),
    others: t.field({
      type: CostTotals,
      nullable: true,
      description: 'The sums of all groups after `first`. Null when there are none.',
      resolve: ({ breakdown }) => breakdown.others,
    }),
    groupCount: t.int({
      description: 'The number of groups, including those in `others`.',
      resolve: ({ breakdown }) => breakdown.groupCount,
    }),
    totals: t.field({
      type: CostTotals,
      description: 'The sums of all groups.',
      resolve: ({ breakdown }) => breakdown.totals,
    }),
  }),
});

builder.objectField(CostReport, 'breakdown', (t) =>
  t.field({
    type: CostBreakdown,
    directives: {
      cost: { weight: FULL_SCAN_COST_WEIGHT },
      listSize: {
        assumedSize: ASSUMED_GROUPS,
        slicingArguments: ['first'],
        sizedFields: ['groups'],
        requireOneSlicingArgument: false,
      },
    },
    description: 'Rows in groups with sums and shares. Answers what each team, cluster or namespace costs.',
    args: {
      by: t.arg({
        type: [CostDimensionInput],
        required: true,
        description: `The dimensions, 1 to ${MAX_DIMENSIONS}, each once. Several are combined: one group per combination of values.`,
      }),
      where: t.arg({ type: CostRowsWhere, description: 'Only rows that match. Default: all rows.' }),
      orderBy: t.arg({
        type: CostGroupOrder,
        description: 'The order of groups. Default: TOTAL_COST, largest first.',
      }),
      first: t.arg.int({
        description: 'The number of groups, such as 10. The rest is summed in `others`. 0 returns none.',
      }),
    },
    resolve: (loaded, args, context, info) => {
      const { report } = loaded;
      return context.memoize([report, info.fieldNodes], () => {
        const fields = findSummedFields(info);
        context.budget.chargeReading(fields.length * report.scanCost);
        return context.memoize([report, `breakdown ${fields.join()}`, argumentsKey(context, info, args)], () =>
          readBreakdown(loaded, args, fields, context),
        );
      });
    },
  }),
);

type BreakdownArguments = Parameters<typeof toGrouping>[0] & {
  readonly orderBy?: (typeof CostGroupOrder)['$inferInput'] | null | undefined;
};

function readBreakdown(
  { report, request }: LoadedReport,
  args: BreakdownArguments,
  fields: readonly SumField[],
  context: GatewayContext,
): NamedBreakdown | Promise<NamedBreakdown> {
  const { grouping, names } = toGrouping(args, context.permissions);
  assertGroupedBy(request, [report], grouping);
  const { rows, labels } = toReading(grouping);
  const breakDown = function* (): Steps<NamedBreakdown> {
    const breakdown = yield* report.breakDown({ ...grouping, orderBy: toGroupOrder(args.orderBy), fields });
    const { groupCount } = breakdown;
    return {
      breakdown,
      dimensions: names,
      shownCount: Math.min(grouping.first ?? groupCount, groupCount),
    };
  };
  // The groups are counted and ordered, too.
  return context.runReportQuery(report, { rows: rows + 1, labels }, breakDown());
}
