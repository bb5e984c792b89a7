// A defect of the gateway, a TypeError at one step of a request: the client gets 500 with the request id, the log gets the
// stack frames and no message, the metrics count it, and the next request is not affected.

import { once } from 'node:events';
import { request as sendRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { GraphQLRequest } from '../../src/http/graphql-request.js';
import { cacheHitsOf, send, startServer } from '../kit/clients/http-client.js';

/** The step that fails next, once. */
const armed = vi.hoisted(() => {
  const state = { step: '' };
  const check = (step: string): void => {
    if (state.step !== step) return;
    state.step = '';
    throw new TypeError('canary: a message that may quote data');
  };
  type Work = (...args: any[]) => unknown;
  /** The function, which fails when its step is the next to fail. */
  const fail =
    (step: string, work: Work): Work =>
    (...args) => {
      check(step);
      return work(...args);
    };
  /** A factory of such functions, or of objects of them. */
  const failMade =
    (step: string, create: Work): Work =>
    (...args) => {
      const made: unknown = create(...args);
      if (typeof made === 'function') return fail(step, made as Work);
      const methods = Object.entries(made as Record<string, Work>).map(([name, method]): [string, Work] => [
        name,
        fail(`${step}.${name}`, method),
      ]);
      return Object.fromEntries<Work>(methods);
    };
  /** A module whose exports of these names fail. */
  const failing = async (load: () => Promise<object>, change: (actual: any) => object): Promise<object> => {
    const actual = await load();
    return { ...actual, ...change(actual) };
  };
  return { state, check, fail, failMade, failing };
});

vi.mock('../../src/http/response/format.js', (load) =>
  armed.failing(load, (own) => ({ negotiate: armed.fail('negotiate', own.negotiate) })),
);
vi.mock('../../src/http/steps/check-origin.js', (load) =>
  armed.failing(load, (own) => ({ checkOrigin: armed.fail('check the origin', own.checkOrigin) })),
);
vi.mock('../../src/http/steps/authenticate.js', (load) =>
  armed.failing(load, (own) => ({ createAuthenticate: armed.failMade('authenticate', own.createAuthenticate) })),
);
vi.mock('../../src/http/steps/limit-rate.js', (load) =>
  armed.failing(load, (own) => ({ createLimitRate: armed.failMade('limit the rate', own.createLimitRate) })),
);
vi.mock('../../src/http/steps/read-parameters.js', (load) =>
  armed.failing(load, (own) => ({ readParameters: armed.fail('read the parameters', own.readParameters) })),
);
vi.mock('../../src/http/steps/resolve-operation.js', (load) =>
  armed.failing(load, (own) => ({
    createResolveOperation: armed.failMade('resolve the operation', own.createResolveOperation),
  })),
);
vi.mock('../../src/http/validation/document-parser.js', (load) =>
  armed.failing(load, (own) => ({ createDocumentParser: armed.failMade('document', own.createDocumentParser) })),
);
vi.mock('../../src/execution/plan.js', (load) =>
  armed.failing(load, (own) => ({ createPlan: armed.fail('prepare the operation', own.createPlan) })),
);
vi.mock('../../src/http/operations/cached-responses.js', (load) =>
  armed.failing(load, (own) => ({
    toResponseKey: armed.fail('compute the key', own.toResponseKey),
    createCachedResponses: armed.failMade('cached responses', own.createCachedResponses),
  })),
);
vi.mock('../../src/query-limits/cost.js', (load) =>
  armed.failing(load, (own) => ({ createCostEstimate: armed.failMade('limit the cost', own.createCostEstimate) })),
);
vi.mock('../../src/execution/run-plan.js', (load) =>
  armed.failing(load, (own) => ({ runPlan: armed.fail('execute', own.runPlan) })),
);
vi.mock('../../src/http/response/serialize.js', (load) =>
  armed.failing(load, (own) => ({
    *serializeResult(result: unknown): Generator<Buffer> {
      armed.check('serialize');
      let sent = 0;
      for (const piece of (own.serializeResult as (of: unknown) => Generator<Buffer>)(result)) {
        // Values that are computed before the headers are sent do not count.
        if (sent > 1_200_000) armed.check('serialize the rest');
        sent += piece.length;
        yield piece;
      }
    },
  })),
);
vi.mock('../../src/http/response/compress.js', (load) =>
  armed.failing(load, (own) => ({
    compressBody: armed.fail('compress', own.compressBody),
    compressForCache: armed.fail('compress for the cache', own.compressForCache),
  })),
);
vi.mock('../../src/http/response/cache-headers.js', (load) =>
  armed.failing(load, (own) => ({
    computeAge: armed.fail('compute the age', own.computeAge),
    toCacheHeaders: armed.fail('write the headers', own.toCacheHeaders),
  })),
);
vi.mock('../../src/http/response/error-format.js', (load) =>
  armed.failing(load, (own) => ({ formatErrors: armed.fail('format the errors', own.formatErrors) })),
);
vi.mock('../../src/http/operation-log.js', (load) =>
  armed.failing(load, (own) => ({
    createOperationLog: armed.failMade('log', own.createOperationLog),
    toOutcome: armed.fail('count', own.toOutcome),
  })),
);

const QUERY =
  '{ workloadCosts(filter: { multiCluster: true }) { rows { nodes { id totalCost labels { key value } } } } }';
const STEPS = [
  ...[
    'check the origin',
    'limit the rate.beforeAuthentication',
    'authenticate',
    'limit the rate.afterAuthentication',
    'read the parameters',
    'resolve the operation',
  ],
  ...['document.parse', 'document.validate', 'prepare the operation', 'compute the key', 'cached responses.get'],
  ...['limit the cost', 'execute', 'format the errors', 'compute the age', 'serialize', 'compress'],
  ...['cached responses.tryStart', 'write the headers'],
];
/** These steps run before or after the response is known, so the log line or the count fails. */
const OUTER_STEPS = ['negotiate', 'limit the rate.afterExecution', 'log', 'count'];

const envOf = { env: { GATEWAY_RATE_LIMIT: '1000' } };
const sendQuery = (url: string, query = QUERY) =>
  send(url, {
    body: { query },
    headers: { 'accept-encoding': 'gzip', accept: 'application/json', 'x-request-id': 'the-request' },
  });
const metricsOf = async (url: string): Promise<string> => (await send(url, { method: 'GET', path: '/metrics' })).text;

beforeEach(() => {
  armed.state.step = '';
});

describe.each([...STEPS, ...OUTER_STEPS])('a defect in the step "%s"', (step) => {
  test('gets a response, is logged and counted, and does not affect the next request', async () => {
    const { stack, url } = await startServer(envOf);
    const ended = vi.spyOn(GraphQLRequest.prototype, 'end');
    armed.state.step = step;
    const { status, headers, text } = await sendQuery(url);
    expect(armed.state.step).toBe('');
    expect([status, headers['x-request-id']]).toEqual([500, 'the-request']);
    expect(JSON.parse(text)).toEqual({
      errors: [
        {
          message: expect.any(String),
          extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: expect.any(Boolean), requestId: 'the-request' },
        },
      ],
    });
    expectOneDefect(stack.log);
    const metrics = await metricsOf(url);
    if (STEPS.includes(step) || step === 'log') expect(metrics).toMatch(COUNTED);
    if (step !== 'count') expect(metrics).toMatch(/gateway_operations_in_flight 0\n/);
    if (step !== 'negotiate') expect(ended).toHaveBeenCalled();
    ended.mockRestore();

    for (let time = 0; time < 3; time += 1) expect((await sendQuery(url)).status).toBe(200);
    expect(cacheHitsOf(stack).at(-1)).toBe(true);
  });
});

