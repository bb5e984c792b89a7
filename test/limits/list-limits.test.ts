// Every list input has a maximum, whose error names the input and the rule, as a literal and in a variable.

import { getNullableType, isInputObjectType, isListType, isObjectType, type GraphQLInputType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createSchema } from '../../src/graphql/schema.js';
import { startStack, type TestStack } from '../kit/gateway.js';

const NAMES = 1_000;
const labels = (count: number) => Array.from({ length: count }, () => ({ key: 'team', value: 'a' }));
const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

/** Every list input: its document, its entries, and its maximum. */
const LISTS: Readonly<
  Record<string, readonly [document: string, make: (count: number) => unknown[], most: number, path?: string]>
> = {
  'CostNameFilter.names': [
    'query ($it: [String!]!) { workloadCosts(filter: { namespaces: { names: $it } }) { isStale } }',
    names,
    NAMES,
    'filter.namespaces.names',
  ],
  'CostLabelFilter.labels': [
    'query ($it: [CostLabelInput!]!) { workloadCosts(filter: { labels: { labels: $it } }) { isStale } }',
    labels,
    NAMES,
    'filter.labels.labels',
  ],
  'AggregatedCostsFilter.clusters': [
    'query ($it: [String!]) { aggregatedCosts(filter: { clusters: $it }) { isStale } }',
    names,
    NAMES,
    'filter.clusters',
  ],
  'AggregatedCostsFilter.tags': [
    'query ($it: [String!]) { aggregatedCosts(filter: { tags: $it }) { isStale } }',
    names,
    NAMES,
    'filter.tags',
  ],
  'CostGroupByInput.labels': [
    'query ($it: [String!]) { aggregatedCosts(filter: { groupBy: { labels: $it } }) { isStale } }',
    names,
    NAMES,
    'filter.groupBy.labels',
  ],
  'CostGroupByInput.annotations': [
    'query ($it: [String!]) { aggregatedCosts(filter: { groupBy: { annotations: $it } }) { isStale } }',
    names,
    NAMES,
    'filter.groupBy.annotations',
  ],
  'CostRowsWhere.clusterNames': [
    'query ($it: [String!]) { workloadCosts { totals(where: { clusterNames: $it }) { rowCount } } }',
    names,
    NAMES,
    'where.clusterNames',
  ],
  'CostRowsWhere.namespaces': [
    'query ($it: [String!]) { workloadCosts { totals(where: { namespaces: $it }) { rowCount } } }',
    names,
    NAMES,
    'where.namespaces',
  ],
  'CostRowsWhere.workloadTypes': [
    'query ($it: [String!]) { workloadCosts { totals(where: { workloadTypes: $it }) { rowCount } } }',
    names,
    NAMES,
    'where.workloadTypes',
  ],
  'CostRowsWhere.workloadNames': [
    'query ($it: [String!]) { workloadCosts { totals(where: { workloadNames: $it }) { rowCount } } }',
    names,
    NAMES,
    'where.workloadNames',
  ],
  'CostRowsWhere.dimensions': [
    'query ($it: [CostDimensionMatch!]) { workloadCosts { totals(where: { dimensions: $it }) { rowCount } } }',
    (count) => names(count).map((label) => ({ by: { label }, values: [null] })),
    10,
    'where.dimensions',
  ],
  'CostDimensionMatch.values': [
    'query ($it: [String]!) { workloadCosts { totals(where: { dimensions: [{ by: { label: "team" }, values: $it }] }) { rowCount } } }',
    names,
    NAMES,
    'where.dimensions[0].values',
  ],
  'CostDimensionInput.anyLabel': [
    'query ($it: [String!]!) { workloadCosts { breakdown(by: [{ anyLabel: $it }], first: 1) { groupCount } } }',
    names,
    10,
    'by[0].anyLabel',
  ],
  'Query.kubernetesWorkloads(keys)': [
    'query ($it: [KubernetesWorkloadKey!]!) { kubernetesWorkloads(keys: $it) { name } }',
    (count) => names(count).map((name) => ({ clusterName: 'c', namespace: 'n', type: 'Deployment', name })),
    1_000,
    'keys',
  ],
  'CostReport.rows(orderBy)': [
    'query ($it: [CostRowOrder!]) { workloadCosts { rows(orderBy: $it, first: 1) { totalCount } } }',
    (count) => Array.from({ length: count }, () => ({ field: 'TOTAL_COST' })),
    17,
    'orderBy',
  ],
  'CostReport.breakdown(by)': [
    'query ($it: [CostDimensionInput!]!) { workloadCosts { breakdown(by: $it, first: 1) { groupCount } } }',
    (count) => names(count).map((label) => ({ label })),
    5,
    'by',
  ],
  'CostComparison.breakdown(by)': [
    'query ($it: [CostDimensionInput!]!) { aggregatedCosts { comparison { breakdown(by: $it, first: 1) { groupCount } } } }',
    (count) => names(count).map((label) => ({ label })),
    5,
    'by',
  ],
  'CostComparison.breakdown(kinds)': [
    'query ($it: [CostChangeKind!]!) { aggregatedCosts { comparison { breakdown(by: [{ label: "team" }], kinds: $it) { groupCount } } } }',
    (count) => Array.from({ length: count }, () => 'APPEARED'),
    5,
    'kinds',
  ],
  'CostTimeSeries.series(by)': [
    'query ($it: [CostDimensionInput!]!) { costTimeSeries(granularity: MONTHLY) { series(by: $it, first: 1) { seriesCount } } }',
    (count) => names(count).map((label) => ({ label })),
    5,
    'by',
  ],
  'Query._entities(representations)': [
    'query ($it: [_Any!]!) { _entities(representations: $it) { __typename } }',
    (count) => Array.from({ length: count }, () => ({ __typename: 'KubernetesCluster', name: 'a' })),
    5_000,
    'representations',
  ],
};

