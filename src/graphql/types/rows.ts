// CostReport.rows: a connection by the rules of the Relay specification.

import type { GraphQLResolveInfo } from 'graphql';

import type { GatewayContext, WindowClock } from '../../loaders/context.js';
import { UserInputError } from '../../errors.js';
import { SerializedList } from '../../execution/serialized-list.js';
import type { LazyList } from '../../report/lazy-list.js';
import { CursorError } from '../../report/query/page.js';
import type { RowPage, RowQuery } from '../../report/query/row-page.js';
import type { Report } from '../../report/report.js';
import type { Computation } from '../../report/computation.js';
import type { ReportRow, RowOrigin } from '../../report/row.js';
import type { OriginField, RowMember } from '../../report/write/row-members.js';
import { readsRowIds } from '../selection/size.js';
import { argumentsKey, chargeItems, chargeObjects } from '../response-budget.js';
import { builder } from '../builder.js';
import { assertCount, assertNotNegative } from '../inputs/validate.js';
import { CostReport } from './report.js';
import { compileEdgeSelection, compileRowSelection } from '../selection/row-selection.js';
import { CostRowOrder, MAX_ORDERS, toRowOrder } from '../inputs/row-order.js';
import { CostRow } from './row.js';
import { countReads } from '../inputs/grouping.js';
import { CostRowsWhere, toRowsWhere } from '../inputs/where.js';
import { toWindow } from './window.js';

const PageInfo = builder.objectRef<RowPage>('PageInfo').implement({
  description: 'The position of a page among all rows.',
  // Other subgraphs have this type of the Relay specification, too.
  directives: { shareable: {} },
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      description: 'Whether there is a next page, with `first`. Otherwise whether rows follow `before`.',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Whether there is a previous page, with `last`. Otherwise whether rows precede `after`.',
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
          'also after a refresh.',
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
      resolve: (page, _args, context, info) => resolveList(page, page.rows, compileRowSelection, context, info),
    }),
    edges: t.field({
      type: [CostRowEdge],
      description: 'The rows of the page, each with its cursor.',
      resolve(page, _args, context, info) {
        const edges = page.rows.map((node, index) => ({ node, page, index }));
        return resolveList(page, edges, compileEdgeSelection, context, info);
      },
    }),
    pageInfo: t.field({ type: PageInfo, description: 'Whether there are further pages.', resolve: (page) => page }),
    totalCount: t.exposeInt('totalCount', { description: 'The number of rows on all pages together.' }),
  }),
});

/**
 * Returns the objects of a page, or its JSON when no field below needs a resolver.
 * @throws UserInputError for a page over GATEWAY_MAX_PAGE_ROWS. A shorter page could pass for all rows.
 */
function resolveList<T>(
  page: RowPage,
  objects: LazyList<T>,
  toMembers: (info: GraphQLResolveInfo) => readonly RowMember[] | undefined,
  context: GatewayContext,
  info: GraphQLResolveInfo,
): readonly T[] | Promise<readonly T[]> {
  const { maxPageRows, serializesLists, windowClock } = context;
  if (maxPageRows !== undefined && page.rowCount > maxPageRows) {
    throw new UserInputError(
      'first',
      `or \`last\` must be given and at most ${maxPageRows} (GATEWAY_MAX_PAGE_ROWS): this page would have ${page.rowCount} rows.`,
    );
  }
  const members = serializesLists ? toMembers(info) : undefined;
  // An unknown window is an error of each row.
  const isPlain = members !== undefined && (page.origin.report.window !== null || !readsWindow(members));
  if (!isPlain) return chargeObjects(context, info, objects);
  chargeItems(context, page.rowCount, info);
  // Pothos' types accept arrays only.
  return new SerializedList(page.write(members, createOriginJson(page.origin, windowClock))) as unknown as readonly T[];
}

/** @throws UpstreamError for a field of an unknown window. */
function createOriginJson(origin: RowOrigin, clock: WindowClock): (field: OriginField) => string {
  return (field) => {
    const value = field === 'asOf' || field === 'isStale' ? origin[field] : toWindow(origin, clock)[field];
    const isTime = field === 'asOf' || field === 'startTime' || field === 'endTime';
    return JSON.stringify(isTime ? new Date(Number(value)) : value);
  };
}

function readsWindow(members: readonly RowMember[]): boolean {
  return members.some((member) =>
    member.kind === 'object'
      ? readsWindow(member.members)
      : member.kind === 'origin' && member.field !== 'asOf' && member.field !== 'isStale',
  );
}

builder.objectField(CostReport, 'rows', (t) =>
  t.field({
    type: CostRowConnection,
    directives: {
      listSize: {
        // The rows of a large dashboard.
        assumedSize: 1_000,
        slicingArguments: ['first', 'last'],
        sizedFields: ['nodes', 'edges'],
        requireOneSlicingArgument: false,
      },
    },
    description:
      'The rows of the report, one per workload or group, as a Relay connection. All rows unless `first` or `last` is given.',
    args: {
      where: t.arg({ type: CostRowsWhere, description: 'Only rows that match. Default: all rows.' }),
      orderBy: t.arg({
        type: [CostRowOrder],
        description:
          `The order of rows, at most ${MAX_ORDERS} entries. Each further entry orders rows that are equal so far, and \`id\` the rest. ` +
          'Default: the order of ScaleOps, which a refresh may change, so that pages repeat or miss rows.',
      }),
      first: t.arg.int({ description: 'The number of rows from the start, such as 20. 0 returns counts only.' }),
      after: t.arg.string({ description: 'A cursor: the page starts after this row.' }),
      last: t.arg.int({ description: 'The number of rows from the end. Not together with `first`.' }),
      before: t.arg.string({ description: 'A cursor: the page ends before this row.' }),
    },
    resolve: (loaded, args, context, info) =>
      context.memoize([loaded, 'rows', argumentsKey(context, info, args)], () => {
        const { orderBy, first, after, last, before } = args;
        if (orderBy != null) assertCount('orderBy', orderBy, MAX_ORDERS);
        if (first != null) assertNotNegative('first', first);
        if (last != null) assertNotNegative('last', last);
        if (first != null && last != null) throw new UserInputError('first', 'must not be given together with `last`.');
        const where = toRowsWhere(args.where, context.permissions);
        const query = {
          first: first ?? undefined,
          after: after ?? undefined,
          last: last ?? undefined,
          before: before ?? undefined,
          origin: loaded,
          needsIds: readsRowIds(info),
          where,
          orderBy: orderBy?.map(toRowOrder),
        };
        // A filter, each key of the order, the ids after them, and the search for each cursor read all rows.
        const filter = countReads({ by: [], where });
        const orderReads = orderBy?.length ? orderBy.length + 1 : 0;
        const cursorReads = Number(after != null) + Number(before != null);
        const reading = { rows: filter.rows + orderReads + cursorReads, labels: filter.labels };
        return context.runReportQuery(loaded.report, reading, selectRows(loaded.report, query));
      }),
  }),
);

function* selectRows(report: Report, query: RowQuery): Computation<RowPage> {
  try {
    return yield* report.selectRows(query);
  } catch (error) {
    if (!(error instanceof CursorError)) throw error;
    throw new UserInputError(error.argument, 'must be a cursor of this report with this `where` and `orderBy`.');
  }
}