/** Counted by its code; and as an operation with outcome "error" when the operation was known. */
const COUNTED = /code="INTERNAL_SERVER_ERROR"[^}]*\} 1\n/;

/** Exactly one line has the stack frames of the defect, and no line has its message. */
function expectOneDefect(log: readonly Readonly<Record<string, unknown>>[]): void {
  const defects = log.filter(({ msg }) => msg === 'unexpected error');
  expect(defects).toMatchObject([{ requestId: 'the-request', error: { name: 'TypeError' } }]);
  const { frames } = (defects[0] as unknown as { error: { frames: string[] } }).error;
  expect(frames[0]).toMatch(/^\s+at .*defects\.test\.ts/);
  expect(JSON.stringify(log)).not.toContain('canary');
}

test('a defect while a response is compressed for the cache causes 500, and the next response is cached', async () => {
  const { stack, url } = await startServer(envOf);
  expect((await sendQuery(url)).status).toBe(200);
  armed.state.step = 'compress for the cache';
  expect((await sendQuery(url)).status).toBe(500);
  expectOneDefect(stack.log);
  for (let time = 0; time < 3; time += 1) expect((await sendQuery(url)).status).toBe(200);
  expect(cacheHitsOf(stack).at(-1)).toBe(true);
});

test('a defect while a cached response is sent is not counted as a successful operation', async () => {
  const { stack, url } = await startServer(envOf);
  for (let time = 0; time < 3; time += 1) await sendQuery(url);
  expect(cacheHitsOf(stack).at(-1)).toBe(true);
  armed.state.step = 'write the headers';
  expect((await sendQuery(url)).status).toBe(500);
  expectOneDefect(stack.log);
  expect(await metricsOf(url)).toMatch(/gateway_operations_total\{[^}]*outcome="error"\} 1\n/);
});

test('a defect while a refusal is written causes 500', async () => {
  const { stack, url } = await startServer(envOf);
  armed.state.step = 'format the errors';
  expect((await sendQuery(url, '{ nope }')).status).toBe(500);
  expectOneDefect(stack.log);
  expect(await metricsOf(url)).toMatch(COUNTED);
});

test.each(['identity', 'gzip', 'br'])(
  'a defect in the middle of a %s body closes the connection, and is logged',
  async (encoding) => {
    const { stack, url } = await startServer({ ...envOf, simulator: { workloads: 12_000 } });
    const ended = vi.spyOn(GraphQLRequest.prototype, 'end');
    const query = QUERY.replace('id ', 'id namespace workloadName annotations { key value } services ');
    armed.state.step = 'serialize the rest';
    const request = sendRequest(new URL('/graphql', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-encoding': encoding, 'x-request-id': 'the-request' },
    }).end(JSON.stringify({ query }));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    await expect(buffer(response)).rejects.toThrow();
    expect(armed.state.step).toBe('');
    expectOneDefect(stack.log);
    expect(ended).toHaveBeenCalled();
    ended.mockRestore();
    expect((await send(url, { body: { query } })).status).toBe(200);
  },
);
