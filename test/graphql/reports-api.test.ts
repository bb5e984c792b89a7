// Queries over reports through the whole gateway: responses are compared with the reference over the upstream's JSON,
// upstream calls are counted, and every bad input gets a clear error.

import fc from 'fast-check';
import { graphql } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Scheduler } from '../../src/concurrency/scheduler.js';
import { createSchema } from '../../src/graphql/schema.js';
import { createMemoize } from '../../src/loaders/memoize.js';
import { OperationBudget } from '../../src/loaders/operation-budget.js';
import { createOperationRunner } from '../../src/loaders/operation-runner.js';
import { decodeReport } from '../../src/report/parse/json-parser.js';
import type { ReceivedRequest } from '../../src/simulator/received-request.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { startGateway, TOKEN, type GraphqlResponse, type TestGateway } from '../kit/gateway.js';
import {
  addUp,
  anyReport,
  filterRows,
  groupRows,
  readRows,
  sortRows,
  SUMMED,
  type Row,
  type UpstreamReport,
} from '../kit/reference.js';

const TOTALS = `rowCount ${SUMMED.join(' ')} onDemandPercent spotPercent`;
const BREAKDOWN = `groups { keys { dimension value } totals { ${TOTALS} } share }
  others { ${TOTALS} } groupCount totals { ${TOTALS} }`;
const PAGE =
  'totalCount edges { cursor node { scaleOpsId totalCost share } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

interface Connection {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly scaleOpsId: string } }[];
  readonly pageInfo: Readonly<Record<'hasNextPage' | 'hasPreviousPage', boolean>> &
    Readonly<Record<'startCursor' | 'endCursor', string | null>>;
}

interface Stack extends TestGateway {
  readonly received: readonly ReceivedRequest[];
  /** The rows of the upstream's response to its `index`-th request, requested again without being counted. */
  upstreamRows(index?: number): Promise<Row[]>;
}

