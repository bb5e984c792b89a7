// The filters of the schema as parameters of the REST calls, through the whole gateway: the requests to the simulator are
// compared with schema/scaleops.openapi.yaml and with these tables.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { startStack, type TestStack } from '../kit/gateway.js';
import { assertUpstreamRequest } from '../kit/formats/openapi.js';

const WORKLOADS = 'query ($filter: WorkloadCostsFilter) { report: workloadCosts(filter: $filter) { asOf } }';
const AGGREGATED = 'query ($filter: AggregatedCostsFilter) { report: aggregatedCosts(filter: $filter) { asOf } }';

let stack: TestStack;
let requested = 0;
beforeAll(async () => {
  stack = await startStack({ env: { CACHE_TTL_SECONDS: '0' } });
});
afterEach(() => {
  requested = stack.received.length;
});
afterAll(() => stack[Symbol.asyncDispose]());

/** The upstream request of one query. */
async function sent(query: string, filter: unknown) {
  const response = await stack.send(query, { filter });
  expect(response.errors).toEqual([]);
  expect(stack.received).toHaveLength(requested + 1);
  const request = stack.received[requested]!;
  assertUpstreamRequest(request);
  return { path: request.path, query: Object.fromEntries(request.query), body: request.body };
}

const NAMES = { names: ['b', 'a', 'b'] };
const LABELS = { labels: [{ key: 'team', value: 'payments' }] };
const FROM = Date.UTC(2026, 0, 1);
const TO = Date.UTC(2026, 0, 8);
const BETWEEN = { from: '2026-01-01T01:00:00+01:00', to: '2026-01-08T00:00:00Z' };

describe('the aggregated report', () => {
  test.each<[string, unknown, unknown]>([
    ['no filter', undefined, {}],
    [
      'null for every input',
      Object.fromEntries(['clusters', 'timeRange', 'groupBy', 'tags'].map((k) => [k, null])),
      {},
    ],
    ['clusters, sorted and once each', { clusters: ['b', 'a', 'b'] }, { clusters: ['a', 'b'], multiCluster: true }],
    ['a range', { timeRange: { last: '30d' } }, { range: '30d' }],
    ['a range of weeks as days', { timeRange: { last: '2w' } }, { range: '14d' }],
    ['a range of a day in hours', { timeRange: { last: '24h' } }, { range: '1d' }],
    ['a range of hours', { timeRange: { last: '36h' } }, { range: '36h' }],
    ['a range of minutes', { timeRange: { last: '90m' } }, { range: '90m' }],
    ['a window in epoch milliseconds', { timeRange: { between: BETWEEN } }, { from: FROM, to: TO }],
    ['groupByCluster', { groupBy: { cluster: true } }, { groupByCluster: true, multiCluster: true }],
    ['groupByCluster false', { groupBy: { cluster: false } }, { groupByCluster: false }],
    ['groupByNamespace', { groupBy: { namespace: true } }, { groupByNamespace: true }],
    ['groupByLabels', { groupBy: { labels: ['team', 'app'] } }, { groupByLabels: ['app', 'team'] }],
    ['groupByAnnotations', { groupBy: { annotations: ['a.io/b'] } }, { groupByAnnotations: ['a.io/b'] }],
    ['gpuWorkloadsOnly', { gpuWorkloadsOnly: true }, { gpuWorkloadsOnly: true }],
    ['multiCluster', { multiCluster: true }, { multiCluster: true }],
    ['multiCluster false', { multiCluster: false, clusters: ['a'] }, { clusters: ['a'], multiCluster: false }],
    ['shouldIgnoreWorkloads', { shouldIgnoreWorkloads: true }, { shouldIgnoreWorkloads: true }],
    ['stepSize', { stepSize: 3600 }, { stepSize: 3600 }],
    ['tags', { tags: ['x', 'a,b'] }, { tags: ['a,b', 'x'] }],
  ])('sends %s in the body', async (_name, filter, body) => {
    expect(await sent(AGGREGATED, filter)).toEqual({
      path: '/detailedCostReport/getAggregatedWorkloads',
      query: {},
      body,
    });
  });
});

