// CostComparison.breakdown: changes by group.

import type { GroupChange } from '../../report/compare/compare-reports.js';
import { builder } from '../builder.js';
import { CHANGE_KINDS, CostChangeKind, CostChangeOrder, toChangeOrder } from '../inputs/changes.js';
import { BY_DESCRIPTION, CostDimensionInput } from '../inputs/dimensions.js';
import { toGrouping } from '../inputs/grouping.js';
import { nullsToUndefined } from '../inputs/nulls-to-undefined.js';
import { assertFinite, assertList, assertNotNegative } from '../inputs/validate.js';
import { CostRowsWhere } from '../inputs/where.js';
import { chargeObjects } from '../response-budget.js';
import { findSummedFields } from '../selection/size.js';
import { BREAKDOWN_DIRECTIVES, CostGroupKey, toKeys } from './breakdown.js';
import { compare, COMPARED_ROWS, CostComparison, CostTotalsChange, type Changes } from './comparison.js';

interface NamedGroupChange extends GroupChange {
  readonly dimensions: readonly string[];
  readonly isDerived: boolean;
}

interface NamedChanges extends Changes {
  readonly dimensions: readonly string[];
}

const CostGroupChange = builder.objectRef<NamedGroupChange>('CostGroupChange').implement({
  description: 'A group in the report and in its baseline. Groups are matched by their keys.',
  fields: (t) => ({
    keys: t.field({
      type: [CostGroupKey],
      directives: { listSize: { assumedSize: 2 } },
      description: 'One key per entry of `by`, in the same order.',
      resolve: ({ keys, dimensions }) => toKeys(dimensions, keys),
    }),
    kind: t.expose('kind', { type: CostChangeKind, description: 'How its cost changed.' }),
    totals: t.field({ type: CostTotalsChange, description: 'The sums of the group.', resolve: (group) => group }),
    contribution: t.exposeFloat('contribution', {
      nullable: true,
      description:
        "The group's share of the difference of the totalCost of all groups, such as 0.5. The shares add up to 1. " +
        'Negative for a group that rose while the total fell, or the reverse. Null when that difference is 0.',
    }),
  }),
});

const CostChangeBreakdown = builder.objectRef<NamedChanges>('CostChangeBreakdown').implement({
  description: 'Changes by group. `groups` and `others` add up to `totals`.',
  fields: (t) => ({
    groups: t.field({
      type: [CostGroupChange],
      description: 'The requested changes, in order.',
      resolve: ({ groups, dimensions, isDerived }, _args, context, info) =>
        chargeObjects(
          context,
          info,
          groups.map((group): NamedGroupChange => ({ ...group, dimensions, isDerived })),
        ),
    }),
    others: t.field({
      type: CostTotalsChange,
      nullable: true,
      description: 'The sums of all groups after `first`, below `minDifference` or of other `kinds`. Null without any.',
      resolve: ({ others, isDerived }) => others && { totals: others, isDerived },
    }),
    groupCount: t.exposeInt('groupCount', { description: 'The number of groups, including those in `others`.' }),
    totals: t.field({ type: CostTotalsChange, description: 'The sums of all groups.', resolve: (changes) => changes }),
  }),
});

builder.objectField(CostComparison, 'breakdown', (t) =>
  t.field({
    type: CostChangeBreakdown,
    directives: BREAKDOWN_DIRECTIVES,
    description: 'Changes by group: what became more expensive, and what is new.',
    args: {
      by: t.arg({ type: [CostDimensionInput], required: true, description: BY_DESCRIPTION }),
      where: t.arg({ type: CostRowsWhere, description: COMPARED_ROWS }),
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
      const { kinds, minDifference } = args;
      const { grouping, names } = toGrouping(args, context.permissions);
      if (kinds != null) assertList('kinds', kinds, () => undefined, CHANGE_KINDS.length);
      if (minDifference != null) assertFinite('minDifference', minDifference);
      if (minDifference != null) assertNotNegative('minDifference', minDifference);
      const query = {
        ...grouping,
        ...nullsToUndefined({ kinds, minDifference }),
        orderBy: toChangeOrder(args.orderBy),
        fields: findSummedFields(info),
      };
      return { ...(await compare(comparison, query, context)), dimensions: names };
    },
  }),
);