async function start(env: Record<string, string> = {}): Promise<Stack> {
  const received: ReceivedRequest[] = [];
  let isCounting = true;
  const simulator = createSimulator({
    workloads: 120,
    token: TOKEN,
    now: () => Date.UTC(2026, 0, 31),
    onRequest: (request) => {
      if (isCounting) received.push(request);
    },
  });
  const url = await simulator.listen();
  const gateway = startGateway(url, env);
  return {
    ...gateway,
    received,
    async upstreamRows(index = 0) {
      const { method, path, query, body } = received[index]!;
      isCounting = false;
      const response = await fetch(`${url}${path}?${query.toString()}`, {
        method,
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      isCounting = true;
      return readRows((await response.json()) as UpstreamReport);
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await simulator.close();
    },
  };
}

/** A reference breakdown in the form of the schema. */
function named({ groups, ...rest }: ReturnType<typeof groupRows>, dimensions: readonly string[]) {
  return {
    groups: groups.map(({ keys, ...group }) => ({
      keys: keys.map((value, at) => ({ dimension: dimensions[at]!, value })),
      ...group,
    })),
    ...rest,
  };
}

const shown = (rows: readonly Row[]) =>
  rows.map(({ scaleOpsId, totalCost, share }) => ({ scaleOpsId, totalCost, share }));
const nodes = (connection: Connection) => connection.edges.map(({ node }) => node);

describe('queries of one operation', () => {
  test('make one upstream call for each distinct filter, on both reports', async () => {
    await using stack = await start({ CACHE_TTL_SECONDS: '0' });
    const where = { search: 'A', minTotalCost: 1 };
    const { data, errors } = await stack.send(
      `query ($where: CostRowsWhere) {
        a: workloadCosts(filter: { multiCluster: true, last: "7d" }) {
          cheapest: rows(where: $where, orderBy: [{ field: TOTAL_COST, direction: ASC }], first: 3) { ${PAGE} }
          byName: rows(orderBy: [{ field: NAMESPACE }, { field: WORKLOAD_NAME, direction: ASC }], last: 4) { ${PAGE} }
          totals { ${TOTALS} }
          some: totals(where: $where) { ${TOTALS} }
        }
        b: workloadCosts(filter: { last: "1w", multiCluster: true, namespaces: null }) {
          breakdown(by: [{ field: CLUSTER }, { label: "env" }], where: $where, first: 2) { ${BREAKDOWN} }
          byKey: breakdown(by: [{ field: WORKLOAD_TYPE }], orderBy: { field: KEY, direction: ASC }) { ${BREAKDOWN} }
        }
        c: aggregatedCosts(filter: { multiCluster: true, groupBy: { namespace: true, labels: ["team"] } }) {
          rows(orderBy: [{ field: AMOUNT_OF_WORKLOADS }], first: 5) { ${PAGE} }
          totals { ${TOTALS} }
          breakdown(by: [{ label: "team" }], orderBy: { field: AMOUNT_OF_WORKLOADS }, first: 3) { ${BREAKDOWN} }
        }
      }`,
      { where },
    );
    expect(errors).toEqual([]);
    expect(stack.received).toHaveLength(2);

    const isWorkloads = stack.received[0]!.path.endsWith('getWorkloads');
    const rows = await stack.upstreamRows(isWorkloads ? 0 : 1);
    const matching = filterRows(rows, where);
    expect(matching.length).toBeGreaterThan(3);
    expect(matching.length).toBeLessThan(rows.length);
    const byCost = sortRows(matching, [{ field: 'totalCost', direction: 'ASC' }]);
    expect(nodes(data.a.cheapest)).toEqual(shown(byCost.slice(0, 3)));
    expect(data.a.cheapest.totalCount).toBe(matching.length);
    const byName = sortRows(rows, [
      { field: 'namespace', direction: 'DESC' },
      { field: 'workloadName', direction: 'ASC' },
    ]);
    expect(nodes(data.a.byName)).toEqual(shown(byName.slice(-4)));
    expect(data.a.totals).toEqual(addUp(rows));
    expect(data.a.some).toEqual(addUp(matching));
    const byCluster = groupRows(matching, {
      by: [{ field: 'clusterName' }, { label: 'env' }],
      orderBy: { field: 'totalCost', direction: 'DESC' },
      first: 2,
    });
    expect(data.b.breakdown).toEqual(named(byCluster, ['CLUSTER', 'label:env']));
    const byType = groupRows(rows, {
      by: [{ field: 'workloadType' }],
      orderBy: { field: 'key', direction: 'ASC' },
    });
    expect(data.b.byKey).toEqual(named(byType, ['WORKLOAD_TYPE']));

    const groups = await stack.upstreamRows(isWorkloads ? 1 : 0);
    const bySize = sortRows(groups, [{ field: 'amountOfWorkloads', direction: 'DESC' }]);
    expect(nodes(data.c.rows)).toEqual(shown(bySize.slice(0, 5)));
    expect(data.c.totals).toEqual(addUp(groups));
    const byTeam = groupRows(groups, {
      by: [{ label: 'team' }],
      orderBy: { field: 'amountOfWorkloads', direction: 'DESC' },
      first: 3,
    });
    expect(data.c.breakdown).toEqual(named(byTeam, ['label:team']));
  });

  test('find the ten workloads with the largest savings, and the cost of each team with the others', async () => {
    await using stack = await start();
    const { data, errors } = await stack.send(`{
      workloadCosts(filter: { multiCluster: true }) {
        rows(orderBy: [{ field: SAVINGS_AVAILABLE }], first: 10) { nodes { scaleOpsId savingsAvailable } }
        breakdown(by: [{ label: "team" }], first: 3) { ${BREAKDOWN} }
      }
    }`);
    expect(errors).toEqual([]);
    const rows = await stack.upstreamRows();
    const bySavings = sortRows(rows, [{ field: 'savingsAvailable', direction: 'DESC' }]);
    expect(data.workloadCosts.rows.nodes).toEqual(
      bySavings.slice(0, 10).map(({ scaleOpsId, savingsAvailable }) => ({ scaleOpsId, savingsAvailable })),
    );
    const orderBy = { field: 'totalCost', direction: 'DESC' } as const;
    const byTeam = groupRows(rows, { by: [{ label: 'team' }], orderBy, first: 3 });
    expect(byTeam.others).not.toBeNull();
    expect(data.workloadCosts.breakdown).toEqual(named(byTeam, ['label:team']));
  });

  test('return only counts with `first: 0`', async () => {
    await using stack = await start({ GATEWAY_MAX_PAGE_ROWS: '1' });
    const { data, errors } = await stack.send(`{ workloadCosts(filter: { multiCluster: true }) {
      rows(first: 0) { nodes { id } ${PAGE} }
      last: rows(last: 0) { ${PAGE} }
      breakdown(by: [{ field: NAMESPACE }], first: 0) { groups { share } others { rowCount } groupCount }
    } }`);
    expect(errors).toEqual([]);
    const rows = await stack.upstreamRows();
    const none = { totalCount: 120, edges: [] };
    const noCursors = { startCursor: null, endCursor: null };
    expect(rows).toHaveLength(120);
    expect(data.workloadCosts).toEqual({
      rows: { ...none, nodes: [], pageInfo: { hasNextPage: true, hasPreviousPage: false, ...noCursors } },
      last: { ...none, pageInfo: { hasNextPage: false, hasPreviousPage: true, ...noCursors } },
      breakdown: { groups: [], others: { rowCount: 120 }, groupCount: new Set(rows.map((row) => row.namespace)).size },
    });
  });
});

describe('pages', () => {
  const WALK = `query ($first: Int, $after: String, $last: Int, $before: String) {
    workloadCosts(filter: { multiCluster: true }) {
      rows(orderBy: [{ field: WORKLOAD_TYPE, direction: ASC }], first: $first, after: $after, last: $last, before: $before) { ${PAGE} }
    }
  }`;

  test('contain each row once, forward and backward', async () => {
    await using stack = await start();
    const page = async (variables: object) => {
      const { data, errors } = await stack.send(WALK, variables);
      expect(errors).toEqual([]);
      const { edges, pageInfo } = data.workloadCosts.rows as Connection;
      expect(pageInfo.startCursor).toBe(edges[0]!.cursor);
      expect(pageInfo.endCursor).toBe(edges.at(-1)!.cursor);
      return { ids: edges.map(({ node }) => node.scaleOpsId), ...pageInfo };
    };
    const forward = [await page({ first: 50 })];
    while (forward.at(-1)!.hasNextPage) forward.push(await page({ first: 50, after: forward.at(-1)!.endCursor }));
    const backward = [await page({ last: 50 })];
    while (backward[0]!.hasPreviousPage) backward.unshift(await page({ last: 50, before: backward[0]!.startCursor }));
    const { data } = await stack.send(
      '{ workloadCosts(filter: { multiCluster: true }) { rows { nodes { id scaleOpsId } } } }',
    );
    const nodesById = data.workloadCosts.rows.nodes as readonly { readonly id: string; readonly scaleOpsId: string }[];
    const idOf = new Map(nodesById.map(({ id, scaleOpsId }) => [scaleOpsId, id]));
    // The reference knows the ids of rows by the first service.
    const rows = (await stack.upstreamRows()).map((row) => ({ ...row, services: [row.scaleOpsId!] }));
    const orderBy = [{ field: 'workloadType', direction: 'ASC' }] as const;
    const all = sortRows(rows, orderBy, idOf).map(({ scaleOpsId }) => scaleOpsId);
    expect(forward.map(({ ids }) => ids.length)).toEqual([50, 50, 20]);
    expect(forward.map(({ hasPreviousPage }) => hasPreviousPage)).toEqual([false, true, true]);
    expect(forward.flatMap(({ ids }) => ids)).toEqual(all);
    expect(backward.map(({ ids }) => ids.length)).toEqual([20, 50, 50]);
    expect(backward.map(({ hasNextPage }) => hasNextPage)).toEqual([true, true, false]);
    expect(backward.flatMap(({ ids }) => ids)).toEqual(all);
    expect(stack.received).toHaveLength(1);
  });

  test.each(['nodes { id }', 'edges { cursor }'])(
    'over GATEWAY_MAX_PAGE_ROWS are refused for %s with a hint to `first`; counts and sums are allowed',
    async (selection) => {
      await using stack = await start({ GATEWAY_MAX_PAGE_ROWS: '20' });
      const send = (page: string, what: string) =>
        stack.send(`{ workloadCosts(filter: { multiCluster: true }) { rows${page} { ${what} } } }`);
      for (const page of ['', '(first: 21)', '(last: 21)', '(where: { minTotalCost: 0 })']) {
        const { errors } = await send(page, selection);
        expect(errors).toHaveLength(1);
        expect(errors[0]!.extensions.code).toBe('BAD_USER_INPUT');
        expect(errors[0]!.message).toMatch(/^first .*\b20\b/);
      }
      for (const page of ['(first: 20)', '(last: 20)', '(first: 20, where: { minTotalCost: 0 })']) {
        expect((await send(page, selection)).errors).toEqual([]);
      }
      const counts = await stack.send(`{ workloadCosts(filter: { multiCluster: true }) {
        rows { totalCount pageInfo { hasNextPage endCursor } } totals { rowCount }
        breakdown(by: [{ field: WORKLOAD_NAME }]) { groups { share } }
      } }`);
      expect(counts.errors).toEqual([]);
      expect(counts.data.workloadCosts).toMatchObject({ rows: { totalCount: 120 }, totals: { rowCount: 120 } });
      expect(stack.received).toHaveLength(1);
    },
  );
});

describe('an input', () => {
  let stack: Stack;
  let rows: Row[];
  const cursors: Record<string, string> = {};

  beforeAll(async () => {
    stack = await start();
    const { data } = await stack.send(`{ workloadCosts(filter: { multiCluster: true }) {
      plain: rows(first: 1) { pageInfo { endCursor } }
      ordered: rows(orderBy: [{ field: REPLICAS }], first: 1) { pageInfo { endCursor } }
    } }`);
    for (const [name, { pageInfo }] of Object.entries<any>(data.workloadCosts)) cursors[name] = pageInfo.endCursor;
    rows = await stack.upstreamRows();
    const other = await stack.send('{ aggregatedCosts { rows(first: 1) { pageInfo { endCursor } } } }');
    cursors.foreign = other.data.aggregatedCosts.rows.pageInfo.endCursor;
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  /** Queries the cached report; `variables` as "$name: Type" and value. */
  async function send(
    selection: string,
    variables: Record<string, [type: string, json: string]> = {},
  ): Promise<GraphqlResponse> {
    const before = stack.received.length;
    const declared = Object.entries(variables).map(([name, [type]]) => `$${name}: ${type}`);
    const query = `query ${declared.length === 0 ? '' : `(${declared.join(', ')})`} {
      workloadCosts(filter: { multiCluster: true }) { ${selection} }
    }`;
    const values = Object.entries(variables).map(([name, [, json]]) => `${JSON.stringify(name)}: ${json}`);
    // Literal JSON: JSON.stringify cannot write 1e999.
    const body = `{ "query": ${JSON.stringify(query)}, "variables": { ${values.join(', ')} } }`;
    const response = await stack.send('', undefined, { body });
    expect(response.text).not.toContain('INTERNAL_SERVER_ERROR');
    expect(stack.received).toHaveLength(before);
    return response;
  }

  const expectRefusal = ({ errors }: GraphqlResponse, code: string, message: RegExp | string) => {
    expect(errors.map(({ extensions }) => extensions.code)).toEqual([code]);
    expect(errors[0]!.message).toMatch(message);
    // An error that repeats a long input would be as long.
    expect(errors[0]!.message.length).toBeLessThan(700);
  };
  const literal = 'GRAPHQL_VALIDATION_FAILED';
  const by = (count: number) =>
    `breakdown(by: [${Array.from({ length: count }, (_, at) => `{ label: "k${at}" }`).join(' ')}]) { groupCount }`;
  const list = (count: number) => JSON.stringify(Array.from({ length: count }, (_, at) => `n${at}`));

  test.each<[string, string, string, RegExp]>([
    ['a negative first', 'rows(first: -1) { totalCount }', 'BAD_USER_INPUT', /^first /],
    ['a negative last', 'rows(last: -1) { totalCount }', 'BAD_USER_INPUT', /^last /],
    [
      'a negative first of groups',
      `breakdown(by: [{ field: CLUSTER }], first: -1) { groupCount }`,
      'BAD_USER_INPUT',
      /^first /,
    ],
    [
      'a minimum cost of 1e999',
      'rows(where: { minTotalCost: 1e999 }) { totalCount }',
      'BAD_USER_INPUT',
      /^where\.minTotalCost /,
    ],
    [
      'minimum savings of -1e999',
      'totals(where: { minSavingsAvailable: -1e999 }) { rowCount }',
      'BAD_USER_INPUT',
      /^where\.minSavingsAvailable /,
    ],
    ['first with last', 'rows(first: 1, last: 1) { totalCount }', 'BAD_USER_INPUT', /^first .*`last`/],
    ['a first of 2^31', 'rows(first: 2147483648) { totalCount }', literal, /2147483648/],
    ['a first that is no Int', 'rows(first: 1.5) { totalCount }', literal, /1\.5/],
    ['an unknown order field', 'rows(orderBy: [{ field: COST }]) { totalCount }', literal, /"COST"/],
    ['an order without a field', 'rows(orderBy: [{ direction: ASC }]) { totalCount }', literal, /field/],
    ['an unknown direction', 'rows(orderBy: [{ field: REPLICAS, direction: UP }]) { totalCount }', literal, /"UP"/],
    ['an empty by', 'breakdown(by: []) { groupCount }', 'BAD_USER_INPUT', /^by /],
    ['a missing by', 'breakdown { groupCount }', literal, /"by"/],
    ['6 dimensions', by(6), 'BAD_USER_INPUT', /^by .*\b5\b/],
    ['20 dimensions', by(20), 'BAD_USER_INPUT', /^by .*\b5\b/],
    [
      'a repeated field',
      'breakdown(by: [{ field: CLUSTER }, { field: CLUSTER }]) { groupCount }',
      'BAD_USER_INPUT',
      /^by\[1\] /,
    ],
    [
      'a repeated label',
      'breakdown(by: [{ label: "a" }, { field: CLUSTER }, { label: "a" }]) { groupCount }',
      'BAD_USER_INPUT',
      /^by\[2\] /,
    ],
    [
      'two fields of a dimension',
      'breakdown(by: [{ field: CLUSTER, label: "a" }]) { groupCount }',
      literal,
      /CostDimensionInput/,
    ],
    ['no field of a dimension', 'breakdown(by: [{}]) { groupCount }', literal, /CostDimensionInput/],
    ['a dimension of null', 'breakdown(by: [{ field: null }]) { groupCount }', literal, /CostDimensionInput/],
    [
      'a dimension called __proto__',
      'breakdown(by: [{ label: "__proto__" }]) { groupCount }',
      'BAD_USER_INPUT',
      /^by\[0\]\.label /,
    ],
    ['an empty dimension', 'breakdown(by: [{ label: "" }]) { groupCount }', 'BAD_USER_INPUT', /^by\[0\]\.label /],
    [
      'an order of groups by a field that they lack',
      'breakdown(by: [{ field: CLUSTER }], orderBy: { field: SHARE }) { groupCount }',
      literal,
      /"SHARE"/,
    ],
    [
      'empty cluster names',
      'totals(where: { clusterNames: [] }) { rowCount }',
      'BAD_USER_INPUT',
      /^where\.clusterNames /,
    ],
    ['empty namespaces', 'totals(where: { namespaces: [] }) { rowCount }', 'BAD_USER_INPUT', /^where\.namespaces /],
    [
      'empty workload types',
      'rows(where: { workloadTypes: [] }) { totalCount }',
      'BAD_USER_INPUT',
      /^where\.workloadTypes /,
    ],
    [
      'empty values of a dimension',
      'breakdown(by: [{ field: CLUSTER }], where: { dimensions: [{ by: { label: "team" }, values: [] }] }) { groupCount }',
      'BAD_USER_INPUT',
      /^where\.dimensions\[0\]\.values must have at least one value; null .* omit its entry of where\.dimensions\.$/,
    ],
    [
      'no alternative labels',
      'breakdown(by: [{ anyLabel: [] }]) { groupCount }',
      'BAD_USER_INPUT',
      /^by\[0\]\.anyLabel must name at least one label key, such as /,
    ],
    [
      'an empty name',
      'totals(where: { namespaces: ["a", ""] }) { rowCount }',
      'BAD_USER_INPUT',
      /^where\.namespaces\[1\] /,
    ],
    [
      'a label called __proto__',
      'totals(where: { dimensions: [{ by: { label: "__proto__" }, values: [""] }] }) { rowCount }',
      'BAD_USER_INPUT',
      /^where\.dimensions\[0\]\.by\.label /,
    ],
    ['an empty cursor', 'rows(after: "") { totalCount }', 'BAD_USER_INPUT', /^after /],
    ['an invented cursor', 'rows(before: "YXJyYXljb25uZWN0aW9uOjA=") { totalCount }', 'BAD_USER_INPUT', /^before /],
    ['a cursor of 10 kB', `rows(after: "${'A'.repeat(10_240)}") { totalCount }`, 'BAD_USER_INPUT', /^after /],
    ['a minimum cost of NaN', 'totals(where: { minTotalCost: NaN }) { rowCount }', literal, /NaN/],
    ['a minimum cost of Infinity', 'totals(where: { minTotalCost: Infinity }) { rowCount }', literal, /Infinity/],
    ['a minimum cost as text', 'totals(where: { minSavingsAvailable: "1" }) { rowCount }', literal, /"1"/],
    ['an unknown condition', 'totals(where: { cluster: "a" }) { rowCount }', literal, /"cluster"/],
  ])('that is %s is refused by name', async (_name, selection, code, message) => {
    expectRefusal(await send(selection), code, message);
  });

  test.each<[string, string, string, string, RegExp]>([
    ['a first of 2^31', 'rows(first: $v)', 'Int', '2147483648', /\$v/],
    ['a first of text', 'rows(first: $v)', 'Int', '"1"', /\$v/],
    ['a negative first', 'rows(first: $v)', 'Int', '-2147483648', /^first /],
    ['an unknown order field', 'rows(orderBy: $v)', '[CostRowOrder!]', '[{ "field": "toString" }]', /\$v.*"toString"/],
    ['an order of null', 'rows(orderBy: $v)', '[CostRowOrder!]', '[null]', /\$v/],
    [
      'a search of 254 characters',
      'rows(where: { search: $v })',
      'String',
      JSON.stringify('a'.repeat(254)),
      /^where\.search .*\b253\b/,
    ],
    [
      'a search of 200 kB',
      'rows(where: { search: $v })',
      'String',
      JSON.stringify('a'.repeat(200_000)),
      /^where\.search .*\b253\b/,
    ],
    ['1,001 namespaces', 'rows(where: { namespaces: $v })', '[String!]', list(1_001), /^where\.namespaces .*\b1000\b/],
    ['a null among namespaces', 'rows(where: { namespaces: $v })', '[String!]', '["a", null]', /\$v/],
    ['a minimum cost of 1e999', 'rows(where: { minTotalCost: $v })', 'Float', '1e999', /\$v/],
    ['a minimum cost of "NaN"', 'rows(where: { minTotalCost: $v })', 'Float', '"NaN"', /\$v/],
    ['a where that is a list', 'rows(where: $v)', 'CostRowsWhere', '[]', /\$v/],
    [
      'a where with __proto__',
      'rows(where: $v)',
      'CostRowsWhere',
      '{ "__proto__": { "search": "a" } }',
      /\$v.*__proto__/,
    ],
  ])('that is %s in a variable is refused by name', async (_name, selection, type, json, message) => {
    expectRefusal(await send(`${selection} { totalCount }`, { v: [type, json] }), 'BAD_USER_INPUT', message);
  });

  test.each<[string, string]>([
    ['both', '{ "field": "CLUSTER", "label": "a" }'],
    ['none', '{}'],
    ['null', '{ "label": null }'],
    ['unknown', '{ "annotations": "a" }'],
  ])('that is a dimension with %s in a variable is refused by name', async (_name, json) => {
    const response = await send('breakdown(by: $v) { groupCount }', { v: ['[CostDimensionInput!]!', `[${json}]`] });
    // graphql reports each invalid field, and here are two.
    expect(new Set(response.errors.map(({ extensions }) => extensions.code))).toEqual(new Set(['BAD_USER_INPUT']));
    for (const { message } of response.errors) expect(message).toMatch(/\$v/);
  });

  test('that is a search of 2 MB is refused before it is parsed', async () => {
    const response = await send('rows(where: { search: $v }) { totalCount }', {
      v: ['String', JSON.stringify('a'.repeat(2_097_152))],
    });
    expect(response.errors.map(({ extensions }) => extensions.code)).toEqual(['REQUEST_ENTITY_TOO_LARGE']);
  });

  test.each(['after', 'before'])('that is a cursor of another kind is refused as `%s`', async (argument) => {
    const ofRows = (cursor: string, more = '') => send(`rows(${argument}: "${cursor}" ${more}) { totalCount }`);
    const { plain, ordered, foreign } = cursors as Record<'plain' | 'ordered' | 'foreign', string>;
    expect((await ofRows(plain)).errors).toEqual([]);
    expect((await ofRows(ordered, 'orderBy: [{ field: REPLICAS }]')).errors).toEqual([]);
    const refused = [
      await ofRows(ordered),
      await ofRows(foreign),
      await ofRows(plain, 'orderBy: [{ field: REPLICAS }]'),
      await ofRows(ordered, 'orderBy: [{ field: REPLICAS, direction: ASC }]'),
      await ofRows(plain, 'where: { minTotalCost: 0 }'),
      await ofRows(plain.slice(0, -1)),
      await ofRows(`${plain}A`),
      await ofRows(plain.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))),
    ];
    for (const response of refused)
      expectRefusal(response, 'BAD_USER_INPUT', new RegExp(`^${argument} must be a cursor`));
  });

  test.each([
    'rows(first: null, after: null, last: null, before: null, where: null, orderBy: null)',
    'rows(orderBy: [], where: {})',
    'rows(where: { search: "" })',
    'rows(where: { clusterNames: null, dimensions: null, search: null, minTotalCost: null })',
    'rows(first: 1000000)',
  ])('that neither filters nor orders changes nothing: %s', async (selection) => {
    const { data, errors } = await send(`rows: ${selection} { nodes { scaleOpsId } }`);
    expect(errors).toEqual([]);
    expect(data.workloadCosts.rows.nodes).toEqual(rows.map(({ scaleOpsId }) => ({ scaleOpsId })));
  });

  test.each(['.', '.*', '^', '(', '[a-z]', '\\', '%', '$&', 'constructor', '-', 'PROD', 'a'])(
    'that is a search for %j is matched as plain text, in either case',
    async (search) => {
      const where = { search };
      const response = await send(
        `rows(where: $v) { totalCount } totals(where: $v) { rowCount }
        breakdown(by: [{ field: CLUSTER }], where: $v) { totals { rowCount } }`,
        {
          v: ['CostRowsWhere', JSON.stringify(where)],
        },
      );
      expect(response.errors).toEqual([]);
      const count = filterRows(rows, where).length;
      expect(response.data.workloadCosts).toEqual({
        rows: { totalCount: count },
        totals: { rowCount: count },
        breakdown: { totals: { rowCount: count } },
      });
    },
  );

  test('that matches no row has no rows, or one group without a value', async () => {
    const { data, errors } = await send(`
      none: totals(where: { namespaces: ["constructor"] }) { rowCount totalCost onDemandPercent }
      label: totals(where: { dimensions: [{ by: { label: "constructor" }, values: ["x"] }] }) { rowCount }
      constructor: breakdown(by: [{ label: "constructor" }]) { groups { keys { dimension value } totals { rowCount } } others { rowCount } }
      unknown: breakdown(by: [{ label: "no-such-label" }]) { groups { keys { dimension value } share } groupCount }
      empty: breakdown(by: [{ field: CLUSTER }], where: { search: "no such name" }) { groups { share } others { rowCount } groupCount totals { totalCost } }
    `);
    expect(errors).toEqual([]);
    expect(data.workloadCosts).toEqual({
      none: { rowCount: 0, totalCost: 0, onDemandPercent: null },
      label: { rowCount: 0 },
      constructor: {
        groups: [{ keys: [{ dimension: 'label:constructor', value: null }], totals: { rowCount: 120 } }],
        others: null,
      },
      unknown: { groups: [{ keys: [{ dimension: 'label:no-such-label', value: null }], share: 1 }], groupCount: 1 },
      empty: { groups: [], others: null, groupCount: 0, totals: { totalCost: 0 } },
    });
  });

  test('of the maximum size is accepted', async () => {
    const { data, errors } = await send(
      `rows(where: { namespaces: $names, search: $search }, orderBy: $orderBy) { totalCount }
       ${by(5)}
       ofOne: breakdown(by: { field: CLUSTER }) { totals { rowCount } }`,
      {
        names: ['[String!]', list(1_000)],
        search: ['String', JSON.stringify('a'.repeat(253))],
        orderBy: ['[CostRowOrder!]', JSON.stringify(Array(17).fill({ field: 'REPLICAS', direction: 'ASC' }))],
      },
    );
    expect(errors).toEqual([]);
    expect(data.workloadCosts).toEqual({
      rows: { totalCount: 0 },
      breakdown: { groupCount: 1 },
      ofOne: { totals: { rowCount: 120 } },
    });
  });
});

describe('data of the upstream', () => {
  const schema = createSchema();
  const QUERY = `{ workloadCosts {
    rows(orderBy: [{ field: WORKLOAD_NAME, direction: ASC }]) { ${PAGE} }
    totals { ${TOTALS} }
    breakdown(by: [{ field: NAMESPACE }, { label: "team" }], first: 3) { ${BREAKDOWN} }
  } }`;
  const createOperation = () => {
    const budget = new OperationBudget({ maxResponseRows: undefined, maxCost: undefined, maxUpstreamCalls: undefined });
    const { runReportQuery } = createOperationRunner(new Scheduler(), budget, AbortSignal.any([]));
    return { budget, runReportQuery, memoize: createMemoize() };
  };
  const sendOf = (json: UpstreamReport) =>
    graphql({
      schema,
      source: QUERY,
      contextValue: {
        loaders: {
          report: {
            load: (request: unknown) =>
              Promise.resolve({ report: decodeReport(json).report, request, asOf: 0, isStale: false }),
          },
        },
        ...createOperation(),
        multiClusterByDefault: false,
      },
    });

  test('has a value or null for every field, however unusual the data is', async () => {
    await fc.assert(
      fc.asyncProperty(anyReport(12), async (json) => {
        const { data, errors } = await sendOf(json);
        expect(errors).toBeUndefined();
        const { rows, totals } = (data as any).workloadCosts;
        expect(rows.totalCount).toBe(totals.rowCount);
      }),
      { numRuns: 100 },
    );
  });

  test('with more workloads than Int can count has the other totals', async () => {
    const rows = ['a', 'b'].map((id) => ({ id, amountOfWorkloads: 2_147_483_647, totalCost: 1 }));
    const { data, errors } = await sendOf({ aggregatedWorkloads: rows });
    expect(errors).toBeUndefined();
    expect((data as any).workloadCosts.totals).toMatchObject({ totalCost: 2, amountOfWorkloads: 2_147_483_647 });
  });
});