describe('the workload report', () => {
  test.each<[string, unknown, unknown, Record<string, string>?]>([
    ['no filter', undefined, {}],
    [
      'null for every input',
      Object.fromEntries(['clusters', 'labels', 'last', 'multiCluster'].map((k) => [k, null])),
      {},
    ],
    ['clusterFilters', { clusters: NAMES }, { clusterFilters: ['a', 'b'] }, { multiCluster: 'true' }],
    [
      'isClusterExclude',
      { clusters: { ...NAMES, exclude: true } },
      { clusterFilters: ['a', 'b'], isClusterExclude: true },
      { multiCluster: 'true' },
    ],
    ['namespaces', { namespaces: NAMES }, { namespaces: ['a', 'b'] }],
    [
      'isNamespaceExclude',
      { namespaces: { ...NAMES, exclude: true } },
      { namespaces: ['a', 'b'], isNamespaceExclude: true },
    ],
    ['workloadTypes', { workloadTypes: NAMES }, { workloadTypes: ['a', 'b'] }],
    [
      'isWorkloadTypeExclude',
      { workloadTypes: { ...NAMES, exclude: true } },
      { workloadTypes: ['a', 'b'], isWorkloadTypeExclude: true },
    ],
    ['labels as key=value', { labels: LABELS }, { labels: ['team=payments'] }],
    ['logicalLabel', { labels: { ...LABELS, operator: 'AND' } }, { labels: ['team=payments'], logicalLabel: 'AND' }],
    ['isLabelExclude', { labels: { ...LABELS, exclude: true } }, { labels: ['team=payments'], isLabelExclude: true }],
    ['annotations', { annotations: LABELS }, { annotations: ['team=payments'] }],
    [
      'logicalAnnotation and isAnnotationExclude',
      { annotations: { ...LABELS, operator: 'AND', exclude: true } },
      { annotations: ['team=payments'], logicalAnnotation: 'AND', isAnnotationExclude: true },
    ],
    ['range, in the query string', { last: '30d' }, {}, { range: '30d' }],
    ['multiCluster, in the query string', { multiCluster: true }, {}, { multiCluster: 'true' }],
    ['shouldIgnoreWorkloads', { shouldIgnoreWorkloads: true }, { shouldIgnoreWorkloads: true }],
  ])('sends %s in the part of the request that is documented for it', async (_name, filter, body, query = {}) => {
    expect(await sent(WORKLOADS, filter)).toEqual({ path: '/detailedCostReport/getWorkloads', query, body });
  });
});

test('multiCluster follows SCALEOPS_MULTI_CLUSTER unless the filter decides it', async () => {
  await using wide = await startStack({ env: { SCALEOPS_MULTI_CLUSTER: 'on' } });
  await wide.send(AGGREGATED);
  await wide.send(WORKLOADS, { filter: { multiCluster: false } });
  expect(wide.received[0]?.body).toEqual({ multiCluster: true });
  expect(wide.received[1]?.query.get('multiCluster')).toBe('false');
});

const EMPTY_LIST = 'must not be an empty list; omit it to not filter by it.';
/** For a list that its input requires. */
const atLeastOne = (path: string, list: string, what: string): string =>
  `${path}.${list} must have at least one ${what}; omit ${path} to not filter by it.`;
const LABEL_KEY =
  'must be a Kubernetes label key: an optional DNS prefix and "/", then up to 63 letters, digits, "-", "_" or ".".';
const label = (key: string, value = '') => ({ labels: [{ key, value }] });
const between = (from: string, to: string) => ({ timeRange: { between: { from, to } } });

describe('a filter that breaks a rule is refused before any upstream call:', () => {
  test.each<[string, unknown, string]>([
    [AGGREGATED, { clusters: [] }, `filter.clusters ${EMPTY_LIST}`],
    [AGGREGATED, { clusters: ['a', ' '] }, 'filter.clusters[1] must not be empty.'],
    [AGGREGATED, { tags: [''] }, 'filter.tags[0] must not be empty.'],
    [AGGREGATED, { tags: ['a\r\nb'] }, 'filter.tags[0] must not contain control characters.'],
    [AGGREGATED, { tags: ['a'.repeat(254)] }, 'filter.tags[0] must have at most 253 characters.'],
    [AGGREGATED, { tags: Array(1001).fill('a') }, 'filter.tags must have at most 1000 entries, and has 1001.'],
    [AGGREGATED, { stepSize: -1 }, 'filter.stepSize must be 0 or more.'],
    [AGGREGATED, { groupBy: { labels: [] } }, `filter.groupBy.labels ${EMPTY_LIST}`],
    [AGGREGATED, { groupBy: { labels: ['a b'] } }, `filter.groupBy.labels[0] ${LABEL_KEY}`],
    [AGGREGATED, { groupBy: { annotations: ['team', '__proto__'] } }, `filter.groupBy.annotations[1] ${LABEL_KEY}`],
    [
      AGGREGATED,
      between('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z'),
      'filter.timeRange.between must have `from` before `to`.',
    ],
    [
      AGGREGATED,
      between('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'),
      'filter.timeRange.between must have `from` before `to`.',
    ],
    [
      AGGREGATED,
      between('2001-01-01T00:00:00Z', '2026-01-01T00:00:00Z'),
      'filter.timeRange.between must cover at most ten years.',
    ],
    [
      AGGREGATED,
      between('1970-01-21T04:15:18Z', '2026-01-01T00:00:00Z'),
      'filter.timeRange.between.from must be in the years 2000 to 2100.',
    ],
    [
      AGGREGATED,
      between('2026-01-01T00:00:00Z', '9999-01-01T00:00:00Z'),
      'filter.timeRange.between.to must be in the years 2000 to 2100.',
    ],
    [WORKLOADS, { clusters: { names: [] } }, atLeastOne('filter.clusters', 'names', 'name')],
    [WORKLOADS, { namespaces: { names: ['a', ''] } }, 'filter.namespaces.names[1] must not be empty.'],
    [WORKLOADS, { workloadTypes: { names: ['\t'] } }, 'filter.workloadTypes.names[0] must not be empty.'],
    [WORKLOADS, { labels: { labels: [] } }, atLeastOne('filter.labels', 'labels', 'entry')],
    [WORKLOADS, { annotations: { labels: [] } }, atLeastOne('filter.annotations', 'labels', 'entry')],
    [WORKLOADS, { labels: label('') }, `filter.labels.labels[0].key ${LABEL_KEY}`],
    [WORKLOADS, { labels: label('a=b') }, `filter.labels.labels[0].key ${LABEL_KEY}`],
    [WORKLOADS, { labels: label('A/b/c') }, `filter.labels.labels[0].key ${LABEL_KEY}`],
    [WORKLOADS, { annotations: label('a'.repeat(64)) }, `filter.annotations.labels[0].key ${LABEL_KEY}`],
    [
      WORKLOADS,
      { labels: label('a', 'v'.repeat(1025)) },
      'filter.labels.labels[0].value must have at most 1024 characters.',
    ],
  ])('%s %j', async (query, filter, message) => {
    const { status, data, errors } = await stack.send(query, { filter });
    expect({ status, data, errors }).toMatchObject({
      status: 200,
      data: { report: null },
      errors: [{ message, path: ['report'], extensions: { code: 'BAD_USER_INPUT', retryable: false } }],
    });
    expect(stack.received).toHaveLength(requested);
  });
});

