// The cost of an operation is estimated from its variables before execution: an operation over the limit makes no call to
// ScaleOps.

import { getOperationAST, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';

import { createCostEstimate } from '../../src/query-limits/cost.js';
import { createSchema } from '../../src/graphql/schema.js';
import { EXAMPLE_TABS } from '../../src/http/graphiql/examples.js';
import { startStack } from '../kit/gateway.js';

const schema = createSchema();
const estimateCost = createCostEstimate(schema);
/** The estimate of a valid document. */
function costOf(text: string, variables: Record<string, unknown> = {}): number {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  return estimateCost(document, getOperationAST(document)!, variables);
}

const rows = (args: string, fields: string): string => `{ workloadCosts { rows${args} { ${fields} } } }`;
const ALL_FIELDS = `id clusterName namespace workloadName workloadType amountOfWorkloads labels { key value }
  annotations { key value } ownerLabels { key value } services totalCost hourlyCost savingsAvailable
  savingsAvailableWithReplicas onDemandHours onDemandPercent spotHours spotPercent ownerCpuRequest ownerGpuRequest
  ownerMemoryRequest replicas`;
const [REPORT, LIST] = [2, 1];

describe('the cost estimate', () => {
  test.each<[string, number, string, Record<string, unknown>?]>([
    ['one for each field', 3, '{ workloadCosts { asOf isStale } }'],
    ['the rows of `first`', REPORT + LIST + 10 * 2, rows('(first: 10)', 'nodes { id totalCost }')],
    ['the rows of `last`', REPORT + LIST + 10 * 2, rows('(last: 10)', 'nodes { id totalCost }')],
    ['the larger of `first` and `last`', REPORT + LIST + 20, rows('(last: 20, first: 10)', 'nodes { id }')],
    ['edges as rows', REPORT + LIST + 10 * 3, rows('(first: 10)', 'edges { cursor node { id } }')],
    ['1,000 rows without `first` or `last`', REPORT + LIST + 1_000, rows('', 'nodes { id }')],
    ['1,000 rows for a `first` of null', REPORT + LIST + 1_000, rows('(first: null)', 'nodes { id }')],
    [
      'no rows below fields that are no list',
      REPORT + 1 + 2 + 1,
      rows('(first: 10)', 'totalCount pageInfo { hasNextPage endCursor }'),
    ],
    ['no negative number of rows', REPORT + LIST, rows('(first: -5)', 'nodes { id }')],
    ['the default of `first`', REPORT + LIST + 10, '{ costTimeSeries { series { series { values } } } }'],
    ['the series of `first`', REPORT + LIST + 3, '{ costTimeSeries { series(first: 3) { series { values } } } }'],
    ['a variable', REPORT + LIST + 7, `query ($n: Int) ${rows('(first: $n)', 'nodes { id }')}`, { n: 7 }],
    ['its default', REPORT + LIST + 8, `query ($n: Int = 8) ${rows('(first: $n)', 'nodes { id }')}`],
    [
      'a variable instead of its default',
      REPORT + LIST + 7,
      `query ($n: Int = 8) ${rows('(first: $n)', 'nodes { id }')}`,
      { n: 7 },
    ],
    ['1,000 for a missing variable', REPORT + LIST + 1_000, `query ($n: Int) ${rows('(first: $n)', 'nodes { id }')}`],
    [
      '1,000 for a variable of a wrong type',
      REPORT + LIST + 1_000,
      `query ($n: Int) ${rows('(first: $n)', 'nodes { id }')}`,
      { n: '7' },
    ],
    [
      '1,000 for a variable with the name of an object property',
      REPORT + LIST + 1_000,
      `query ($constructor: Int) ${rows('(first: $constructor)', 'nodes { id }')}`,
    ],
    [
      'fields through fragments',
      REPORT + LIST + 10 * 2,
      `{ workloadCosts { rows(first: 10) { ...page } } } fragment page on CostRowConnection { ... on CostRowConnection { nodes { ...row } } } fragment row on CostRow { id totalCost }`,
    ],
    [
      'a fragment at each spread by the `first` around it',
      1 + 2 * (1 + LIST) + 30,
      '{ workloadCosts { a: rows(first: 10) { ...page } b: rows(first: 20) { ...page } } } fragment page on CostRowConnection { nodes { id } }',
    ],
    [
      'no skipped field',
      REPORT + LIST,
      `query ($no: Boolean!) ${rows('(first: 10)', 'nodes { id @skip(if: true) totalCost @include(if: $no) }')}`,
      { no: false },
    ],
    [
      'fields with a true condition',
      REPORT + LIST + 10 * 2,
      `query ($no: Boolean!) ${rows('(first: 10)', 'nodes { id @skip(if: $no) totalCost @include(if: true) }')}`,
      { no: false },
    ],
    [
      'the assumed size of a list without arguments',
      REPORT + 31 * (REPORT + LIST + 10),
      '{ costTimeSeries { intervals { report { rows(first: 10) { nodes { id } } } } } }',
    ],
    [
      'rows below rows',
      REPORT + LIST + 10 * (1 + 1 + 1 + LIST + 20),
      rows('(first: 10)', 'nodes { kubernetesCluster { costs { rows(first: 20) { nodes { id } } } } }'),
    ],
    [
      'groups',
      REPORT + LIST + 30 * 3,
      '{ workloadCosts { breakdown(by: [{ field: NAMESPACE }], first: 30) { groups { share totals { totalCost } } } } }',
    ],
    [
      '100 groups without `first`',
      REPORT + LIST + 100,
      '{ workloadCosts { breakdown(by: [{ field: NAMESPACE }]) { groups { share } } } }',
    ],
    [
      'entities',
      1 + 3 * 2,
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on KubernetesWorkload { cost { id } } } }',
      { r: [{}, {}, {}] },
    ],
    [
      'entities in the document',
      1 + 2 * 1,
      '{ _entities(representations: [{ a: 1 }, { a: 2 }]) { ... on KubernetesCluster { name } } }',
    ],
    [
      'nothing for introspection',
      0,
      '{ __typename __schema { types { fields { name } } } __type(name: "A") { name } }',
    ],
    [
      '100,000 rows with all their fields',
      REPORT + LIST + 100_000 * 28,
      rows('(first: 100000)', `nodes { ${ALL_FIELDS} }`),
    ],
    [
      'at most 1e15 for a product that overflows',
      1e15,
      `query ($n: Int) ${rows('(first: $n)', 'nodes { id }')}`,
      { n: JSON.parse('1e999') as number },
    ],
    ['at most 1e15 for nested rows', 1e15, nest(20)],
  ])('counts %s', (_what, cost, text, variables) => {
    expect(costOf(text, variables)).toBe(cost);
  });

  function nest(levels: number): string {
    const inner = (level: number): string =>
      level === 0 ? 'id' : `kubernetesCluster { costs { rows { nodes { ${inner(level - 1)} } } } }`;
    return rows('', `nodes { ${inner(levels)} }`);
  }

  test('is computed again only for variables that change the size', () => {
    const document = parse(
      `query ($n: Int = 5, $r: [_Any!]!, $no: Boolean, $text: String!) { _entities(representations: $r) { ... on KubernetesCluster {
        name @skip(if: $no) costs { rows(first: $n, where: { search: $text }) { nodes { id } } } } } }`,
    );
    const operation = getOperationAST(document)!;
    const expected = ({ n = 5, r = [1] as unknown[], no = false }): number => 1 + r.length * ((no ? 0 : 1) + 3 + n);
    const all = [
      {},
      { n: 7 },
      { r: [1, 2] },
      { r: [3, 4] },
      { r: [1], no: true },
      { r: [1] },
      { r: [1], n: 0 },
      { n: 7 },
    ];
    for (const variables of all) {
      for (const text of ['a', 'b'])
        expect(estimateCost(document, operation, { text, ...variables })).toBe(expected(variables));
    }
    expect(estimateCost(document, operation, { r: ['1 items'], n: null })).toBe(expected({ r: [1], n: 1_000 }));
    expect(estimateCost(document, operation, { r: '1 items', n: null })).toBe(expected({ r: [1], n: 1_000 }));
  });

  test('is computed without expanding a fan-out of 2^1000', () => {
    const fragments = Array.from(
      { length: 1000 },
      (_, at) => `fragment f${at} on Query { ...f${at + 1} ...f${at + 1} }`,
    );
    const document = parse(`{ ...f0 } ${fragments.join(' ')} fragment f1000 on Query { workloadCosts { asOf } }`);
    expect(estimateCost(document, getOperationAST(document)!, {})).toBe(1e15);
  });

  test('is far below the limit for every example', () => {
    for (const { query, variables = '{}' } of EXAMPLE_TABS) {
      expect(costOf(query, JSON.parse(variables) as Record<string, unknown>)).toBeLessThan(100_000);
    }
  });
});

