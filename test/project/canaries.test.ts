// A canary in every secret and in every text of ScaleOps: through valid and invalid requests, with the log at "trace",
// no response, log line, metric or span contains one. Only the client itself may get its own text back.

import { expect, test } from 'vitest';

import { LOGIN } from '../kit/identity/credentials.js';
import * as faults from '../kit/upstream/fault-server.js';
import { CANARY, startFaultServer, type Fault, type FaultServer } from '../kit/upstream/fault-server.js';
import { AGGREGATED, DOWN, GOOD, WORKLOADS } from '../kit/upstream/fault-fixture.js';
import { startGateway, type TestGateway } from '../kit/gateway.js';
import { CLIENT_ID, CLIENT_SECRET, startIdentity, TENANT } from '../kit/identity/azure.js';
import { startOtlpReceiver, type OtlpReceiver } from '../kit/formats/otlp.js';
import { parseMetrics } from '../kit/formats/prometheus.js';
import { isRedisSkipped, startRedis } from '../kit/processes/redis.js';
import { findFreePort } from '../kit/upstream/tcp-proxy.js';

/** Part of the client's query. */
const ASKED = 'AskedInConfidence';
/** The operation name of the client: allowed in the log, but in no metric or span. */
const NAME = 'NamedByClient';
const TOKEN = `${CANARY}-token`;

/** Headers of the client, requested or not. */
const CLIENT_HEADERS = {
  authorization: `Bearer ${TOKEN}`,
  'x-api-key': `${CANARY}-api-key`,
  cookie: `session=${CANARY}-cookie`,
  'user-agent': `${CANARY}-agent`,
  'x-request-id': `${CANARY} is no id`,
  traceparent: `00-${CANARY}-01`,
  tracestate: `vendor=${CANARY}`,
  baggage: `user=${CANARY}`,
  'x-forwarded-for': `${CANARY}.test`,
};

const ROWS = (name: string): string =>
  `query ${NAME} { ${ASKED}: workloadCosts(filter: { namespaces: { names: ["${ASKED}-${name}"] } }) { rows { nodes { workloadName } } } }`;

/** Requests that always fail, whatever ScaleOps does. */
const BAD: readonly RequestInit[] = [
  { body: JSON.stringify({ query: `{ ${ASKED}` }) },
  { body: JSON.stringify({ query: `{ ${ASKED} }` }) },
  { body: JSON.stringify({ query: `{ workloadCosts(filter: { last: "${ASKED}" }) { asOf } }` }) },
  {
    body: JSON.stringify({
      query: 'query ($last: CostDuration!) { workloadCosts(filter: { last: $last }) { asOf } }',
      variables: { last: ASKED, other: CANARY },
    }),
  },
  { body: JSON.stringify({ query: '{ __typename }', operationName: ASKED }) },
  { body: JSON.stringify({ query: ASKED.repeat(30_000) }) },
  { body: `{"query": "${ASKED}` },
  { body: `query=${ASKED}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  { body: ASKED, headers: { 'content-type': `text/${CANARY}` } },
  { body: JSON.stringify({ query: '{ __typename }' }), headers: { accept: `image/${CANARY}` } },
  { body: JSON.stringify([{ query: `{ ${ASKED} }` }]) },
  { method: 'PUT', body: ASKED },
];

/** Responses of ScaleOps, with canaries wherever they are no report. */
const FAULTS: readonly Fault[] = [
  GOOD,
  DOWN,
  ...[400, 401, 403, 404, 429, 500].map((code) => faults.status(code)),
  faults.redirect(`https://${CANARY}.test/login`),
  faults.loginPage,
  faults.truncatedJson,
  faults.text(`{"error":"${CANARY}"}`),
  faults.garbage,
  faults.hugeHeaders,
  faults.corruptGzip,
  faults.unknownCoding,
  faults.resetBeforeHeaders,
  faults.resetInBody,
];

interface Said {
  readonly responses: string[];
  readonly log: TestGateway['log'];
  readonly metrics: string;
  readonly spans: string;
}

/** Sends all requests over a real socket, then closes the gateway. */
async function sendAllRequests(stack: TestGateway, upstream: FaultServer, receiver: OtlpReceiver): Promise<Said> {
  const url = await stack.gateway.listen();
  const responses: string[] = [];
  const send = async (path: string, init: RequestInit): Promise<void> => {
    const headers = { 'content-type': 'application/json', ...CLIENT_HEADERS, ...(init.headers as object) };
    const response = await fetch(url + path, { method: 'POST', ...init, headers });
    responses.push(JSON.stringify([...response.headers]) + (await response.text()));
  };
  for (const init of BAD) await send('/graphql', init);
  await send(`/graphql?query=${ASKED}&variables=${CANARY}`, { method: 'GET' });
  await send(`/${CANARY}?${CANARY}`, { method: 'GET' });
  await send(`/metrics?${CANARY}`, { method: 'GET' });
  await send(`/health/ready?${CANARY}`, { method: 'GET' });
  for (const [index, fault] of FAULTS.entries()) {
    for (const path of [WORKLOADS, AGGREGATED]) upstream.respond(path, fault);
    const query = ROWS(String(index)).replace(
      / \}$/,
      ` aggregatedCosts(filter: { clusters: ["${ASKED}-${index}"] }) { asOf } }`,
    );
    await send('/graphql', { body: JSON.stringify({ query }) });
  }
  const metrics = await (await fetch(`${url}/metrics`)).text();
  await stack.gateway.close();
  return {
    responses,
    log: stack.log,
    metrics,
    spans: receiver.exports.map(({ body }) => body.toString('latin1')).join(),
  };
}

