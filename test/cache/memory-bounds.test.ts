// No input of a client fills memory: 20,000 distinct inputs of each kind do not grow the heap. Caches for such inputs have
// bounds, which these tests set low.

import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createGateway, type Gateway } from '../../src/app/gateway.js';
import { readConfig } from '../../src/config/config.js';
import { createSchema } from '../../src/graphql/schema.js';
import { KnownDocuments } from '../../src/http/operations/known-documents.js';
import { createDocumentParser } from '../../src/http/validation/document-parser.js';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { hashOf } from '../kit/clients/persisted-query.js';
import { TOKEN } from '../kit/gateway.js';
import { usedBytes } from '../kit/processes/heap.js';

const INPUTS = 20_000;
const MAX_GROWTH = 10 * 1_048_576;
const FILTER = 'filter: { multiCluster: true }';
const ROWS = `{ workloadCosts(${FILTER}) { rows(first: 1) { nodes { id } } } }`;

const FIELDS = [
  ...['TOTAL_COST', 'HOURLY_COST', 'SAVINGS_AVAILABLE', 'ON_DEMAND_HOURS', 'ON_DEMAND_PERCENT', 'SPOT_HOURS'],
  ...['SPOT_PERCENT', 'OWNER_CPU_REQUEST', 'OWNER_GPU_REQUEST', 'OWNER_MEMORY_REQUEST', 'REPLICAS'],
];

/** The permutation of the fields with this number. */
function orderOf(at: number): object[] {
  const rest = [...FIELDS];
  let left = at;
  return FIELDS.map(() => {
    const [field] = rest.splice(left % rest.length, 1);
    left = Math.floor(left / (rest.length + 1));
    return { field };
  });
}

interface Input {
  readonly body?: object;
  readonly search?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const persisted = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });
/** Long enough to be visible on the heap: 20,000 of them exceed the bound. */
const long = (at: number): string => `${at}-${'x'.repeat(1_000)}`;

const KINDS: Readonly<Record<string, (at: number) => Input>> = {
  'documents with a syntax error': (at) => ({ body: { query: `{ a${long(at)} ` } }),
  'invalid documents, in three ways': (at) => ({
    body: {
      query: [
        `{ nope${at} }`,
        `{ workloadCosts(filter: { last: "x${at}" }) { asOf } }`,
        `query ($v${at}: Int) { __typename }`,
      ][at % 3],
    },
  }),
  'variables that make an operation too costly': (at) => ({
    body: {
      query: `query ($first: Int) { workloadCosts(${FILTER}) { rows(first: $first) { nodes { id totalCost } } } }`,
      variables: { first: 10_000_000 + at },
    },
  }),
  'unknown operation names': (at) => ({ body: { query: ROWS, operationName: long(at) } }),
  'valid variables': (at) => ({
    body: {
      query: `query ($name: String!) { workloadCosts(${FILTER}) { rows(first: 1, where: { dimensions: [{ by: { label: "team" }, values: [$name] }] }) { totalCount } } }`,
      variables: { name: long(at) },
    },
  }),
  'invalid variables': (at) => ({
    body: {
      query: 'query ($first: Int) { workloadCosts { rows(first: $first) { totalCount } } }',
      variables: { first: long(at) },
    },
  }),
  'unknown hashes': (at) => ({ body: { extensions: persisted(hashOf(String(at))) } }),
  'ids of documents': (at) => ({ body: { documentId: long(at) } }),
  'Accept values': (at) => ({ body: { query: ROWS }, headers: { accept: `application/json, text/x${at}` } }),
  'Accept-Encoding values': (at) => ({ body: { query: ROWS }, headers: { 'accept-encoding': `gzip, x${at}` } }),
  origins: (at) => ({ body: { query: ROWS }, headers: { origin: `https://x${at}.example.com` } }),
  'request ids and traces': (at) => ({
    body: { query: ROWS },
    headers: { 'x-request-id': `id-${at}`, traceparent: `00-${hashOf(String(at)).slice(0, 32)}-00f067aa0ba902b7-01` },
  }),
  'entity tags': (at) => ({
    search: `?query=${encodeURIComponent(ROWS)}`,
    headers: { 'if-none-match': `"${long(at)}"` },
  }),
  'orders of rows': (at) => ({
    body: {
      query: `query ($by: [CostRowOrder!]) { workloadCosts(${FILTER}) { rows(first: 1, orderBy: $by) { totalCount } } }`,
      variables: { by: orderOf(at) },
    },
  }),
  cursors: (at) => ({
    body: {
      query: `query ($after: String) { workloadCosts(${FILTER}) { rows(first: 1, after: $after) { totalCount } } }`,
      variables: { after: Buffer.from(long(at)).toString('base64url') },
    },
  }),
  'keys of entities': (at) => ({
    body: {
      query: 'query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }',
      variables: { of: [{ __typename: 'KubernetesCluster', name: long(at) }] },
    },
  }),
  'searches of rows': (at) => ({
    body: {
      query: `query ($where: CostRowsWhere) { workloadCosts(${FILTER}) { rows(first: 1, where: $where) { totalCount } } }`,
      variables: { where: { search: long(at).slice(0, 250) } },
    },
  }),
};

