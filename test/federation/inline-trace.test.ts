// Field timings that a router requests (`ftv1`): a tree of the resolved fields, with exactly the errors of the response. A request without the header gets no trace.
// https://www.apollographql.com/docs/graphos/reference/federation/subgraph-spec#ftv1-traces

import { Trace } from '@apollo/usage-reporting-protobuf';
import {
  getIntrospectionQuery,
  GraphQLFloat,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLFieldConfigMap,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/clock.js';
import { ERROR_CODES, UpstreamError } from '../../src/errors.js';
import { toFetch } from '../../src/http/fetch-adapter.js';
import { createDeferred } from '../kit/time/deferred.js';
import * as faults from '../kit/upstream/fault-server.js';
import { CANARY, startFaultServer } from '../kit/upstream/fault-server.js';
import { createGate } from '../kit/time/gate.js';
import { createTestHandler } from '../kit/http-handler.js';
import { sendQuery, startGateway, startStack, TOKEN, type GraphqlResponse, type TestStack } from '../kit/gateway.js';

const HEADER = 'apollo-federation-include-trace';
const TRACED = { headers: { [HEADER]: 'ftv1' } };

// ----------------------------------------------------------------------------------------------------- reading a trace

const ftv1Of = ({ text }: GraphqlResponse): unknown =>
  (JSON.parse(text) as { extensions?: { ftv1?: unknown } }).extensions?.ftv1;

function decode(response: GraphqlResponse): Trace {
  const ftv1 = ftv1Of(response);
  expect(ftv1).toEqual(expect.any(String));
  const bytes = Buffer.from(ftv1 as string, 'base64');
  // Strict base64.
  expect(bytes.toString('base64')).toBe(ftv1);
  return Trace.decode(bytes);
}

/** List items have an index instead of a name. */
const isItem = ({ responseName }: Trace.INode): boolean => responseName === '';
const keyOf = (node: Trace.INode): string => (isItem(node) ? String(node.index) : String(node.responseName));
const childrenOf = ({ child }: Trace.INode): readonly Trace.INode[] => child ?? [];

interface Outline {
  readonly [label: string]: Outline;
}

/** The tree without times: `alias = field: Type of Parent`, or the index, with its children. */
function outline(node: Trace.INode): Outline {
  return Object.fromEntries(childrenOf(node).map((child) => [labelOf(child), outline(child)]));
}

function labelOf(node: Trace.INode): string {
  if (isItem(node)) return keyOf(node);
  const { originalFieldName, type, parentType } = node;
  const name = originalFieldName === '' ? keyOf(node) : `${keyOf(node)} = ${originalFieldName}`;
  return `${name}: ${type} of ${parentType}`;
}

/** All nodes below, parents first. */
function* descendants(node: Trace.INode): Iterable<{ readonly node: Trace.INode; readonly around: Trace.INode }> {
  for (const child of childrenOf(node)) {
    yield { node: child, around: node };
    yield* descendants(child);
  }
}

/** The expected tree of the response's data: objects by response name, lists by index. */
type Shape = true | { readonly [key: string]: Shape };

function shapeOfData(value: unknown): Shape {
  if (typeof value !== 'object' || value === null) return true;
  const entries = Object.entries(value).map(([key, item]) => [key, shapeOfData(item)] as const);
  const isLeaf = Array.isArray(value) && entries.every(([, shape]) => shape === true);
  return isLeaf || Object.fromEntries(entries);
}

function shapeOfTree(node: Trace.INode): Shape {
  const children = childrenOf(node);
  return children.length === 0 || Object.fromEntries(children.map((child) => [keyOf(child), shapeOfTree(child)]));
}

/** Checks that every time is valid and in order. */
function expectValidTimes({ root, durationNs, startTime, endTime }: Trace): void {
  const wrong: string[] = [];
  /** The start of the nearest field above, because nodes of list items have no times. */
  const begun = new Map<Trace.INode, number>([[root!, 0]]);
  for (const { node, around } of descendants(root!)) {
    const { startTime: start = 0, endTime: end = 0 } = node as { startTime?: number; endTime?: number };
    const aroundStart = begun.get(around)!;
    begun.set(node, isItem(node) ? aroundStart : start);
    const isValid = isItem(node)
      ? start === 0 && end === 0
      : [start, end].every(Number.isSafeInteger) && aroundStart <= start && start <= end && end <= durationNs;
    if (!isValid) wrong.push(`${labelOf(node)}: ${aroundStart} <= ${start} <= ${end} <= ${durationNs}`);
  }
  expect(wrong).toEqual([]);
  expect(Number.isSafeInteger(durationNs)).toBe(true);
  expect(durationNs).toBeGreaterThan(0);
  expect(toMs(startTime)).toBeLessThanOrEqual(toMs(endTime));
  for (const { nanos } of [startTime!, endTime!]) expect(nanos).toBeLessThan(1_000_000_000);
}

const toMs = (time: Trace['startTime']): number => Number(time?.seconds) * 1000 + Number(time?.nanos) / 1_000_000;

/** The paths of errors, with their nodes. */
function errorsOf(node: Trace.INode, path = ''): { readonly path: string; readonly error: Trace.IError }[] {
  return [
    ...(node.error ?? []).map((error) => ({ path, error })),
    ...childrenOf(node).flatMap((child) => errorsOf(child, `${path}/${keyOf(child)}`)),
  ];
}

/** Every string in a trace. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

// ----------------------------------------------------------------------------------------------------- the requests

const ALL = '(filter: { multiCluster: true })';

describe('a trace', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  /** Sends the query twice, with and without the header, for a cached report. */
  async function sendBoth(query: string, variables?: unknown, init: RequestInit = {}) {
    const headers = { 'x-request-id': 'the-same', ...(init.headers as Record<string, string> | undefined) };
    await stack.send(query, variables, { ...init, headers });
    const plain = await stack.send(query, variables, { ...init, headers });
    const traced = await stack.send(query, variables, { ...init, headers: { ...headers, [HEADER]: 'ftv1' } });
    return { plain, traced };
  }

  test('has the resolved fields as a tree, with response names and types', async () => {
    const { errors, ...response } = await stack.send(
      `query ($no: Boolean = false) {
        costs: workloadCosts${ALL} {
          asOf: asOf
          window { startTime }
          window { endTime }
          rows(first: 2) { nodes { __typename name: workloadName ...Labels services @include(if: $no) } }
          breakdown(by: [{ field: CLUSTER }, { field: NAMESPACE }], first: 1) { groups { keys { value } } others { rowCount } }
        }
        nothing: kubernetesCluster(name: "nowhere") { costs { asOf } }
      }
      fragment Labels on CostRow { labels { key } services }`,
      undefined,
      TRACED,
    );
    expect(errors).toEqual([]);
    const row = {
      'name = workloadName: String of CostRow': {},
      'labels: [CostLabel!] of CostRow': {},
      'services: [String!]! of CostRow': {},
    };
    const key = { 'value: String of CostGroupKey': {} };
    expect(outline(decode({ errors, ...response }).root!)).toEqual({
      'costs = workloadCosts: CostReport of Query': {
        'asOf: DateTime! of CostReport': {},
        'window: CostWindow! of CostReport': {
          'startTime: DateTime! of CostWindow': {},
          'endTime: DateTime! of CostWindow': {},
        },
        'rows: CostRowConnection! of CostReport': { 'nodes: [CostRow!]! of CostRowConnection': { 0: row, 1: row } },
        'breakdown: CostBreakdown! of CostReport': {
          'groups: [CostGroup!]! of CostBreakdown': {
            0: { 'keys: [CostGroupKey!]! of CostGroup': { 0: key, 1: key } },
          },
          'others: CostTotals of CostBreakdown': { 'rowCount: Int! of CostTotals': {} },
        },
      },
      'nothing = kubernetesCluster: KubernetesCluster of Query': { 'costs: CostReport of KubernetesCluster': {} },
    });
  });

  test('has each entity at its index, with its own type', async () => {
    const response = await stack.send(
      `query ($of: [_Any!]!) {
        _entities(representations: $of) { ... on KubernetesCluster { id: name costs { isStale } } ... on KubernetesNamespace { name } }
        _service { sdl }
      }`,
      {
        of: [
          { __typename: 'KubernetesNamespace', clusterName: 'c', name: 'n' },
          { __typename: 'KubernetesCluster', name: 'prod-us-east-1' },
        ],
      },
      TRACED,
    );
    expect(response.errors).toEqual([]);
    expect(outline(decode(response).root!)).toEqual({
      '_entities: [_Entity]! of Query': {
        0: { 'name: String! of KubernetesNamespace': {} },
        1: {
          'id = name: String! of KubernetesCluster': {},
          'costs: CostReport of KubernetesCluster': { 'isStale: Boolean! of CostReport': {} },
        },
      },
      '_service: _Service! of Query': { 'sdl: String of _Service': {} },
    });
  });

  test('omits introspection fields, and leaves their data unchanged', async () => {
    const { plain, traced } = await sendBoth(
      getIntrospectionQuery({ specifiedByUrl: true, inputValueDeprecation: true }),
    );
    expect(traced.data).toEqual(plain.data);
    expect(outline(decode(traced).root!)).toEqual({});
    const mixed = await stack.send(
      '{ __typename __type(name: "Query") { name } kubernetesCluster(name: "a") { name } }',
      {},
      TRACED,
    );
    expect(outline(decode(mixed).root!)).toEqual({
      'kubernetesCluster: KubernetesCluster of Query': { 'name: String! of KubernetesCluster': {} },
    });
  });

  test('has ordered times within the duration of the operation and the time of day', async () => {
    const before = Date.now();
    const response = await stack.send(
      `{ workloadCosts${ALL} { rows { nodes { id ownerLabels { key } kubernetesWorkload { cost { id } } } } totals { totalCost } } }`,
      undefined,
      TRACED,
    );
    const after = Date.now();
    const trace = decode(response);
    expectValidTimes(trace);
    expect(toMs(trace.startTime)).toBeGreaterThanOrEqual(before);
    expect(toMs(trace.endTime)).toBeLessThanOrEqual(after);
    // Two clocks, one of which counts whole milliseconds.
    expect(trace.durationNs / 1_000_000).toBeLessThanOrEqual(after - before + 2);
    // Every operation is traced, so its weight is 1; a router sums weights.
    expect(trace.fieldExecutionWeight).toBe(1);
  });

  test.each(['application/graphql-response+json', 'application/json'])(
    'does not change the response with the media type %s',
    async (accept) => {
      const query = `{
        workloadCosts${ALL} { rows { nodes { id totalCost ownerLabels { key value } kubernetesWorkload { name cost { id } } } pageInfo { endCursor } } }
        aggregatedCosts { totals { totalCost rowCount } }
        bad: workloadCosts { rows(first: -1) { totalCount } }
      }`;
      const { plain, traced } = await sendBoth(query, undefined, { headers: { accept } });
      expect(traced.data).toEqual(plain.data);
      expect(traced.errors).toEqual(plain.errors);
      expect(traced.status).toBe(plain.status);
      // The content-length differs.
      const headersOf = ({ headers }: GraphqlResponse) =>
        Array.from(headers, ([name, value]) => [name.toLowerCase(), value])
          .filter(([name]) => name !== 'content-length')
          .sort();
      expect(headersOf(traced)).toEqual(headersOf(plain));
      const keysOf = ({ text }: GraphqlResponse) =>
        Object.keys((JSON.parse(text) as { extensions: object }).extensions);
      expect(keysOf(plain)).toEqual(['freshness']);
      expect(keysOf(traced)).toEqual(['freshness', 'ftv1']);
    },
  );

  test('is in the response to a GET, too', async () => {
    const url = `http://gateway/graphql?query=${encodeURIComponent(`{ a: workloadCosts${ALL} { isStale } }`)}`;
    const response = await sendQuery(
      (request) =>
        stack.gateway.fetch(
          new Request(url, { headers: { ...Object.fromEntries(request.headers), 'apollo-require-preflight': 'true' } }),
        ),
      '',
      undefined,
      TRACED,
    );
    expect(response.errors).toEqual([]);
    expect(outline(decode(response).root!)).toEqual({
      'a = workloadCosts: CostReport of Query': { 'isStale: Boolean! of CostReport': {} },
    });
  });

  test.each(['', 'ftv2', 'FTV1', 'ftv1, ftv1', 'ftv', 'true', 'ftv1;q=1'])(
    'is absent for the header value %j',
    async (value) => {
      const response = await stack.send('{ workloadCosts { isStale } }', undefined, { headers: { [HEADER]: value } });
      expect(response.errors).toEqual([]);
      expect(ftv1Of(response)).toBeUndefined();
    },
  );

  test.each<[string, string, unknown?]>([
    ['a syntax error', '{'],
    ['an unknown field', '{ cost }'],
    ['an invalid literal', '{ workloadCosts(filter: { last: "7D" }) { asOf } }'],
    [
      'an invalid variable',
      'query ($first: Int) { workloadCosts { rows(first: $first) { totalCount } } }',
      { first: 'x' },
    ],
    ['a missing variable', 'query ($first: Int!) { workloadCosts { rows(first: $first) { totalCount } } }'],
    ['a mutation', 'mutation { a }'],
    ['two operations and no name', 'query A { __typename } query B { __typename }'],
    ['no query', ''],
  ])('is absent when the request is refused for %s', async (_name, query, variables) => {
    const { plain, traced } = await sendBoth(query, variables);
    expect(plain.errors).toHaveLength(1);
    expect(plain.data).toBeUndefined();
    expect(traced.status).toBe(plain.status);
    expect(traced.text).toBe(plain.text);
  });

  test('has an error at the field that caused it, even when a parent field is null', async () => {
    const response = await stack.send(
      `{ a: workloadCosts${ALL} { asOf page: rows(first: -1) { totalCount } } workloadCosts${ALL} { isStale } }`,
      undefined,
      TRACED,
    );
    expect(response.data).toEqual({ a: null, workloadCosts: { isStale: false } });
    const trace = decode(response);
    expectValidTimes(trace);
    const [error] = response.errors;
    expect(errorsOf(trace.root!)).toEqual([{ path: '/a/page', error: expect.anything() as object }]);
    const [traced] = errorsOf(trace.root!).map((each) => each.error);
    expect(traced).toMatchObject({ message: 'first must be 0 or more.', location: [{ line: 1 }] });
    expect(JSON.parse(traced!.json!)).toEqual(error);
  });

  test('has the errors of entities at the nearest field that was executed', async () => {
    const response = await stack.send(
      `query ($of: [_Any!]!) {
        _entities(representations: $of) { ... on KubernetesCluster { name costs(filter: { last: "1m" }) { rows(last: -1) { totalCount } } } }
      }`,
      {
        of: [
          { __typename: 'KubernetesCluster', name: 'prod-us-east-1' },
          { __typename: 'Nothing' },
          { __typename: 'KubernetesCluster', name: 'eu-central-1' },
          { __typename: 'KubernetesCluster', name: 'prod-eu-west-1' },
        ],
      },
      TRACED,
    );
    const trace = decode(response);
    const found = errorsOf(trace.root!);
    // Each error is at its path, or at the list when the entity itself failed.
    const pathOf = ({ path = [] }: (typeof response.errors)[number]) => `/${path.join('/')}`;
    const expected = response.errors.map((error) => (error.path?.length === 2 ? '/_entities' : pathOf(error)));
    expect(expected).toContain('/_entities');
    expect(expected).toContain('/_entities/0/costs/rows');
    expect(found.map(({ path }) => path).sort()).toEqual(expected.sort());
    const jsonOf = (error: Trace.IError): unknown => JSON.parse(error.json!);
    expect(found.map(({ error }) => jsonOf(error))).toEqual(expect.arrayContaining([...response.errors]));
  });
});

