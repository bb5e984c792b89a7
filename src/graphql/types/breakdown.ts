// CostReport.breakdown: rows in groups, with their totals and shares.

import { UserInputError } from '../../errors.js';
import type { Breakdown, Dimension, Group, GroupOrder } from '../../report/query/breakdown.js';
import { runAll } from '../../report/steps.js';
import { study } from '../response-budget.js';
import { builder } from '../builder.js';
import { checkCount, checkLabelKey, checkNotNegative } from '../inputs/validate.js';
import { CostReport } from './report.js';
import { SortDirection } from '../inputs/row-order.js';
import { CostRowsWhere, toRowsWhere } from '../inputs/where.js';
import { CostTotals, READS_ALL_ROWS } from './totals.js';

const MAX_DIMENSIONS = 5;
/** How often groups read a report besides once a dimension, about. */
const PASSES = 2;

/** The enum's values, and the fields of a row that they name. */
const DIMENSIONS = {
  CLUSTER: 'clusterName',
  NAMESPACE: 'namespace',
  WORKLOAD_TYPE: 'workloadType',
  WORKLOAD_NAME: 'workloadName',
} as const;

const CostDimension = builder.enumType('CostDimension', {
  description: 'A field of the rows to group by.',
  values: {
    CLUSTER: { description: 'The Kubernetes cluster, `clusterName`.' },
    NAMESPACE: { description: 'The Kubernetes namespace, `namespace`; those of one name in all clusters together.' },
    WORKLOAD_TYPE: { description: 'The kind of workload, `workloadType`.' },
    WORKLOAD_NAME: { description: 'The name of the workload, `workloadName`.' },
  } as const,
});

const CostDimensionInput = builder.inputType('CostDimensionInput', {
  description: 'One thing to group rows by: give exactly one of the two fields.',
  isOneOf: true,
  fields: (t) => ({
    field: t.field({ type: CostDimension, description: 'A field of the rows.' }),
    label: t.string({
      description:
        'The key of a Kubernetes label, such as `team`: groups by its value among the `ownerLabels`, else among the ' +
        '`labels` of an aggregated row. Rows without it, or with an empty value, are one group.',
    }),
  }),
});

const CostGroupField = builder.enumType('CostGroupField', {
  description: 'What groups can be ordered by.',
  values: {
    TOTAL_COST: { value: 'totalCost', description: 'By the sum of `totalCost`.' },
    HOURLY_COST: { value: 'hourlyCost', description: 'By the sum of `hourlyCost`.' },
    SAVINGS_AVAILABLE: { value: 'savingsAvailable', description: 'By the sum of `savingsAvailable`.' },
    SAVINGS_AVAILABLE_WITH_REPLICAS: {
      value: 'savingsAvailableWithReplicas',
      description: 'By the sum of `savingsAvailableWithReplicas`.',
    },
    AMOUNT_OF_WORKLOADS: { value: 'amountOfWorkloads', description: 'By the sum of `amountOfWorkloads`.' },
    KEY: {
      value: 'key',
      description: 'By the values of the dimensions, one after the other, by Unicode code point; null comes last.',
    },
  } as const,
});

const CostGroupOrder = builder.inputType('CostGroupOrder', {
  description: 'What groups are ordered by. Equal groups keep the order in which their first rows come.',
  fields: (t) => ({
    field: t.field({ type: CostGroupField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: SortDirection, defaultValue: 'DESC', description: 'Which end comes first.' }),
  }),
});

/** What a router reckons with where a query does not say how many groups it wants: teams, namespaces. */
const ASSUMED_GROUPS = 100;

/** A group, with the names of the dimensions that its keys belong to. */
interface NamedGroup {
  readonly group: Group;
  readonly dimensions: readonly string[];
}
interface NamedBreakdown {
  readonly breakdown: Breakdown;
  readonly dimensions: readonly string[];
}

const CostGroupKey = builder
  .objectRef<{ readonly dimension: string; readonly value: string | null }>('CostGroupKey')
  .implement({
    description: 'What the rows of a group have in common, in one dimension.',
    fields: (t) => ({
      dimension: t.exposeString('dimension', {
        description: 'The dimension: the name of the field, such as `NAMESPACE`, or `label:` and the key of the label.',
      }),
      value: t.exposeString('value', {
        nullable: true,
        description: 'The value that the rows have in common. Null is the group of the rows without one.',
      }),
    }),
  });