function toRequest({ body, search = '', headers }: Input): Request {
  return new Request(`http://localhost/graphql${search}`, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body && { body: JSON.stringify(body) }),
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
  });
}

/** Sends the inputs from `start` on, and reads the responses. */
async function sendAll(gateway: Gateway, make: (at: number) => Input, start: number, count: number): Promise<void> {
  for (let at = start; at < start + count; at += 1) await (await gateway.fetch(toRequest(make(at)))).arrayBuffer();
}

/** The heap growth by `count` inputs, after earlier inputs have filled the bounded caches. */
async function growthOf(gateway: Gateway, make: (at: number) => Input, count = INPUTS): Promise<number> {
  await sendAll(gateway, make, 0, count / 10);
  const before = await usedBytes();
  await sendAll(gateway, make, count / 10, count);
  return (await usedBytes()) - before;
}

const TIMEOUT = 120_000;
let simulator: Simulator;
let upstream = '';
beforeAll(async () => {
  simulator = createSimulator({ workloads: 50, token: TOKEN, now: () => Date.UTC(2026, 0, 31) });
  upstream = await simulator.listen();
});
afterAll(() => simulator.close());

/** A gateway without a log, with small caches. */
function start(env: Readonly<Record<string, string>>): Gateway {
  const settings = { SCALEOPS_URL: upstream, SCALEOPS_TOKEN: TOKEN, PORT: '0', CACHE_MAX_MB: '2', ...env };
  return createGateway(readConfig(settings).config, { logger: pino({ level: 'silent' }) });
}

describe('the heap does not grow with 20,000 distinct', () => {
  let gateway: Gateway;
  beforeAll(() => {
    gateway = start({ GATEWAY_RATE_LIMIT: '10000000' });
  });
  afterAll(() => gateway.close());

  test.each(Object.keys(KINDS))(
    '%s',
    async (kind) => {
      expect(await growthOf(gateway, KINDS[kind]!)).toBeLessThan(MAX_GROWTH);
    },
    TIMEOUT,
  );
});

test(
  'the heap does not grow with 20,000 distinct API keys',
  async () => {
    const gateway = start({ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: 'one:key-of-sixteen-characters-or-more' });
    const make = (at: number): Input => ({ body: { query: ROWS }, headers: { 'x-api-key': long(at) } });
    expect(await growthOf(gateway, make)).toBeLessThan(MAX_GROWTH);
    await gateway.close();
  },
  TIMEOUT,
);

test(
  'the heap does not grow with 20,000 distinct forwarded tokens',
  async () => {
    const gateway = start({ SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '', GATEWAY_RATE_LIMIT: '100' });
    const make = (at: number): Input => ({
      body: { query: '{ __typename }' },
      headers: { authorization: `Bearer ${long(at)}` },
    });
    expect(await growthOf(gateway, make)).toBeLessThan(MAX_GROWTH);
    await gateway.close();
  },
  TIMEOUT,
);

test(
  'the heap does not grow with many distinct filters, each with its own report',
  async () => {
    const gateway = start({});
    const make = (at: number): Input => ({
      body: {
        query:
          'query ($of: [String!]) { workloadCosts(filter: { clusters: { names: $of } }) { rows { nodes { id } } } }',
        variables: { of: [`cluster-${at}`] },
      },
    });
    expect(await growthOf(gateway, make, 2_000)).toBeLessThan(MAX_GROWTH);
    await gateway.close();
  },
  TIMEOUT,
);

test(
  'known documents stay within their bound after 20,000 distinct valid documents',
  async () => {
    const schema = createSchema();
    const limits = {
      ...{ tokens: undefined, depth: undefined, aliases: undefined },
      ...{ rootFields: undefined, directives: undefined, fragments: undefined, repeatedFields: undefined },
    };
    const parser = createDocumentParser({ schema, limits, introspection: true });
    const documents = new KnownDocuments(schema, 1_048_576);
    const before = await usedBytes();
    for (let at = 0; at < INPUTS; at += 1) {
      const document = parser.parse(`{ a${at}: __typename }`);
      expect(parser.validate(document)).toEqual([]);
      documents.add(documents.prepare(`{ a${at}: __typename }`, document));
    }
    expect((await usedBytes()) - before).toBeLessThan(MAX_GROWTH);
    expect(documents.byteSize()).toBeLessThanOrEqual(1_048_576);
  },
  TIMEOUT,
);