test('a trace has lists of 10,000 rows with 8 fields', async () => {
  await using stack = await startStack({ simulator: { workloads: 10_000 } });
  const fields = 'id clusterName namespace workloadName workloadType totalCost replicas share';
  const response = await stack.send(`{ workloadCosts${ALL} { rows { nodes { ${fields} } } } }`, undefined, TRACED);
  expect(response.errors).toEqual([]);
  expect(response.data.workloadCosts.rows.nodes).toHaveLength(10_000);
  const trace = decode(response);
  expect([...descendants(trace.root!)]).toHaveLength(3 + 10_000 * 9);
  expect(shapeOfTree(trace.root!)).toEqual(shapeOfData(response.data));
  expectValidTimes(trace);
});

describe('a request without the header', () => {
  const QUERY = '{ workloadCosts { rows { nodes { id } } } kubernetesCluster(name: "a") { name } }';
  test('gets no trace', async () => {
    await using stack = await startStack();
    expect(ftv1Of(await stack.send(QUERY))).toBeUndefined();
    await stack.send(QUERY, undefined, TRACED);
    expect(ftv1Of(await stack.send(QUERY))).toBeUndefined();
  });

  test('gets the same response as one with the header when the gateway is no subgraph', async () => {
    await using stack = await startStack({ env: { GATEWAY_FEDERATION: 'off' } });
    const response = await stack.send(QUERY, undefined, TRACED);
    expect(response.errors).toEqual([]);
    expect(ftv1Of(response)).toBeUndefined();
  });

  test('gets no cached response with a trace', async () => {
    await using stack = await startStack({ env: { CACHE_CONTROL: 'public' } });
    await stack.send(QUERY);
    const { headers } = await stack.send(QUERY, undefined, TRACED);
    const mayBeKept = !(headers.get('cache-control') ?? '').includes('no-store');
    const variesByHeader = (headers.get('vary') ?? '').toLowerCase().includes(HEADER);
    // Either no cache stores it, or caches distinguish requests with the header.
    expect(mayBeKept && !variesByHeader).toBe(false);
  });

  test('gets no trace of concurrent requests', async () => {
    const COUNT = 40;
    const gate = createGate();
    await using stack = await startStack({
      simulator: { latency: gate.pass },
      env: { SCALEOPS_MAX_IN_FLIGHT: String(COUNT) },
    });
    const pending = Array.from({ length: COUNT }, (_, index) =>
      stack.send(
        `{ a${index}: workloadCosts(filter: { multiCluster: true, last: "${index + 1}h" }) { rows(first: ${index}) { nodes { id } } } }`,
        undefined,
        index % 2 === 0 ? TRACED : {},
      ),
    );
    await gate.arrivals(COUNT);
    gate.open();
    for (const [index, response] of (await Promise.all(pending)).entries()) {
      expect(response.errors).toEqual([]);
      if (index % 2 === 1) {
        expect(ftv1Of(response)).toBeUndefined();
        continue;
      }
      const trace = decode(response);
      expect(shapeOfTree(trace.root!)).toEqual(shapeOfData(response.data));
      expect(Object.keys(outline(trace.root!))).toEqual([`a${index} = workloadCosts: CostReport of Query`]);
      expectValidTimes(trace);
    }
  });
});

