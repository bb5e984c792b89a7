import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { assertUpstreamRequest, assertUpstreamResponse, upstreamContract } from '../kit/formats/openapi.js';

const WORKLOADS = '/detailedCostReport/getWorkloads';
const AGGREGATED = '/detailedCostReport/getAggregatedWorkloads';
const LOGIN = '/auth/callback';

// The names from the vendor's documentation.
const WORKLOADS_BODY = (
  'annotations clusterFilters isAnnotationExclude isClusterExclude isLabelExclude isNamespaceExclude ' +
  'isWorkloadTypeExclude labels logicalAnnotation logicalLabel namespaces shouldIgnoreWorkloads workloadTypes'
).split(' ');
const AGGREGATED_QUERY = (
  'clusters from gpuWorkloadsOnly groupByCluster groupByNamespace multiCluster range shouldIgnoreWorkloads stepSize ' +
  'tags to'
).split(' ');

const WORKLOADS_SAMPLE = {
  annotations: [],
  clusterFilters: [],
  isAnnotationExclude: false,
  isClusterExclude: false,
  isLabelExclude: false,
  isNamespaceExclude: false,
  isWorkloadTypeExclude: false,
  labels: [],
  logicalAnnotation: 'OR',
  logicalLabel: 'OR',
  namespaces: [],
  shouldIgnoreWorkloads: false,
  workloadTypes: [],
};
const AGGREGATED_SAMPLE = {
  clusters: [],
  from: 1743318000000,
  gpuWorkloadsOnly: false,
  groupByCluster: true,
  groupByNamespace: true,
  multiCluster: false,
  range: '7d',
  shouldIgnoreWorkloads: false,
  stepSize: 0,
  tags: [],
  to: 1743318000000,
  groupByLabels: [],
  groupByAnnotations: [],
};
const ROW_SAMPLE = {
  amountOfWorkloads: 0,
  annotations: null,
  clusterName: 'string',
  hourlyCost: 0.1,
  id: 'string',
  labels: null,
  namespace: '',
  onDemandHours: 0.1,
  onDemandPercent: 100,
  ownerCpuRequest: 0.1,
  ownerGpuRequest: 0,
  ownerLabels: [{ key: 'string', value: 'string' }],
  ownerMemoryRequest: 0.1,
  replicas: 0.1,
  savingsAvailable: 0.1,
  savingsAvailableWithReplicas: 0.1,
  services: ['string'],
  spotHours: 0.1,
  spotPercent: 0,
  totalCost: 0.1,
  workloadName: '',
  workloadType: '',
};
const WINDOW_SAMPLE = { startTime: '2025-01-01T00:00:00', endTime: '2025-01-31T00:00:00' };

interface ContractOperation {
  operationId: string;
  description?: string;
  security?: unknown;
  requestBody: { content: { 'application/json': { schema: { $ref: string } } } };
  parameters: { $ref?: string; name?: string; in?: string; 'x-evidence'?: string }[];
}

function operationOf(path: string): ContractOperation {
  return upstreamContract.paths[path]!.post as unknown as ContractOperation;
}

function queryNames(path: string): string[] {
  return operationOf(path)
    .parameters.filter(({ $ref, in: place }) => place === 'query' || ($ref ?? '').split('/').at(-1) !== 'clusterHeader')
    .map(({ $ref, name }) => name ?? $ref!.split('/').at(-1)!);
}

function bodyNames(path: string): string[] {
  const name = operationOf(path).requestBody.content['application/json'].schema.$ref.split('/').at(-1)!;
  const { schemas } = upstreamContract.components as { schemas: Record<string, { properties: object }> };
  return Object.keys(schemas[name]!.properties);
}

function request(path: string, query: string, body: unknown = {}, method = 'POST') {
  return () => {
    assertUpstreamRequest({ method, path, query: new URLSearchParams(query), body });
  };
}

function respond(body: unknown, status = 200, path = WORKLOADS) {
  return () => {
    assertUpstreamResponse(path, status, body);
  };
}

function reportOf(row: object) {
  return { aggregatedWorkloads: [row], clusters: ['a'], window: WINDOW_SAMPLE };
}

