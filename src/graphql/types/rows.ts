// CostReport.rows: a connection by the rules of the Relay specification.

import { responsePathAsArray, type GraphQLResolveInfo } from 'graphql';

import type { GatewayContext } from '../../loaders/context.js';
import { UserInputError } from '../../errors.js';
import { CursorError } from '../../report/query/page.js';
import type { RowPage, RowQuestion } from '../../report/query/row-page.js';
import type { Report } from '../../report/report.js';
import { runAll } from '../../report/steps.js';
import { toRequestKey } from '../../report/request.js';
import type { RowMember } from '../../report/write/row-writer.js';
import type { ReportRow } from '../../report/row.js';
import { spendRows, study } from '../response-budget.js';
import { builder } from '../builder.js';
import { checkCount, checkNotNegative } from '../inputs/validate.js';
import { CostReport } from './report.js';
import { toEdgeMembers, toRowMembers } from '../selection/row-selection.js';
import { CostRowOrder, MAX_ORDERS, toRowOrder } from '../inputs/row-order.js';
import { CostRow } from './row.js';
import { CostRowsWhere, toRowsWhere } from '../inputs/where.js';

/** What a router reckons with where a query does not say how many rows it wants: those of a large dashboard. */
const ASSUMED_ROWS = 1_000;

const PageInfo = builder.objectRef<RowPage>('PageInfo').implement({
  description: 'Where a page stands among all rows.',
  // The Relay specification's own, which other subgraphs have as well.
  directives: { shareable: {} },
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      description:
        'With `first`: whether rows are left for the next page. Else whether rows follow a `before`. As in the Relay specification.',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description:
        'With `last`: whether rows are left for the page before. Else whether rows precede an `after`. As in the Relay specification.',
    }),
    startCursor: t.string({
      nullable: true,
      description: "The cursor of the page's first row, for `before`. Null when the page is empty.",
      resolve: (page) => (page.rowCount === 0 ? null : page.cursorOf(0)),
    }),
    endCursor: t.string({
      nullable: true,
      description: "The cursor of the page's last row, for `after`. Null when the page is empty.",
      resolve: (page) => (page.rowCount === 0 ? null : page.cursorOf(page.rowCount - 1)),
    }),
  }),
});

const CostRowEdge = builder
  .objectRef<{ readonly node: ReportRow; readonly page: RowPage; readonly index: number }>('CostRowEdge')
  .implement({
    description: 'A row and its place among the rows.',
    fields: (t) => ({
      node: t.expose('node', { type: CostRow, description: 'The row itself.' }),
      cursor: t.string({
        description:
          'An opaque text that names the row in this list, for `after` and `before`. It belongs to one report, ' +
          '`where` and `orderBy`; it stays good when the report is refreshed, as far as the row is still there.',
        resolve: ({ page, index }) => page.cursorOf(index),
      }),
    }),
  });

const CostRowConnection = builder.objectRef<RowPage>('CostRowConnection').implement({
  description: 'A page of rows, and how many rows there are in all.',
  fields: (t) => ({
    nodes: t.field({
      type: [CostRow],
      description: 'The rows of the page.',
      resolve: (page, _args, context, info) => listOf(page, context, info, toRowMembers, (rows) => rows),
    }),
    edges: t.field({
      type: [CostRowEdge],
      description: 'The rows of the page, each with its cursor.',
      resolve: (page, _args, context, info) =>
        listOf(page, context, info, toEdgeMembers, (rows) => rows.map((node, index) => ({ node, page, index }))),
    }),
    pageInfo: t.field({
      type: PageInfo,
      description: 'Where the page stands among all rows.',
      resolve: (page) => page,
    }),
    totalCount: t.exposeInt('totalCount', { description: 'How many rows there are on all pages together.' }),
  }),
});

/** Pages from here on are put together one after the other. */
const LARGE_PAGE = 10_000;

/**
 * The list of a page, or an empty one where it is written into the answer instead, which is for all that needs no resolver.
 * Nothing is cut off in silence: a page over one of the operator's limits is refused.
 */
function listOf<Item>(
  page: RowPage,
  context: GatewayContext,
  info: GraphQLResolveInfo,
  toMembers: (info: GraphQLResolveInfo) => readonly RowMember[] | undefined,
  toItems: (rows: readonly ReportRow[]) => readonly Item[],
): readonly Item[] | Promise<readonly Item[]> {
  const { maxPageRows, lists } = context;
  if (maxPageRows !== undefined && page.rowCount > maxPageRows) {
    throw new UserInputError(
      'first',
      `must be given and at most ${maxPageRows}: here it would be ${page.rowCount} rows.`,
    );
  }
  if (!spendRows(context, page.rowCount, info)) return [];
  const members = lists && toMembers(info);
  if (members !== undefined) {
    lists?.push({ path: responsePathAsArray(info.path), pieces: page.write(members) });
    return [];
  }
  return page.rowCount < LARGE_PAGE ? toItems(page.rows) : context.awaitTurn().then(() => toItems(page.rows));
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
      'The rows of the report: one a workload, or one a group of them. Without `first` and `last`, all of them. ' +
      'Pages are those of the Relay connection specification.',
    args: {
      where: t.arg({ type: CostRowsWhere, description: 'Which rows; all of them where it is left out.' }),
      orderBy: t.arg({
        type: [CostRowOrder],
        description:
          'What the rows are ordered by: the first entry decides, each further one among equals. ' +
          `Left out, the rows keep the order of ScaleOps. At most ${MAX_ORDERS} entries.`,
      }),
      first: t.arg.int({
        description: 'How many rows to give, from the first on; 0 gives none, for the counts alone.',
      }),
      after: t.arg.string({ description: 'The cursor of a row: the page begins after it.' }),
      last: t.arg.int({ description: 'How many rows to give, up to the last one. Not together with `first`.' }),
      before: t.arg.string({ description: 'The cursor of a row: the page ends before it.' }),
    },
    resolve: (loaded, { where, orderBy, first, after, last, before }, context, { fieldNodes }) =>
      context.once([loaded, fieldNodes], () => {
        if (orderBy != null) checkCount('orderBy', orderBy, MAX_ORDERS);
        if (first != null) checkNotNegative('first', first);
        if (last != null) checkNotNegative('last', last);
        if (first != null && last != null) throw new UserInputError('first', 'must not be given together with `last`.');
        const question = {
          scope: () => toRequestKey(loaded.request),
          where: toRowsWhere(where, context.grants),
          orderBy: orderBy?.map(toRowOrder),
          first: first ?? undefined,
          after: after ?? undefined,
          last: last ?? undefined,
          before: before ?? undefined,
        };
        const passes = (where == null ? 0 : 1) + (orderBy?.length ?? 0);
        return study(context, loaded.report, passes, () => selectRows(loaded.report, question));
      }),
  }),
);

function selectRows(report: Report, question: RowQuestion): RowPage {
  try {
    return runAll(report.selectRows(question));
  } catch (error) {
    if (!(error instanceof CursorError)) throw error;
    throw new UserInputError(error.argument, 'must be a cursor of this report with this `where` and `orderBy`.');
  }
}