test('the duration of a field includes the wait for its report', async () => {
  const gate = createGate();
  await using stack = await startStack({ simulator: { latency: gate.pass } });
  const pending = stack.send('{ kubernetesCluster(name: "a") { name } workloadCosts { isStale } }', undefined, TRACED);
  await gate.arrivals(1);
  const arrived = performance.now();
  // An unrelated request, which takes some time.
  await stack.gateway.fetch(new Request('http://gateway/health/live'));
  const heldMs = performance.now() - arrived;
  gate.open();
  const trace = decode(await pending);
  const [cluster, costs] = trace.root!.child!.map(
    ({ startTime = 0, endTime = 0 }) => Number(endTime) - Number(startTime),
  );
  expect(costs).toBeGreaterThanOrEqual(heldMs * 1_000_000);
  expect(cluster).toBeLessThan(costs!);
});

describe('a client that disconnects', () => {
  test('before its response causes no errors', async () => {
    const gate = createGate();
    const stack = await startStack({ simulator: { latency: gate.pass, now: systemClock.now } });
    const url = `${await stack.gateway.listen()}/graphql`;
    const controller = new AbortController();
    const query = (last: string) => `{ workloadCosts(filter: { last: "${last}" }) { rows { nodes { id } } } }`;
    const left = sendQuery(fetch, query('1d'), undefined, { ...TRACED, signal: controller.signal }, url).catch(
      () => 'left',
    );
    const stays = sendQuery(fetch, query('2d'), undefined, TRACED, url);
    await gate.arrivals(2);
    controller.abort();
    expect(await left).toBe('left');
    gate.open();
    decode(await stays);
    // After closing, all pending work has ended.
    await stack[Symbol.asyncDispose]();
    expect(stack.log.filter(({ level }) => Number(level) > 30)).toEqual([]);
  });
});

