// CostTimeSeries.series: the values of each group over time.

import { assertObjectType, getArgumentValues, type GraphQLResolveInfo } from 'graphql';

import type { Series, SeriesSet } from '../../report/compare/time-series.js';
import type { SumField } from '../../report/columns/columns.js';
import { builder } from '../builder.js';
import { BY_DESCRIPTION, CostDimensionInput } from '../inputs/dimensions.js';
import { toGrouping } from '../inputs/grouping.js';
import { CostGroupOrder, toGroupOrder } from '../inputs/group-order.js';
import { toEnumValues } from '../inputs/row-order.js';
import { CostRowsWhere } from '../inputs/where.js';
import { chargeObjects } from '../response-budget.js';
import { fieldsBelow, findSummedFields } from '../selection/size.js';
import { CostGroupKey, toKeys } from './breakdown.js';
import { CostTimeSeries, readSeries, SERIES_TOTALS } from './time-series.js';
import { CostTotals, FULL_SCAN_COST_WEIGHT } from './totals.js';

interface NamedSeries extends Series {
  readonly dimensions: readonly string[];
}

interface NamedSeriesSet extends SeriesSet {
  readonly dimensions: readonly string[];
  readonly intervalCount: number;
}

const CostSeriesField = builder.enumType('CostSeriesField', {
  description: 'What the values of a series are.',
  values: toEnumValues(
    ['totalCost', 'hourlyCost', 'savingsAvailable', 'onDemandHours', 'spotHours', 'amountOfWorkloads'],
    (field) => `\`${field}\` of the interval, as in \`CostTotals\`.`,
  ),
});

const CostSeries = builder.objectRef<NamedSeries>('CostSeries').implement({
  description: 'The values of one group over time.',
  fields: (t) => ({
    keys: t.field({
      type: [CostGroupKey],
      directives: { listSize: { assumedSize: 2 } },
      description: 'One key per entry of `by`, in the same order. Empty for `others`, and without `by`.',
      resolve: ({ keys, dimensions }) => (keys.length === 0 ? [] : toKeys(dimensions, keys)),
    }),
    values: t.field({
      type: t.listRef('Float', { nullable: true }),
      directives: { listSize: { assumedSize: 31 } },
      args: {
        field: t.arg({
          type: CostSeriesField,
          required: true,
          defaultValue: 'totalCost',
          description: 'What the values are.',
        }),
      },
      description:
        'One value per interval, in the order of `intervals`. 0 when the group has no row, null without a report.',
      resolve: (series, { field }) => series.values(field),
    }),
    totals: t.expose('totals', { type: CostTotals, nullable: true, description: SERIES_TOTALS }),
  }),
});

const CostSeriesSet = builder.objectRef<NamedSeriesSet>('CostSeriesSet').implement({
  description: 'Series, chosen and ordered by their sums over all intervals.',
  fields: (t) => ({
    series: t.field({
      type: [CostSeries],
      description: 'The first series, in order.',
      resolve({ series: all, dimensions, intervalCount }, _args, context, info) {
        context.budget.chargeFields(all.length * intervalCount * countValueLists(info));
        return chargeObjects(
          context,
          info,
          all.map((series) => ({ ...series, dimensions })),
        );
      },
    }),
    others: t.field({
      type: CostSeries,
      nullable: true,
      description: 'All series after `first`, as one. Null when there are none.',
      resolve({ others, dimensions, intervalCount }, _args, context, info) {
        if (others === null) return null;
        context.budget.chargeFields(intervalCount * countValueLists(info));
        return { ...others, dimensions };
      },
    }),
    seriesCount: t.exposeInt('seriesCount', { description: 'The number of series, including those in `others`.' }),
  }),
});

builder.objectField(CostTimeSeries, 'series', (t) =>
  t.field({
    type: CostSeriesSet,
    directives: {
      cost: { weight: FULL_SCAN_COST_WEIGHT },
      // Without `assumedSize`: `first` has a default.
      listSize: { slicingArguments: ['first'], sizedFields: ['series'], requireOneSlicingArgument: false },
    },
    description: 'The values of each group over time, such as per team.',
    args: {
      by: t.arg({
        type: [CostDimensionInput],
        description: `${BY_DESCRIPTION} Default: none, for one series of all rows.`,
      }),
      where: t.arg({ type: CostRowsWhere, description: 'Only rows that match. Default: all rows.' }),
      orderBy: t.arg({
        type: CostGroupOrder,
        description: 'The order of series, by their sums over all intervals. Default: TOTAL_COST, largest first.',
      }),
      first: t.arg.int({ defaultValue: 10, description: 'The number of series. The rest is summed in `others`.' }),
    },
    async resolve(series, args, context, info) {
      const { grouping, names } = toGrouping(args, context.permissions);
      const query = { ...grouping, orderBy: toGroupOrder(args.orderBy), fields: findSeriesFields(info) };
      const set = await readSeries(series, query, context);
      return { ...set, dimensions: names, intervalCount: series.reports.length };
    },
  }),
);

/** How many lists of values each series has in the response. */
function countValueLists(info: GraphQLResolveInfo): number {
  return Array.from(fieldsBelow(info)).filter(({ name }) => name.value === 'values').length;
}

/** The sums that totals and values below this field read. */
function findSeriesFields(info: GraphQLResolveInfo): readonly SumField[] {
  const fields = new Set(findSummedFields(info));
  const { values } = assertObjectType(info.schema.getType('CostSeries')).getFields();
  for (const node of fieldsBelow(info)) {
    if (node.name.value !== 'values' || values === undefined) continue;
    fields.add(getArgumentValues(values, node, info.variableValues).field as SumField);
  }
  return [...fields];
}