/** The list inputs of the schema, so that a new one cannot be missed here. */
function findLists(): string[] {
  const isList = (type: GraphQLInputType): boolean => isListType(getNullableType(type));
  return Object.values(createSchema().getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) => {
      if (isInputObjectType(type)) {
        return Object.values(type.getFields())
          .filter((field) => isList(field.type))
          .map(({ name }) => `${type.name}.${name}`);
      }
      if (!isObjectType(type)) return [];
      return Object.values(type.getFields()).flatMap((field) =>
        field.args.filter((argument) => isList(argument.type)).map(({ name }) => `${type.name}.${field.name}(${name})`),
      );
    });
}

describe('a list input', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  test('of the schema has a test case below', () => {
    expect(findLists().sort()).toEqual(Object.keys(LISTS).sort());
  });

  test.each(Object.entries(LISTS))(
    '%s has a maximum, which the error names',
    async (_where, [document, make, most, path]) => {
      const good = await stack.send(document, { it: make(most) });
      expect(good.errors.filter(({ message }) => message.includes('entries'))).toEqual([]);
      const received = stack.received.length;
      const bad = await stack.send(document, { it: make(most + 1) });
      expect(bad.status).toBe(200);
      expect(bad.errors).toMatchObject([
        {
          message: `${path} must have at most ${most} entries, and has ${most + 1}.`,
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ]);
      // Lists that are sent to ScaleOps are refused before the call.
      if (path?.startsWith('filter')) expect(stack.received).toHaveLength(received);
    },
  );

  test.each<[string, string, unknown]>([
    ['that the operation does not declare', '{ __typename }', { it: names(30_000) }],
    ['within another list', '{ __typename }', { it: { a: names(30_000) } }],
    [
      'of a wrong type',
      'query ($it: Int) { workloadCosts { rows(first: $it) { totalCount } } }',
      { it: names(30_000) },
    ],
    [
      'of nulls',
      'query ($it: [String!]!) { workloadCosts(filter: { namespaces: { names: $it } }) { isStale } }',
      { it: Array(45_000).fill(null) },
    ],
    [
      'nested 2,000 deep',
      'query ($it: [_Any!]!) { _entities(representations: $it) { __typename } }',
      { it: JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`) as unknown },
    ],
  ])('%s in a variable causes no failure', async (_what, document, variables) => {
    const { status, errors } = await stack.send(document, variables);
    expect([200, 400]).toContain(status);
    for (const { extensions } of errors) expect(extensions.code).toBe('BAD_USER_INPUT');
  });
});