// -------------------------------------------------------------------------------------------- secrets in a trace

describe('an error in a trace', () => {
  const QUERY = '{ workloadCosts { asOf } aggregatedCosts { isStale } }';

  test.each<[string, faults.Fault]>([
    ['401', faults.status(401)],
    ['403', faults.status(403)],
    ['404', faults.status(404)],
    ['422', faults.status(422)],
    ['429', faults.status(429, { 'retry-after': 3 })],
    ['500', faults.status(500)],
    ['a redirection', faults.redirect(`https://${CANARY}.test/${CANARY}`)],
    ['an error with 200', faults.text(`{"error":"${CANARY} ${TOKEN}"}`)],
    ['a login page', faults.loginPage],
    ['truncated JSON', faults.truncatedJson],
    ['bytes that are no HTTP', faults.garbage],
    ['a reset', faults.resetBeforeHeaders],
    ['corrupt gzip', faults.corruptGzip],
  ])('for %s is the error of the response, and reveals nothing about ScaleOps', async (_name, fault) => {
    await using upstream = await startFaultServer();
    upstream.respond('/getWorkloads', fault);
    await using gateway = startGateway(upstream.url, { SCALEOPS_MAX_ATTEMPTS: '1' });
    const response = await gateway.send(QUERY, undefined, TRACED);
    expect(response.data).toMatchObject({ workloadCosts: null, aggregatedCosts: { isStale: false } });
    const [error] = response.errors;
    const trace = decode(response);
    const found = errorsOf(trace.root!);
    expect(found.map(({ path }) => path)).toEqual(['/workloadCosts']);
    expect(found[0]!.error.message).toBe(error!.message);
    expect(found[0]!.error.message).toContain(ERROR_CODES[error!.extensions.code as 'UPSTREAM_ERROR'].message);
    expect(JSON.parse(found[0]!.error.json!)).toEqual(error);
    expectNothingOf(upstream.port, trace);
  });

  test('does not contain the token of the caller', async () => {
    await using upstream = await startFaultServer();
    upstream.respond('/getWorkloads', faults.status(401));
    await using gateway = startGateway(upstream.url, { SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' });
    const headers = { ...TRACED.headers, authorization: `Bearer ${CANARY}-of-a-caller` };
    const response = await gateway.send(QUERY, undefined, { headers });
    expect(upstream.requests[0]!.headers.authorization).toContain(CANARY);
    const trace = decode(response);
    expect(errorsOf(trace.root!).map(({ path }) => path)).toEqual(['/workloadCosts']);
    expect(response.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expectNothingOf(upstream.port, trace);
  });

  function expectNothingOf(port: number, trace: Trace): void {
    const texts = textsOf(Trace.toObject(trace));
    expect(texts).toContain('aggregatedCosts');
    const secrets = [CANARY, TOKEN, '127.0.0.1', String(port)];
    expect(texts.filter((text) => secrets.some((secret) => text.includes(secret)))).toEqual([]);
  }
});

// -------------------------------------------------------------------------------------------------- any other schema

describe('the trace of another schema', () => {
  const DEFECT = 'canary-of-a-defect';
  const NOW = Date.UTC(2026, 0, 31, 12, 0, 0, 123);
  const required = new GraphQLNonNull(GraphQLString);

  function startHandler(createFields: () => GraphQLFieldConfigMap<unknown, unknown>) {
    const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields: createFields() }) });
    const fetch = toFetch(createTestHandler({ schema, clock: { now: () => NOW, after: () => () => undefined } }));
    return (query: string) => sendQuery(fetch, query, undefined, TRACED);
  }
  const createItem = () => new GraphQLObjectType({ name: 'Item', fields: { name: { type: GraphQLString } } });
  const fail = (make: () => unknown): never => {
    throw make();
  };

  test('has nested lists of values and promises, without nulls', async () => {
    const item = { name: 'a' };
    const response = await startHandler(() => ({
      matrix: {
        type: new GraphQLList(new GraphQLList(createItem())),
        resolve: () => [[item, null], null, [], Promise.resolve([item, Promise.resolve(item)])],
      },
    }))('{ matrix { name } }');
    expect(response.errors).toEqual([]);
    const leaf = { 'name: String of Item': {} };
    const trace = decode(response);
    expect(outline(trace.root!)).toEqual({
      'matrix: [[Item]] of Query': { 0: { 0: leaf }, 3: { 0: leaf, 1: leaf } },
    });
    expectValidTimes(trace);
  });

  test('has the object type of an interface field', async () => {
    const response = await startHandler(() => {
      const Named = new GraphQLInterfaceType({
        name: 'Named',
        fields: { name: { type: GraphQLString } },
        resolveType: () => 'Item',
      });
      const fields = { name: { type: GraphQLString } };
      const Item = new GraphQLObjectType({ name: 'Item', interfaces: [Named], fields });
      return { any: { type: Named, resolve: () => ({ name: 'a' }) }, item: { type: Item } };
    })('{ any { name } }');
    expect(outline(decode(response).root!)).toEqual({ 'any: Named of Query': { 'name: String of Item': {} } });
  });

  test('begins and ends by the clock of the gateway', async () => {
    const trace = decode(await startHandler(() => ({ a: { type: GraphQLString } }))('{ a }'));
    expect([trace.startTime, trace.endTime].map(toMs)).toEqual([NOW, NOW]);
    expect(trace.durationNs).toBeGreaterThan(0);
  });

  test('masks defects like the response', async () => {
    const response = await startHandler(() => ({
      items: {
        type: new GraphQLList(
          new GraphQLObjectType<number>({
            name: 'Item',
            fields: {
              thrown: {
                type: GraphQLString,
                resolve: (index) => (index === 1 ? fail(() => new TypeError(DEFECT)) : 'a'),
              },
              text: { type: GraphQLString, resolve: (index) => (index === 1 ? fail(() => DEFECT) : 'a') },
              rejected: { type: GraphQLString, resolve: () => Promise.reject(new Error(DEFECT)) },
              notANumber: { type: GraphQLFloat, resolve: () => DEFECT },
            },
          }),
        ),
        resolve: () => [0, 1],
      },
      known: {
        type: GraphQLString,
        resolve: () => fail(() => new UpstreamError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 1500, reason: DEFECT })),
      },
    }))('{ items { thrown text rejected notANumber } known }');
    const trace = decode(response);
    const found = errorsOf(trace.root!);
    expect(found.map(({ path }) => path).sort()).toEqual([
      '/items/0/notANumber',
      '/items/0/rejected',
      '/items/1/notANumber',
      '/items/1/rejected',
      '/items/1/text',
      '/items/1/thrown',
      '/known',
    ]);
    for (const { path, error } of found) {
      const reported = response.errors.find((each) => `/${each.path!.join('/')}` === path)!;
      expect(error.message).toBe(reported.message);
      expect(error.location).toMatchObject([{ line: 1 }]);
      expect(JSON.parse(error.json!)).toEqual(reported);
    }
    expect(textsOf(Trace.toObject(trace)).filter((text) => text.includes(DEFECT))).toEqual([]);
    expectValidTimes(trace);
  });

  test('has the error of a required field of a list item at that field, however many parents are null', async () => {
    const response = await startHandler(() => {
      const Item = new GraphQLObjectType<number>({
        name: 'Item',
        fields: { name: { type: required, resolve: (index) => (index === 1 ? null : 'a') } },
      });
      const Items = new GraphQLObjectType({
        name: 'Items',
        fields: {
          list: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(Item))), resolve: () => [0, 1, 2] },
        },
      });
      return { items: { type: Items, resolve: () => ({}) } };
    })('{ items { list { name } } }');
    expect(response.data).toEqual({ items: null });
    expect(errorsOf(decode(response).root!).map(({ path }) => path)).toEqual(['/items/list/1/name']);
  });

  test('ends an unfinished field with the operation when a sibling has failed', async () => {
    const never = createDeferred<string>();
    const response = await startHandler(() => {
      const fields = {
        slow: { type: GraphQLString, resolve: () => never.promise },
        failing: { type: required, resolve: () => Promise.reject(new Error(DEFECT)) },
      };
      return { both: { type: new GraphQLObjectType({ name: 'Both', fields }), resolve: () => ({}) } };
    })('{ both { slow failing } }');
    expect(response.data).toEqual({ both: null });
    const trace = decode(response);
    expect(errorsOf(trace.root!).map(({ path }) => path)).toEqual(['/both/failing']);
    expectValidTimes(trace);
    // A late value has no effect.
    never.resolve('late');
    await never.promise;
  });
});