const BAD_DURATIONS = ['7', '-7d', '7D', '0d', '07d', '7d ', '1.5d', '99999999d', '3654d', '', '9'.repeat(10_000)];
const BAD_DATES = [
  ...['2026-02-30T00:00:00Z', '2026-01-01', '2026-01-01T00:00:00', '0000-00-00T00:00:00Z', '2026-13-01T00:00:00Z'],
  ...['2026-01-01T24:00:00Z', '2026-01-01T00:00:60Z', 'yesterday', '1743318000000', '2026-01-01T00:00:00+25:00'],
];

describe('an invalid scalar is refused with its path:', () => {
  const cases = [
    ...BAD_DURATIONS.map((value) => ['last', value, 'CostDuration must be a positive whole number'] as const),
    ...BAD_DATES.map((value) => ['between.from', value, 'DateTime must be an RFC 3339 date and time'] as const),
  ];
  const toRange = (field: string, value: string) =>
    field === 'last' ? { last: value } : { between: { from: value, to: '2026-02-01T00:00:00Z' } };

  test.each(cases)('%s %s as a variable', async (field, value, rule) => {
    const { status, errors } = await stack.send(AGGREGATED, { filter: { timeRange: toRange(field, value) } });
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', retryable: false } }]);
    expect(errors[0]?.message).toContain(`"filter.timeRange.${field}"; ${rule}`);
    expect(errors[0]?.message.length).toBeLessThan(800);
    expect(stack.received).toHaveLength(requested);
  });

  test.each(cases)('%s %s as a literal', async (field, value, rule) => {
    const literal = JSON.stringify(toRange(field, value)).replaceAll(/"(\w+)":/g, '$1:');
    const { status, errors } = await stack.send(`{ aggregatedCosts(filter: { timeRange: ${literal} }) { asOf } }`);
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(errors[0]?.message).toContain(`filter.timeRange.${field}: ${rule}`);
    expect(stack.received).toHaveLength(requested);
  });

  test.each<[string, unknown]>([
    ['two fields of a oneOf input', { timeRange: { last: '7d', between: BETWEEN } }],
    ['no field of a oneOf input', { timeRange: {} }],
    ['a null field of a oneOf input', { timeRange: { last: null } }],
    ['a number for a name', { clusters: [1] }],
    ['a null in a list', { clusters: [null] }],
    ['a stepSize over 2^31 - 1', { stepSize: 2 ** 31 }],
    ['an unknown field', { cluster: ['a'] }],
    ['a prototype key', JSON.parse('{"__proto__": {"clusters": ["a"]}}') as unknown],
  ])('%s', async (_name, filter) => {
    const { status, errors } = await stack.send(AGGREGATED, { filter });
    expect({ status, code: errors[0]?.extensions.code }).toEqual({ status: 400, code: 'BAD_USER_INPUT' });
    expect(stack.received).toHaveLength(requested);
  });

  test('a nullable variable in a @oneOf input', async () => {
    const query = 'query ($last: CostDuration) { aggregatedCosts(filter: { timeRange: { last: $last } }) { asOf } }';
    const { errors } = await stack.send(query, {});
    expect(errors[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(stack.received).toHaveLength(requested);
  });
});
