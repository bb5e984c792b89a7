// CostReport.rows: a connection by the rules of the Relay specification.

import type { GraphQLResolveInfo } from 'graphql';

import type { GatewayContext } from '../../loaders/context.js';
import { UserInputError } from '../../errors.js';
import { SerializedList } from '../../execution/serialized-list.js';
import { CursorError } from '../../report/query/page.js';
import type { RowPage, RowQuery } from '../../report/query/row-page.js';
import type { Report } from '../../report/report.js';
import type { Steps } from '../../report/steps.js';
import type { ReportRow } from '../../report/row.js';
import type { RowMember } from '../../report/write/row-members.js';
import { createOriginJson } from '../selection/origin-json.js';
import { readsRowIds } from '../selection/size.js';
import { argumentsKey, chargeItems, toObjects } from '../response-budget.js';
import { builder } from '../builder.js';
import { assertCount, assertNotNegative } from '../inputs/validate.js';
import { CostReport } from './report.js';
import { compileEdgeSelection, compileRowSelection } from '../selection/row-selection.js';
import { CostRowOrder, MAX_ORDERS, toRowOrder } from '../inputs/row-order.js';
import { CostRow } from './row.js';
import { toReading } from '../inputs/grouping.js';
import { CostRowsWhere, toRowsWhere } from '../inputs/where.js';

/** @listSize for routers, where a query has no `first` or `last`: the rows of a large dashboard. */
const ASSUMED_ROWS = 1_000;

const PageInfo = builder.objectRef<RowPage>('PageInfo').implement({
  description: 'The position of a page among all rows.',
  // The type of the Relay specification, which other subgraphs have too.
  directives: { shareable: {} },
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      description:
        'With `first`: whether there is a next page. Otherwise whether rows follow `before`. As in the Relay specification.',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description:
        'With `last`: whether there is a previous page. Otherwise whether rows precede `after`. As in the Relay specification.',
    }),
    startCursor: t.string({
      nullable: true,
      description: 'The cursor of the first row, for `before`. Null when the page is empty.',
      resolve: (page) => (page.rowCount === 0 ? null : page.cursorOf(0)),
    }),
    endCursor: t.string({
      nullable: true,
      description: 'The cursor of the last row, for `after`. Null when the page is empty.',
      resolve: (page) => (page.rowCount === 0 ? null : page.cursorOf(page.rowCount - 1)),
    }),
  }),
});

const CostRowEdge = builder
  .objectRef<{ readonly node: ReportRow; readonly page: RowPage; readonly index: number }>('CostRowEdge')
  .implement({
    description: 'A row and its cursor.',
    fields: (t) => ({
      node: t.expose('node', { type: CostRow, description: 'The row at this cursor.' }),
      cursor: t.string({
        description:
          'An opaque position for `after` and `before`. Valid for the same report, `where` and `orderBy`, ' +
          'also after the report was refreshed.',
        resolve: ({ page, index }) => page.cursorOf(index),
      }),
    }),
  });

const CostRowConnection = builder.objectRef<RowPage>('CostRowConnection').implement({
  description: 'A page of rows.',
  fields: (t) => ({
    nodes: t.field({
      type: [CostRow],
      description: 'The rows of the page.',
      resolve: (page, _args, context, info) =>
        resolveList(page, context, info, compileRowSelection) ?? toObjects(page.rows, context),
    }),
    edges: t.field({
      type: [CostRowEdge],
      description: 'The rows of the page, each with its cursor.',
      resolve: (page, _args, context, info) =>
        resolveList(page, context, info, compileEdgeSelection) ??
        toObjects(
          page.rows.map((node, index) => ({ node, page, index })),
          context,
        ),
    }),
    pageInfo: t.field({
      type: PageInfo,
      description: 'Where the page stands among all rows.',
      resolve: (page) => page,
    }),
    totalCount: t.exposeInt('totalCount', { description: 'The number of rows on all pages together.' }),
  }),
});

/**
 * The list of a page as JSON, where the executor takes that and no field below needs a resolver. Nothing is cut off in
 * silence: a page over one of the operator's limits is refused.
 */