describe('an operation over the limit', () => {
  const DOCUMENT = `query Page($n: Int) { workloadCosts { rows(first: $n) { nodes { id totalCost } } } }`;

  test('is refused by its variables each time, without a call to ScaleOps', async () => {
    await using stack = await startStack({ env: { GATEWAY_MAX_COST: '23' } });
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const headers = { accept };
      const bad = await stack.send(DOCUMENT, { n: 11 }, { headers });
      expect([bad.status, Object.keys(JSON.parse(bad.text) as object)]).toEqual([400, ['errors']]);
      expect(bad.errors).toMatchObject([
        {
          message:
            'The operation asks for an estimated 25 fields (rows times fields), and at most 23 are allowed (GATEWAY_MAX_COST). Ask for fewer rows, with `first`, or for fewer fields.',
          extensions: { code: 'QUERY_TOO_COMPLEX', retryable: false },
        },
      ]);
      expect(stack.log.at(-1)).toMatchObject({ status: 400, operationName: 'Page', errorCodes: ['QUERY_TOO_COMPLEX'] });
    }
    expect(stack.received).toEqual([]);
    expect((await stack.send(DOCUMENT, { n: 10 })).errors).toEqual([]);
    expect((await stack.send(DOCUMENT, { n: 11 })).status).toBe(400);
    expect(stack.received).toHaveLength(1);
  });

  test('is refused by default from five million on', async () => {
    await using stack = await startStack();
    expect((await stack.send(DOCUMENT, { n: 2_499_998 })).errors).toEqual([]);
    expect((await stack.send(DOCUMENT, { n: 2_499_999 })).errors).toMatchObject([
      { extensions: { code: 'QUERY_TOO_COMPLEX' } },
    ]);
    expect((await stack.send(rows('(first: 100000)', `nodes { ${ALL_FIELDS} }`))).errors).toEqual([]);
  });

  test('is allowed with GATEWAY_MAX_COST=off', async () => {
    await using stack = await startStack({ env: { GATEWAY_MAX_COST: 'off' } });
    expect((await stack.send(DOCUMENT, { n: 2 ** 31 - 1 })).errors).toEqual([]);
  });
});
