// CostComparison.breakdown: changes by group.

import type { ChangeBreakdown, GroupChange } from '../../report/compare/compare-reports.js';
import { builder } from '../builder.js';
import { CHANGE_KINDS, CostChangeKind, CostChangeOrder, toChangeOrder } from '../inputs/changes.js';
import { CostDimensionInput, MAX_DIMENSIONS } from '../inputs/dimensions.js';
import { toGrouping } from '../inputs/grouping.js';
import { assertFinite, assertList, assertNotNegative } from '../inputs/validate.js';
import { CostRowsWhere } from '../inputs/where.js';
import { argumentsKey, chargeItems, toObjects } from '../response-budget.js';
import { findSummedFields } from '../selection/size.js';
import { ASSUMED_GROUPS, CostGroupKey, toKeys } from './breakdown.js';
import { compare, CostComparison, CostTotalsChange } from './comparison.js';
import { FULL_SCAN_COST_WEIGHT } from './totals.js';

interface NamedGroupChange {
  readonly group: GroupChange;
  readonly dimensions: readonly string[];
  readonly isDerived: boolean;
}

interface NamedChangeBreakdown {
  readonly breakdown: ChangeBreakdown;
  readonly dimensions: readonly string[];
  readonly isDerived: boolean;
}

const CostGroupChange = builder.objectRef<NamedGroupChange>('CostGroupChange').implement({
  description: 'A group in the report and in its baseline. Groups are matched by their keys.',
  fields: (t) => ({
    keys: t.field({
      type: [CostGroupKey],
      directives: { listSize: { assumedSize: 2 } },
      description: 'One key per entry of `by`, in the same order.',
      resolve: ({ group, dimensions }) => toKeys(dimensions, group.keys),
    }),
    kind: t.field({ type: CostChangeKind, description: 'How its cost changed.', resolve: ({ group }) => group.kind }),
    totals: t.field({
      type: CostTotalsChange,
      description: 'The sums of the group.',
      resolve: ({ group: { totals }, isDerived }) => ({ totals, isDerived }),
    }),
    contribution: t.float({
      nullable: true,
      description:
        "This group's share of the total difference of totalCost, such as 0.5. " +
        'All shares add up to 1. A group that rose while the total fell has a negative one. Null when that difference is 0.',
      resolve: ({ group }) => group.contribution,
    }),
  }),
});

const CostChangeBreakdown = builder.objectRef<NamedChangeBreakdown>('CostChangeBreakdown').implement({
  description: 'Changes by group. `groups` and `others` add up to `totals`.',
  fields: (t) => ({
    groups: t.field({
      type: [CostGroupChange],
      description: 'The changes that were asked for, in order.',
      resolve({ breakdown, ...rest }, _args, context, info) {
        chargeItems(context, breakdown.groups.length, info);
        return toObjects(
          breakdown.groups.map((group) => ({ group, ...rest })),
          context,
        );
      },
    }),
    others: t.field({
      type: CostTotalsChange,
      nullable: true,
      description:
        'All other groups: after `first`, below `minDifference`, of other `kinds`. Null when there are none.',
      resolve: ({ breakdown: { others }, isDerived }) => others && { totals: others, isDerived },
    }),
    groupCount: t.int({
      description: 'The number of groups, including those in `others`.',
      resolve: ({ breakdown }) => breakdown.groupCount,
    }),
    totals: t.field({
      type: CostTotalsChange,
      description: 'The sums of all groups.',
      resolve: ({ breakdown: { totals }, isDerived }) => ({ totals, isDerived }),
    }),
  }),
});

builder.objectField(CostComparison, 'breakdown', (t) =>
  t.field({
    type: CostChangeBreakdown,
    directives: {
      cost: { weight: FULL_SCAN_COST_WEIGHT },
      listSize: {
        assumedSize: ASSUMED_GROUPS,
        slicingArguments: ['first'],
        sizedFields: ['groups'],
        requireOneSlicingArgument: false,
      },
    },
    description: 'Changes by group. Answers what became more expensive, and what is new.',
    args: {
      by: t.arg({
        type: [CostDimensionInput],
        required: true,
        description: `The dimensions, 1 to ${MAX_DIMENSIONS}, each once. Several are combined: one group per combination of values.`,
      }),
      where: t.arg({
        type: CostRowsWhere,
        description: 'Only rows that match, in both periods. No bounds of costs. Default: all rows.',
      }),
      kinds: t.arg({ type: [CostChangeKind], description: 'Only these kinds of changes. Default: all.' }),
      minDifference: t.arg.float({
        description: 'Only groups whose totalCost changed by at least this amount, up or down, such as 10.',
      }),
      orderBy: t.arg({
        type: CostChangeOrder,
        description: 'The order of groups. Default: ABSOLUTE_DIFFERENCE, largest first.',
      }),
      first: t.arg.int({ description: 'The number of groups, such as 10. The rest is summed in `others`.' }),
    },
    async resolve(comparison, args, context, info) {
      const { kinds, minDifference, orderBy } = args;
      const { grouping, names } = toGrouping(args, context.permissions);
      if (kinds != null) assertList('kinds', kinds, () => undefined, CHANGE_KINDS.length);
      if (minDifference != null) assertFinite('minDifference', minDifference);
      if (minDifference != null) assertNotNegative('minDifference', minDifference);
      const query = {
        ...grouping,
        kinds: kinds ?? undefined,
        minDifference: minDifference ?? undefined,
        orderBy: toChangeOrder(orderBy),
        fields: findSummedFields(info),
      };
      const breakdown = await context.memoize(
        [comparison, 'breakdown', argumentsKey(context, info, args), query.fields.join()],
        () => compare(comparison, query, context),
      );
      return { breakdown, dimensions: names, isDerived: comparison.isDerived };
    },
  }),
);