function resolveList(
  page: RowPage,
  context: GatewayContext,
  info: GraphQLResolveInfo,
  toMembers: (info: GraphQLResolveInfo) => readonly RowMember[] | undefined,
): never[] | undefined {
  const { maxPageRows, serializesLists } = context;
  if (maxPageRows !== undefined && page.rowCount > maxPageRows) {
    throw new UserInputError(
      'first',
      `must be given and at most ${maxPageRows} (GATEWAY_MAX_PAGE_ROWS): here it would be ${page.rowCount} rows.`,
    );
  }
  chargeItems(context, page.rowCount, info);
  const members = serializesLists ? toMembers(info) : undefined;
  // A window that is not known is an error of each row.
  if (members && page.origin.report.window === null && readsWindow(members)) return undefined;
  // Pothos' types know lists as arrays only.
  return (
    members &&
    (new SerializedList(page.write(members, createOriginJson(page.origin, context.windows))) as unknown as never[])
  );
}

const WINDOW_FIELDS: readonly string[] = ['startTime', 'endTime', 'hours', 'state'];

function readsWindow(members: readonly RowMember[]): boolean {
  return members.some((member) =>
    member.kind === 'object'
      ? readsWindow(member.members)
      : member.kind === 'origin' && WINDOW_FIELDS.includes(member.field),
  );
}

builder.objectField(CostReport, 'rows', (t) =>
  t.field({
    type: CostRowConnection,
    directives: {
      listSize: {
        assumedSize: ASSUMED_ROWS,
        slicingArguments: ['first', 'last'],
        sizedFields: ['nodes', 'edges'],
        requireOneSlicingArgument: false,
      },
    },
    description:
      'The rows of the report, one per workload or group. All rows unless `first` or `last` is given. ' +
      'Without `orderBy` they are in the order of ScaleOps, which may change when the report is refreshed: then pages ' +
      'may repeat or miss rows. A Relay connection.',
    args: {
      where: t.arg({ type: CostRowsWhere, description: 'Only rows that match. Default: all rows.' }),
      orderBy: t.arg({
        type: [CostRowOrder],
        description:
          'The order of rows: by the first entry, then by the next among equal rows, and last by `id`, so that equal rows ' +
          'keep their order when the report is refreshed. ' +
          `Default: the order of ScaleOps. At most ${MAX_ORDERS} entries.`,
      }),
      first: t.arg.int({
        description: 'The number of rows from the start, such as 20. 0 returns counts only.',
      }),
      after: t.arg.string({ description: 'A cursor: the page starts after this row.' }),
      last: t.arg.int({ description: 'The number of rows from the end. Not together with `first`.' }),
      before: t.arg.string({ description: 'A cursor: the page ends before this row.' }),
    },
    resolve: (loaded, args, context, info) =>
      context.memoize([loaded, 'rows', argumentsKey(context, info, args)], () => {
        const { where, orderBy, first, after, last, before } = args;
        if (orderBy != null) assertCount('orderBy', orderBy, MAX_ORDERS);
        if (first != null) assertNotNegative('first', first);
        if (last != null) assertNotNegative('last', last);
        if (first != null && last != null) throw new UserInputError('first', 'must not be given together with `last`.');
        const query = {
          origin: loaded,
          needsIds: readsRowIds(info),
          where: toRowsWhere(where, context.permissions),
          orderBy: orderBy?.map(toRowOrder),
          first: first ?? undefined,
          after: after ?? undefined,
          last: last ?? undefined,
          before: before ?? undefined,
        };
        // A filter, each key of the order, the ids after them, and the search for each cursor read all rows.
        const filter = toReading({ by: [], where: query.where });
        const orders = orderBy == null || orderBy.length === 0 ? 0 : orderBy.length + 1;
        const others = orders + (after == null ? 0 : 1) + (before == null ? 0 : 1);
        const reading = { rows: filter.rows + others, labels: filter.labels };
        return context.runReportQuery(loaded.report, reading, selectRows(loaded.report, query));
      }),
  }),
);

function* selectRows(report: Report, query: RowQuery): Steps<RowPage> {
  try {
    return yield* report.selectRows(query);
  } catch (error) {
    if (!(error instanceof CursorError)) throw error;
    throw new UserInputError(error.argument, 'must be a cursor of this report with this `where` and `orderBy`.');
  }
}