describe('the upstream contract', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(upstreamContract));
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('has both reports, and says that the path of the aggregated one is assumed', () => {
    expect(operationOf(WORKLOADS).operationId).toBe('getWorkloads');
    expect(operationOf(AGGREGATED).operationId).toBe('getAggregatedWorkloads');
    expect(operationOf(AGGREGATED).description).toMatch(/path is an assumption/i);
  });

  it('has the documented parameters, and range for the workload report as observed', () => {
    expect(queryNames(WORKLOADS).sort()).toEqual([...WORKLOADS_BODY, 'multiCluster', 'range'].sort());
    expect(queryNames(AGGREGATED).sort()).toEqual(AGGREGATED_QUERY);
    const range = operationOf(WORKLOADS).parameters.find(({ name }) => name === 'range');
    expect(range?.['x-evidence']).toBe('seen in use, not on the page');
  });

  it('has the documented body fields', () => {
    expect(bodyNames(WORKLOADS).sort()).toEqual(WORKLOADS_BODY);
    expect(bodyNames(AGGREGATED).sort()).toEqual([...AGGREGATED_QUERY, 'groupByAnnotations', 'groupByLabels'].sort());
  });
});

describe('assertUpstreamRequest', () => {
  it.each([
    ["the page's own workload sample", request(WORKLOADS, '', WORKLOADS_SAMPLE)],
    ["the page's own aggregated sample", request(AGGREGATED, '', AGGREGATED_SAMPLE)],
    [
      'the requests of the Backstage plugin',
      request(WORKLOADS, 'multiCluster=true&range=30d', { labels: ['app=cart'] }),
    ],
    ['lists as repeated names', request(WORKLOADS, 'namespaces=a&namespaces=b&labels=k%3Dv%3D%3D&clusterFilters=', {})],
    [
      'numbers and booleans as text',
      request(AGGREGATED, 'from=1743318000000&stepSize=0&groupByCluster=false&range=2w'),
    ],
    ['a login', request(LOGIN, '', { username: 'u', password: 'p' })],
  ])('accepts %s', (_, send) => {
    expect(send).not.toThrow();
  });

  it.each([
    [
      'an unknown path',
      request('/detailedCostReport/getworkloads', ''),
      /path \/detailedCostReport\/getworkloads is not/,
    ],
    ['a path that every object has', request('constructor', ''), /path constructor is not documented/],
    ['another method', request(WORKLOADS, '', undefined, 'GET'), /GET is not documented/],
    ['an unknown query parameter', request(WORKLOADS, 'cluster=a'), /query.*additional properties \(cluster\)/],
    ['a query parameter of the other report', request(WORKLOADS, 'from=1'), /additional properties \(from\)/],
    ['grouping by labels in the query string', request(AGGREGATED, 'groupByLabels=a'), /\(groupByLabels\)/],
    ['a number as a boolean', request(AGGREGATED, 'groupByCluster=1'), /query\/groupByCluster must be boolean/],
    ['a decimal as an integer', request(AGGREGATED, 'from=1e12'), /query\/from must be integer/],
    ['a single value given twice', request(AGGREGATED, 'range=7d&range=8d'), /query\/range must be string/],
    ['a label without a value', request(WORKLOADS, 'labels=a'), /query\/labels\/0 must match/],
    ['a unit of time that is unknown', request(AGGREGATED, 'range=7D'), /query\/range must match/],
    [
      'an operator that is unknown',
      request(WORKLOADS, '', { logicalLabel: 'XOR' }),
      /body\/logicalLabel must be equal/,
    ],
    ['an unknown body field', request(WORKLOADS, '', { clusters: [] }), /body must NOT.*\(clusters\)/],
    [
      'multiCluster in the workload body',
      request(WORKLOADS, '', { multiCluster: true }),
      /body must NOT.*\(multiCluster\)/,
    ],
    ['range in the workload body', request(WORKLOADS, '', { range: '7d' }), /body must NOT.*\(range\)/],
    ['a number as text in the body', request(AGGREGATED, '', { from: '1' }), /body\/from must be integer/],
    ['a fraction of a millisecond', request(AGGREGATED, '', { to: 1.5 }), /body\/to must be integer/],
    ['a negative step', request(AGGREGATED, '', { stepSize: -1 }), /body\/stepSize must be >= 0/],
    ['null for a list', request(WORKLOADS, '', { namespaces: null }), /body\/namespaces must be array/],
    ['a list as a body', request(WORKLOADS, '', []), /body must be object/],
    ['no body', request(WORKLOADS, '', null), /body must be object/],
    [
      'a login without a password',
      request(LOGIN, '', { username: 'u' }),
      /body must have required property 'password'/,
    ],
  ])('refuses %s', (_, send, reason) => {
    expect(send).toThrow(reason);
  });

  it('refuses a body that is missing', () => {
    const query = new URLSearchParams();
    const send = () => {
      assertUpstreamRequest({ method: 'POST', path: WORKLOADS, query, body: undefined });
    };
    expect(send).toThrow(/body must be object/);
  });

  it('names every reason, not only the first', () => {
    const send = request(AGGREGATED, 'nope=1&from=x', { tags: [1] });
    expect(send).toThrow(/\(nope\).*query\/from must be integer.*body\/tags\/0 must be string/);
  });
});