const CostGroup = builder.objectRef<NamedGroup>('CostGroup').implement({
  description: 'Rows that have something in common, added up.',
  fields: (t) => ({
    keys: t.field({
      type: [CostGroupKey],
      directives: { listSize: { assumedSize: 2 } },
      description: 'What the rows have in common: one key for each entry of `by`, in its order.',
      resolve: ({ group, dimensions }) =>
        dimensions.map((dimension, index) => ({ dimension, value: group.keys[index] ?? null })),
    }),
    totals: t.field({ type: CostTotals, description: 'The rows added up.', resolve: ({ group }) => group.totals }),
    share: t.float({
      nullable: true,
      description:
        "The group's part of the totalCost of all groups of this breakdown: 0.25 is a quarter. " +
        'From 0 to 1, or outside where there are credits. Null when that totalCost is 0.',
      resolve: ({ group }) => group.share,
    }),
  }),
});

const CostBreakdown = builder.objectRef<NamedBreakdown>('CostBreakdown').implement({
  description: 'Rows in groups. The groups and the others add up to the totals.',
  fields: (t) => ({
    groups: t.field({
      type: [CostGroup],
      description: 'The groups, in order; those past `first` are in `others`.',
      resolve: ({ breakdown, dimensions }) => breakdown.groups.map((group) => ({ group, dimensions })),
    }),
    others: t.field({
      type: CostTotals,
      nullable: true,
      description: 'The groups past `first`, added up. Null when there are none.',
      resolve: ({ breakdown }) => breakdown.others,
    }),
    groupCount: t.int({
      description: 'How many groups there are, those in `others` among them.',
      resolve: ({ breakdown }) => breakdown.groupCount,
    }),
    totals: t.field({
      type: CostTotals,
      description: 'All groups added up.',
      resolve: ({ breakdown }) => breakdown.totals,
    }),
  }),
});

builder.objectField(CostReport, 'breakdown', (t) =>
  t.field({
    type: CostBreakdown,
    directives: {
      cost: { weight: READS_ALL_ROWS },
      listSize: {
        assumedSize: ASSUMED_GROUPS,
        slicingArguments: ['first'],
        sizedFields: ['groups'],
        requireOneSlicingArgument: false,
      },
    },
    description:
      'The rows of the report in groups, with totals and shares: what each team, cluster or namespace costs.',
    args: {
      by: t.arg({
        type: [CostDimensionInput],
        required: true,
        description: `What to group by: 1 to ${MAX_DIMENSIONS} dimensions, each once. Several split each other.`,
      }),
      where: t.arg({ type: CostRowsWhere, description: 'Which rows; all of them where it is left out.' }),
      orderBy: t.arg({
        type: CostGroupOrder,
        description: 'What the groups are ordered by; left out, by TOTAL_COST, the largest first.',
      }),
      first: t.arg.int({ description: 'How many groups to give; the others are summed in `others`. 0 gives none.' }),
    },
    resolve: ({ report }, { by, where, orderBy, first }, context, { fieldNodes }) =>
      context.once([report, fieldNodes], () => {
        const dimensions = toDimensions(by);
        if (first != null) checkNotNegative('first', first);
        const question = {
          by: dimensions.map(({ dimension }) => dimension),
          where: toRowsWhere(where, context.grants),
          orderBy: toGroupOrder(orderBy),
          first: first ?? undefined,
        };
        return study(context, report, dimensions.length + PASSES, () => ({
          breakdown: runAll(report.breakDown(question)),
          dimensions: dimensions.map(({ name }) => name),
        }));
      }),
  }),
);

function toGroupOrder(order: (typeof CostGroupOrder)['$inferInput'] | null | undefined): GroupOrder {
  return { field: order?.field ?? 'totalCost', direction: order?.direction ?? 'DESC' };
}

interface NamedDimension {
  readonly name: string;
  readonly dimension: Dimension;
}

function toDimensions(by: readonly (typeof CostDimensionInput)['$inferInput'][]): NamedDimension[] {
  if (by.length === 0) throw new UserInputError('by', 'must not be an empty list.');
  checkCount('by', by, MAX_DIMENSIONS);
  const named = by.map(toDimension);
  const repeated = named.findIndex(({ name }, index) => named.findIndex((other) => other.name === name) < index);
  if (repeated >= 0) throw new UserInputError(`by[${repeated}]`, 'must not repeat a dimension.');
  return named;
}

function toDimension({ field, label }: (typeof CostDimensionInput)['$inferInput'], index: number): NamedDimension {
  if (field != null) return { name: field, dimension: { field: DIMENSIONS[field] } };
  checkLabelKey(`by[${index}].label`, label);
  return { name: `label:${label}`, dimension: { label } };
}