function expectNoCanary({ responses, log, metrics, spans }: Said, ports: readonly number[]): void {
  const [lines, ...others] = [JSON.stringify(log), metrics, spans];
  for (const text of [lines, ...others, ...responses]) {
    expect(text).not.toMatch(/canary/i);
    expect(text).not.toContain('127.0.0.1');
    for (const port of ports) expect(text).not.toContain(`:${port}`);
  }
  for (const text of [lines, ...others]) expect(text).not.toContain(ASKED);
  expect(lines).toContain(NAME);
  for (const text of others) expect(text).not.toContain(NAME);
}

const SETTINGS = {
  LOG_LEVEL: 'trace',
  SCALEOPS_MAX_ATTEMPTS: '1',
  SCALEOPS_BREAKER_FAILURES: '1000',
  SCALEOPS_BREAKER_PERCENT: '100',
  SCALEOPS_BREAKER_MIN_CALLS: '10000',
  OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${CANARY}-otlp,x-key=${CANARY}`,
};

// Mutations: a header, the query or the variables in the log line of the operation; the text of an error in it; the
// operation name as a metric label; an attribute with the URL; `recordException` on a span; the receiver's response logged.
test.each([
  ['token', { SCALEOPS_TOKEN: TOKEN }],
  ['login', { ...LOGIN, SCALEOPS_TOKEN: '' }],
  ['azure', { SCALEOPS_AUTH: 'azure', SCALEOPS_TOKEN: '' }],
  ['forward', { SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' }],
])('no output contains a secret with SCALEOPS_AUTH=%s', async (kind, auth) => {
  await using upstream = await startFaultServer();
  await using receiver = await startOtlpReceiver();
  await using identity = await startIdentity({ issue: () => `${CANARY}-azure-token` });
  const redisPort = await findFreePort();
  upstream.respond('/auth/callback', faults.redirect(`/?token=${CANARY}-login-token`));
  const azure = {
    SCALEOPS_AZURE_TENANT_ID: TENANT,
    SCALEOPS_AZURE_CLIENT_ID: CLIENT_ID,
    SCALEOPS_AZURE_CLIENT_SECRET: CLIENT_SECRET,
    SCALEOPS_AZURE_AUTHORITY: identity.url,
  };
  await using stack = startGateway(upstream.url, {
    ...SETTINGS,
    ...auth,
    ...(kind === 'azure' && azure),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    CACHE_REDIS_URL: `redis://${CANARY}:${CANARY}-redis@127.0.0.1:${redisPort}`,
  });
  const output = await sendAllRequests(stack, upstream, receiver);
  expectNoCanary(output, [
    upstream.port,
    redisPort,
    Number(new URL(receiver.url).port),
    Number(new URL(identity.url).port),
  ]);

  // Each secret reached its destination, and each output has content.
  const sent = upstream.requests.filter(({ path }) => path.includes('getWorkloads'));
  expect(sent.length).toBeGreaterThanOrEqual(kind === 'login' || kind === 'azure' ? 5 : FAULTS.length);
  expect(sent.every(({ headers }) => headers.authorization?.includes(CANARY))).toBe(true);
  expect(receiver.exports[0]!.headers.authorization).toBe(`Bearer ${CANARY}-otlp`);
  expect(receiver.spans.length).toBeGreaterThan(60);
  expect(parseMetrics(output.metrics).sum('gateway_errors_total')).toBeGreaterThan(25);
  expect(output.log.filter(({ msg }) => msg === 'operation').length).toBeGreaterThan(25);
});

test.skipIf(isRedisSkipped)('no output contains the password of Redis, whether Redis accepts it or not', async () => {
  await using redis = await startRedis({ password: `${CANARY}-right` });
  for (const password of ['right', 'wrong']) {
    await using upstream = await startFaultServer();
    await using receiver = await startOtlpReceiver();
    await using stack = startGateway(upstream.url, {
      ...SETTINGS,
      SCALEOPS_TOKEN: TOKEN,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      CACHE_REDIS_URL: `redis://:${CANARY}-${password}@127.0.0.1:${redis.port}`,
    });
    const isReported = () => stack.log.some(({ msg }) => /^the shared cache (?:is connected|cannot)/.test(String(msg)));
    while (!isReported()) await new Promise((resolve) => setImmediate(resolve));
    expectNoCanary(await sendAllRequests(stack, upstream, receiver), [upstream.port, redis.port]);
  }
});

test('no output quotes the response of a trace receiver that echoes its request', async () => {
  await using upstream = await startFaultServer();
  await using receiver = await startOtlpReceiver();
  receiver.respond(400, { 'x-echo': CANARY });
  const env = { ...SETTINGS, SCALEOPS_TOKEN: TOKEN, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  await using stack = startGateway(upstream.url, env);
  const output = await sendAllRequests(stack, upstream, receiver);
  expectNoCanary(output, [upstream.port, Number(new URL(receiver.url).port)]);
  expect(output.log.at(-1)).toMatchObject({ msg: 'traces cannot be exported; they are dropped', reason: 'HTTP 400' });
});