describe('assertUpstreamResponse', () => {
  it.each([
    ["the page's own sample", respond(reportOf(ROW_SAMPLE))],
    ['null for every list', respond({ aggregatedWorkloads: null, clusters: null, window: WINDOW_SAMPLE })],
    ['null for the lists of a row', respond(reportOf({ ...ROW_SAMPLE, ownerLabels: null, services: null }))],
    ['labels as an object', respond(reportOf({ ...ROW_SAMPLE, labels: { team: 'a' } }))],
    ['labels as a list of pairs', respond(reportOf({ ...ROW_SAMPLE, labels: [{ key: 'team', value: 'a' }] }))],
    ['labels as a list of texts', respond(reportOf({ ...ROW_SAMPLE, annotations: ['team=a'] }))],
    ['additional fields', respond({ ...reportOf({ ...ROW_SAMPLE, carbonGrams: 1 }), version: 2 })],
    ['negative costs', respond(reportOf({ ...ROW_SAMPLE, totalCost: -1 }))],
    ['a refusal', respond({ error: 'unauthorized' }, 401)],
    ['a redirect after a login', respond('', 302, LOGIN)],
  ])('accepts %s', (_, receive) => {
    expect(receive).not.toThrow();
  });

  it.each(Object.keys(ROW_SAMPLE))('refuses a row without %s', (name) => {
    const row = Object.fromEntries(Object.entries(ROW_SAMPLE).filter(([field]) => field !== name));
    expect(respond(reportOf(row))).toThrow(`must have required property '${name}'`);
  });

  it.each([
    ['a number as text', respond(reportOf({ ...ROW_SAMPLE, totalCost: '0.1' })), /totalCost must be number/],
    [
      'a fraction of a workload',
      respond(reportOf({ ...ROW_SAMPLE, amountOfWorkloads: 0.5 })),
      /amountOfWorkloads must be integer/,
    ],
    ['null for text', respond(reportOf({ ...ROW_SAMPLE, namespace: null })), /namespace must be string/],
    [
      'owner labels as an object',
      respond(reportOf({ ...ROW_SAMPLE, ownerLabels: {} })),
      /ownerLabels must be array,null/,
    ],
    ['no window', respond({ aggregatedWorkloads: [], clusters: [] }), /required property 'window'/],
    [
      'a time with a zone',
      respond({ ...reportOf(ROW_SAMPLE), window: { ...WINDOW_SAMPLE, endTime: '2025-01-31T00:00:00Z' } }),
      /window\/endTime must match pattern/,
    ],
    ['a status that is not documented', respond({ error: 'x' }, 418), /418 from .* is not documented/],
    ['a refusal without a reason', respond({}, 403), /required property 'error'/],
    ['a body where none is documented', respond({ token: 'x' }, 302, LOGIN), /body is not documented/],
    ['a response from an unknown path', respond({}, 200, '/nope'), /path \/nope is not documented/],
  ])('refuses %s', (_, receive, reason) => {
    expect(receive).toThrow(reason);
  });
});
