// The gateway responds to any input in a documented form, and continues: random operations of its schema, valid and
// mutated, representations of any JSON, and malformed HTTP. 1,000 cases, 10,000 nightly; FUZZ_RUNS sets another number,
// and FUZZ_SEED repeats a failed run, which prints its seed.

import fc from 'fast-check';
import { Agent, request as sendHttp } from 'node:http';
import { buffer as readBody } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/clock.js';
import { createSchema } from '../../src/graphql/schema.js';
import { anyCase } from '../kit/fuzz/choices.js';
import { makeBytes } from '../kit/fuzz/bytes.js';
import { makeEntitiesRequest, makeRequest, type FuzzRequest } from '../kit/fuzz/requests.js';
import { startStack, type TestStack } from '../kit/gateway.js';
import { exchange, parseResponses, toText } from '../kit/clients/raw-responses.js';
import { isNightly } from '../kit/fuzz/runs.js';
import { watch, type SentResponse, type Watch } from '../kit/fuzz/survival.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? (isNightly ? 10_000 : 1_000));
const SEED = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) };
/** Limits a case that hangs; the cost of a case is measured in CPU time. */
const MAX_CASE_MS = 15_000;
const SHRINK_MS = 15_000;
const TIMEOUT_MS = 60_000 + 30 * RUNS;
/** Codes that the mutated operations must have caused. */
const MET = [
  ...['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT', 'UNSUPPORTED_MEDIA_TYPE'],
  ...['MAX_TOKENS_LIMIT', 'MAX_DEPTH_LIMIT', 'MAX_ROOT_FIELDS_LIMIT', 'MAX_ALIASES_LIMIT', 'QUERY_TOO_COMPLEX'],
];
/** Parsed documents may take 100 MB; everything else a tenth of it. */
const MAX_HEAP_GROWTH = 160 * 1_048_576;

let stack: TestStack;
let port = 0;
let watched: Watch;
const schema = createSchema();

beforeAll(async () => {
  stack = await startStack({ env: { CACHE_MAX_MB: '8' }, simulator: { now: systemClock.now } });
  port = Number(new URL(await stack.gateway.listen()).port);
  watched = watch(stack);
});
afterEach(async () => {
  const { data, errors } = await stack.send(
    '{ workloadCosts(filter: { multiCluster: true }) { totals { rowCount } } }',
  );
  expect(errors).toEqual([]);
  expect(data).toEqual({ workloadCosts: { totals: { rowCount: 50 } } });
});
afterAll(async () => {
  watched[Symbol.dispose]();
  await stack[Symbol.asyncDispose]();
});

async function fuzz<T>(
  cases: fc.Arbitrary<T>,
  share: number,
  send: (one: T) => Promise<readonly SentResponse[]>,
): Promise<void> {
  let shrinkUntil = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(cases, async (one) => {
    // A failure is shrunk for a limited time, after which the remaining cases count as passed.
    if (performance.now() > shrinkUntil) return;
    try {
      await watched.during(() => send(one));
    } catch (error) {
      shrinkUntil = Math.min(shrinkUntil, performance.now() + SHRINK_MS);
      throw error;
    }
  });
  await fc.assert(property, {
    ...SEED,
    numRuns: Math.ceil(RUNS * share),
    timeout: MAX_CASE_MS,
    interruptAfterTimeLimit: TIMEOUT_MS / 3,
    markInterruptAsFailure: true,
  });
}

async function sendDirectly({ method, target, headers, body }: FuzzRequest): Promise<SentResponse> {
  const response = await stack.gateway.fetch(
    new Request(`http://gateway${target}`, { method, headers, ...(body !== undefined && { body }) }),
  );
  return {
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    type: response.headers.get('content-type'),
    text: toText(Buffer.from(await response.arrayBuffer()), response.headers.get('content-encoding')),
    isWhole: true,
  };
}

/** Over one connection, as long as it is open. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
afterAll(() => {
  agent.destroy();
});

async function sendOverSocket({ method, target, headers, body }: FuzzRequest): Promise<SentResponse> {
  return new Promise((resolve, reject) => {
    const request = sendHttp({ port, host: '127.0.0.1', method, path: target, headers, agent }, (response) => {
      const { 'x-request-id': requestId, 'content-type': type, 'content-encoding': coding } = response.headers;
      readBody(response).then((body) => {
        const text = toText(body, coding);
        resolve({ status: response.statusCode!, requestId: String(requestId), type, text, isWhole: true });
      }, reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Collects twice: the first collection leaves objects with finalizers. */
function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

describe('the gateway survives', { timeout: TIMEOUT_MS }, () => {
  let heapBefore = 0;

  test('operations of its schema, valid and mutated', async () => {
    const anyRequest = anyCase((choices) => makeRequest(choices, schema));
    await fuzz(anyRequest, 0.05, async (request) => [await sendDirectly(request)]);
    heapBefore = usedHeap();
    await fuzz(anyRequest, 0.5, async (request) => [await sendDirectly(request)]);
    if (RUNS < 5_000) return;
    // Otherwise the test proves nothing: many operations must return data, and each error code must occur.
    expect(watched.counts.get('data')).toBeGreaterThan(RUNS / 10);
    expect([...watched.counts.keys()]).toEqual(expect.arrayContaining(MET));
  });

  test('valid operations, and most of them return data', async () => {
    let answered = 0;
    let sent = 0;
    const plain = anyCase((choices) => makeRequest(choices, schema)).filter(({ isPlain }) => isPlain);
    await fuzz(plain, 0.05, async (request) => {
      const response = await sendDirectly(request);
      sent += 1;
      if (response.text.startsWith('{"data":{')) answered += 1;
      return [response];
    });
    // The others have an invalid value, conflicting fields, or exceed a limit.
    expect(answered / sent).toBeGreaterThan(0.7);
  });

  test('representations of any JSON', async () => {
    await fuzz(anyCase(makeEntitiesRequest), 0.1, async (request) => [await sendDirectly(request)]);
  });

  test('operations over one connection', async () => {
    const anyRequest = anyCase((choices) => makeRequest(choices, schema))
      // Node responds to longer ones before it has read them, and closes the connection.
      .filter(({ target, body = '' }) => target.length < 15_000 && body.length < 100_000);
    await fuzz(anyRequest, 0.1, async (request) => [await sendOverSocket(request)]);
  });

  test('malformed HTTP', async () => {
    const anyBytes = anyCase((choices) => makeBytes(choices, () => makeRequest(choices, schema)));
    await fuzz(anyBytes, 0.2, async (bytes) =>
      parseResponses(await exchange(port, bytes)).map(({ status, headers, text }) => ({
        status,
        requestId: headers.get('x-request-id'),
        // A response to HEAD has no body.
        type: text === '' ? undefined : headers.get('content-type'),
        text,
        isWhole: false,
      })),
    );
  });

  test('all cases without a memory leak', () => {
    expect(usedHeap() - heapBefore).toBeLessThan(MAX_HEAP_GROWTH);
    if (process.env.FUZZ_RUNS !== undefined) console.log(Object.fromEntries([...watched.counts].sort()));
  });
});
