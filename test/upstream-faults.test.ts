// What a client sees when ScaleOps fails, over real sockets and through the whole gateway: one row a fault. Each row
// holds the code and what belongs to it, one attempt and no more, that the other report of the operation still comes,
// that the error is not remembered, and that nothing of the upstream comes out. Then deadlines, sockets, and leaving.

import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';

import { ERROR_CODES, type UpstreamErrorCode } from '../src/errors.js';
import { createManualClock, type ManualClock } from './kit/clock.js';
import * as faults from './kit/fault-server.js';
import { startFaultServer, type Fault, type FaultServer } from './kit/fault-server.js';
import { startGateway, TOKEN, type Answer, type TestGateway } from './kit/gateway.js';

const WORKLOADS = '/detailedCostReport/getWorkloads';
const AGGREGATED = '/detailedCostReport/getAggregatedWorkloads';
const TIMEOUT_MS = 30_000;
const QUERY = `{
  workloadCosts { rows { nodes { workloadName } } }
  aggregatedCosts { rows { totalCount } }
}`;
const GOOD_WORKLOADS = { rows: { nodes: [{ workloadName: 'api' }] } };
const GOOD_AGGREGATED = { rows: { totalCount: 1 } };
const PATH_HINT = 'Check SCALEOPS_WORKLOADS_PATH.';
const TOKEN_HINT = 'Check SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE.';

// Written out here, so that a change to the product's table is a change to this one.
const RETRYABLE: Readonly<Record<UpstreamErrorCode, boolean>> = {
  UPSTREAM_UNAVAILABLE: true,
  UPSTREAM_TIMEOUT: true,
  UPSTREAM_ERROR: true,
  UPSTREAM_RATE_LIMITED: true,
  UPSTREAM_BAD_RESPONSE: true,
  UPSTREAM_RESPONSE_TOO_LARGE: false,
  UPSTREAM_UNAUTHENTICATED: false,
  UPSTREAM_FORBIDDEN: false,
  UPSTREAM_NOT_FOUND: false,
  UPSTREAM_REJECTED: false,
  UNAUTHENTICATED: false,
  CIRCUIT_OPEN: true,
  OVERLOADED: true,
};

interface WatchedClock extends ManualClock {
  /** Resolves when so many timers have been set, or called off, since the start. */
  readonly set: (count: number) => Promise<void>;
  readonly calledOff: (count: number) => Promise<void>;
}

/** The manual clock, which also tells when a deadline begins and ends. */
function createWatchedClock(): WatchedClock {
  const clock = createManualClock();
  const timersSet = createCounter();
  const timersCalledOff = createCounter();
  return {
    ...clock,
    after(delayMs, task) {
      const callOff = clock.after(delayMs, task);
      timersSet.add();
      return () => {
        callOff();
        timersCalledOff.add();
      };
    },
    set: timersSet.reaches,
    calledOff: timersCalledOff.reaches,
  };
}

function createCounter() {
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let total = 0;
  return {
    add(): void {
      total += 1;
      for (const { count, resolve } of waiting) if (total >= count) resolve();
    },
    reaches: (count: number) =>
      new Promise<void>((resolve) => {
        if (total >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}

interface Stand extends AsyncDisposable {
  readonly upstream: FaultServer;
  readonly gateway: TestGateway;
  readonly clock: WatchedClock;
  readonly arrivedAt: (path: string) => number;
}

const secretPorts: string[] = [];

async function startStand(options: faults.FaultServerOptions = {}, env: Record<string, string> = {}): Promise<Stand> {
  const upstream = await startFaultServer(options);
  secretPorts.push(String(upstream.port));
  const clock = createWatchedClock();
  const gateway = startGateway(upstream.url, { SCALEOPS_MAX_RESPONSE_MB: '1', ...env }, clock);
  return {
    upstream,
    gateway,
    clock,
    arrivedAt: (path) => upstream.requests.filter((request) => request.path.split('?')[0]!.endsWith(path)).length,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

afterEach(() => {
  secretPorts.length = 0;
});

/** Nothing that the upstream said, nothing of where it is, and no token: neither in an answer nor in the log. */
function expectNothingLeaks(gateway: TestGateway, ...answers: readonly Answer[]): void {
  const headers = answers.flatMap((answer) => [...answer.headers].flat());
  const said = [...answers.map(({ text }) => text), ...headers, ...gateway.log.map((line) => JSON.stringify(line))];
  for (const text of said) {
    expect(text).not.toContain(faults.CANARY);
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain('127.0.0.1');
    for (const port of secretPorts) expect(text).not.toMatch(new RegExp(`(?<!\\d)${port}(?!\\d)`));
  }
}

interface Outcome {
  readonly code: UpstreamErrorCode;
  readonly hint?: string;
  readonly retryAfterMs?: number;
  readonly field?: string;
}

/** One error of one field, in our words alone. */
function expectFault(answer: Answer, { code, hint, retryAfterMs, field = 'workloadCosts' }: Outcome): void {
  const message = ERROR_CODES[code].message;
  expect(answer.status).toBe(200);
  expect(answer.errors).toEqual([
    {
      message: hint === undefined ? message : `${message} ${hint}`,
      path: [field],
      locations: [expect.any(Object)],
      extensions: {
        code,
        retryable: RETRYABLE[code],
        requestId: expect.any(String) as string,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      },
    },
  ]);
  expect((answer.data as Record<string, unknown>)[field]).toBeNull();
}

/** One operation line at "info" for each answer, and no line about a defect of ours. */
function expectCalmLog({ log }: TestGateway, code: UpstreamErrorCode): void {
  expect(log.filter(({ level }) => Number(level) > 30)).toEqual([]);
  expect(log.filter(({ msg, errors }) => msg === 'operation' && errors !== undefined)).toEqual([
    expect.objectContaining({ errors: [code] }),
  ]);
}

interface Row extends Outcome {
  readonly title: string;
  readonly fault: Fault;
  /** What is asked for never ends by itself: time has to pass. */
  readonly hangs?: boolean;
  /** The gateway closes the connection; where this is not set, either side may. */
  readonly closes?: boolean;
}

const row = (title: string, fault: Fault, code: UpstreamErrorCode, rest: Partial<Row> = {}): Row => ({
  title,
  fault,
  code,
  ...rest,
});

const CONNECTION_ROWS: readonly Row[] = [
  row('a reset before the headers', faults.resetBeforeHeaders, 'UPSTREAM_UNAVAILABLE'),
  row('a close before the headers', faults.closeBeforeHeaders, 'UPSTREAM_UNAVAILABLE'),
  row('a reset in the body', faults.resetInBody, 'UPSTREAM_UNAVAILABLE'),
  row('a close in a body of known length', faults.closeInBody, 'UPSTREAM_UNAVAILABLE'),
  row('a close in a chunked body', faults.closeInChunkedBody, 'UPSTREAM_UNAVAILABLE'),
  row('a close-delimited body cut short', faults.cutCloseDelimited, 'UPSTREAM_BAD_RESPONSE'),
  row('headers that never come', faults.neverAnswer, 'UPSTREAM_TIMEOUT', { hangs: true, closes: true }),
  row('headers that stop half-way', faults.stopInHeaders, 'UPSTREAM_TIMEOUT', { hangs: true, closes: true }),
  row('a body that stops half-way', faults.stopInBody, 'UPSTREAM_TIMEOUT', { hangs: true, closes: true }),
  row('a body longer than its length', faults.lengthTooShort, 'UPSTREAM_BAD_RESPONSE', { closes: true }),
  row('garbage instead of HTTP', faults.garbage, 'UPSTREAM_BAD_RESPONSE', { closes: true }),
  row('headers over the limit', faults.hugeHeaders, 'UPSTREAM_BAD_RESPONSE', { closes: true }),
  row('a chunk size that is none', faults.badChunkSize, 'UPSTREAM_BAD_RESPONSE', { closes: true }),
];

const notReports: readonly (readonly [string, unknown])[] = [
  ['a string', 'canary'],
  ['an array', ['canary']],
  ['a number', 7],
  ['null', null],
  ['a boolean', true],
  ['an empty object', {}],
  ['aggregatedWorkloads an object', { aggregatedWorkloads: { canary: 1 } }],
  ['aggregatedWorkloads a string', { aggregatedWorkloads: 'canary' }],
  ['rows that are numbers', { aggregatedWorkloads: [1, 2] }],
  ['rows that are null', { aggregatedWorkloads: [null] }],
  ['a list under another name', { canary: [] }],
];

const BODY_ROWS: readonly Row[] = [
  row('an empty body', faults.text(''), 'UPSTREAM_BAD_RESPONSE'),
  row('a blank body', faults.text(' \n'), 'UPSTREAM_BAD_RESPONSE'),
  row('HTML with 200', faults.html('<h1>canary of maintenance</h1>'), 'UPSTREAM_BAD_RESPONSE', { hint: PATH_HINT }),
  row(
    'HTML that speaks of the design in a catalog index',
    faults.html('design in a catalog index: canary'),
    'UPSTREAM_BAD_RESPONSE',
    { hint: PATH_HINT },
  ),
  row('a login page with 200', faults.loginPage, 'UPSTREAM_UNAUTHENTICATED', { hint: TOKEN_HINT }),
  row('a page titled "Log in" with 200', faults.html('<h1>Log in</h1>canary'), 'UPSTREAM_UNAUTHENTICATED', {
    hint: TOKEN_HINT,
  }),
  row('truncated JSON', faults.truncatedJson, 'UPSTREAM_BAD_RESPONSE'),
  ...notReports.map(([title, value]) => row(`JSON: ${title}`, faults.json(value), 'UPSTREAM_BAD_RESPONSE')),
  row('{"error"} with 200', faults.json({ error: 'canary' }), 'UPSTREAM_ERROR'),
  row(
    '{"error"} with 200 and a null list',
    faults.json({ error: 'canary', aggregatedWorkloads: null }),
    'UPSTREAM_ERROR',
  ),
  row('corrupt gzip', faults.corruptGzip, 'UPSTREAM_BAD_RESPONSE'),
  row('gzip with a wrong checksum', faults.wrongGzipChecksum, 'UPSTREAM_BAD_RESPONSE'),
  row('truncated gzip', faults.truncatedGzip, 'UPSTREAM_BAD_RESPONSE'),
  row('plain text called gzip', faults.notGzip, 'UPSTREAM_BAD_RESPONSE'),
  row('corrupt brotli', faults.corruptBrotli, 'UPSTREAM_BAD_RESPONSE'),
  row('a corrupt block of brotli', faults.corruptBrotliBlock, 'UPSTREAM_BAD_RESPONSE'),
  row('truncated brotli', faults.truncatedBrotli, 'UPSTREAM_BAD_RESPONSE'),
  row('a reset in a gzip body', faults.resetInGzip, 'UPSTREAM_UNAVAILABLE'),
  row('a gzip body that stops half-way', faults.stopInGzip, 'UPSTREAM_TIMEOUT', { hangs: true, closes: true }),
  row('an unknown content coding', faults.unknownCoding, 'UPSTREAM_BAD_RESPONSE'),
  ...faults.prototypeCodings.map((fault, at) => row(`prototype coding ${at}`, fault, 'UPSTREAM_BAD_RESPONSE')),
  row('a body over the limit', faults.tooLong(), 'UPSTREAM_RESPONSE_TOO_LARGE', { closes: true }),
  row('one byte over the limit', faults.text(faults.reportOfLength(1_048_577)), 'UPSTREAM_RESPONSE_TOO_LARGE'),
  row('a gzip bomb', faults.gzipBomb(), 'UPSTREAM_RESPONSE_TOO_LARGE', { closes: true }),
  row('a brotli bomb', faults.brotliBomb(), 'UPSTREAM_RESPONSE_TOO_LARGE', { closes: true }),
];

// What a debugging proxy may do: say back what it was sent.
const ECHO = `Authorization: Bearer ${TOKEN}`;
const ECHO_ROWS: readonly Row[] = [
  row('in a refusal', faults.answer(401, ECHO, { 'x-echo': ECHO }), 'UPSTREAM_UNAUTHENTICATED', { hint: TOKEN_HINT }),
  row('in a body', faults.text(ECHO), 'UPSTREAM_BAD_RESPONSE'),
  row('in {"error"}', faults.json({ error: ECHO }), 'UPSTREAM_ERROR'),
  row('in a redirect', faults.redirect(`/${TOKEN}`), 'UPSTREAM_BAD_RESPONSE'),
];

const statusRow = (code: number, outcome: UpstreamErrorCode, rest: Partial<Row> = {}): Row =>
  row(`status ${code}`, faults.status(code), outcome, rest);

const STATUS_ROWS: readonly Row[] = [
  row('status 204', faults.bareStatus(204), 'UPSTREAM_BAD_RESPONSE'),
  statusRow(206, 'UPSTREAM_BAD_RESPONSE'),
  row('status 304', faults.bareStatus(304), 'UPSTREAM_BAD_RESPONSE'),
  statusRow(400, 'UPSTREAM_REJECTED'),
  statusRow(401, 'UPSTREAM_UNAUTHENTICATED', { hint: TOKEN_HINT }),
  statusRow(403, 'UPSTREAM_FORBIDDEN'),
  statusRow(404, 'UPSTREAM_NOT_FOUND', { hint: PATH_HINT }),
  statusRow(405, 'UPSTREAM_NOT_FOUND', { hint: PATH_HINT }),
  row('403 with Retry-After, which says nothing', faults.status(403, { 'retry-after': 7 }), 'UPSTREAM_FORBIDDEN'),
  statusRow(408, 'UPSTREAM_TIMEOUT'),
  statusRow(418, 'UPSTREAM_REJECTED'),
  statusRow(422, 'UPSTREAM_REJECTED'),
  statusRow(429, 'UPSTREAM_RATE_LIMITED'),
  statusRow(500, 'UPSTREAM_ERROR'),
  statusRow(501, 'UPSTREAM_ERROR'),
  statusRow(502, 'UPSTREAM_UNAVAILABLE'),
  statusRow(503, 'UPSTREAM_UNAVAILABLE'),
  statusRow(504, 'UPSTREAM_TIMEOUT'),
  row('503 with Retry-After', faults.status(503, { 'retry-after': 7 }), 'UPSTREAM_UNAVAILABLE', {
    retryAfterMs: 7_000,
  }),
  ...[302, 303, 307].map((code) =>
    row(`${code} to /login`, faults.redirect('/login?next=canary', code), 'UPSTREAM_UNAUTHENTICATED', {
      hint: TOKEN_HINT,
    }),
  ),
  row('302 to another path', faults.redirect('/canary'), 'UPSTREAM_BAD_RESPONSE'),
  row('302 to nowhere', faults.redirect('http://[canary'), 'UPSTREAM_BAD_RESPONSE'),
  row('302 to /login of another host', faults.redirect('https://canary.invalid/login'), 'UPSTREAM_BAD_RESPONSE'),
];

const retryAfter = (value: string, retryAfterMs?: number): Row =>
  row(`429 with Retry-After: ${value}`, faults.status(429, { 'retry-after': value }), 'UPSTREAM_RATE_LIMITED', {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

// The clock of the tests says Sat, 31 Jan 2026 00:00:00 GMT.
const RETRY_AFTER_ROWS: readonly Row[] = [
  retryAfter('0', 0),
  retryAfter('17', 17_000),
  retryAfter('Sat, 31 Jan 2026 00:01:30 GMT', 90_000),
  retryAfter('Fri, 30 Jan 2026 00:00:00 GMT', 0),
  retryAfter('999999999', 3_600_000),
  retryAfter('99999999999999999999', 3_600_000),
  retryAfter('Sun, 31 Jan 2099 00:00:00 GMT', 3_600_000),
  retryAfter('-5'),
  retryAfter('1.5'),
  retryAfter('1e3'),
  retryAfter('canary'),
  retryAfter('Wat, 1'),
  retryAfter('Sat, 99 Jan 2026 99:99:99 GMT'),
];

describe.each([
  ['a fault of the connection', CONNECTION_ROWS],
  ['a body that is no report', BODY_ROWS],
  ['a status', STATUS_ROWS],
  ['a rate limit', RETRY_AFTER_ROWS],
  ['an echo of the token', ECHO_ROWS],
])('%s', (_group, rows) => {
  test.each(rows)('$title is $code', async ({ fault, hangs, closes, ...outcome }) => {
    await using stand = await startStand();
    const { upstream, gateway, clock, arrivedAt } = stand;
    upstream.answer(WORKLOADS, fault);

    const asked = gateway.ask(QUERY);
    if (hangs) {
      // Both are upstream, and the good one is done: only the hanging one sees the deadline.
      await Promise.all([upstream.arrivals(2), clock.calledOff(1)]);
      clock.advance(TIMEOUT_MS - 1);
      expect(clock.pending()).toBe(1);
      clock.advance(1);
    }
    const failed = await asked;
    expectFault(failed, outcome);
    expect(failed.data).toMatchObject({ aggregatedCosts: GOOD_AGGREGATED });
    expect(arrivedAt(WORKLOADS)).toBe(1);
    if (closes) await upstream.requests.find(({ path }) => path.includes(WORKLOADS))!.closed;

    upstream.answer(WORKLOADS, faults.json(faults.goodReport()));
    const good = await gateway.ask(QUERY);
    expect(good.errors).toEqual([]);
    expect(good.data).toEqual({ workloadCosts: GOOD_WORKLOADS, aggregatedCosts: GOOD_AGGREGATED });
    expect(arrivedAt(WORKLOADS)).toBe(2);
    expect(arrivedAt(AGGREGATED)).toBe(1);

    expectCalmLog(gateway, outcome.code);
    expectNothingLeaks(gateway, failed, good);
  });
});

const namespaceQuery = (name: string): string =>
  `{ workloadCosts(filter: { namespaces: { names: ["${name}"] } }) { rows { totalCount } } }`;

describe('404 on the other report', () => {
  test('names the setting of that report', async () => {
    await using stand = await startStand();
    stand.upstream.answer(AGGREGATED, faults.status(404));
    const answer = await stand.gateway.ask(QUERY);
    expectFault(answer, {
      code: 'UPSTREAM_NOT_FOUND',
      hint: 'Check SCALEOPS_AGGREGATED_PATH.',
      field: 'aggregatedCosts',
    });
    expect(answer.data).toMatchObject({ workloadCosts: GOOD_WORKLOADS });
    expectNothingLeaks(stand.gateway, answer);
  });
});

/** Both reports fail in the same way: what is broken is the host. */
function expectBothFail(answer: Answer, code: UpstreamErrorCode): void {
  expect(answer.status).toBe(200);
  expect(answer.data).toEqual({ workloadCosts: null, aggregatedCosts: null });
  expect(answer.errors.map(({ message, extensions }) => [message, extensions.code, extensions.retryable])).toEqual(
    [1, 2].map(() => [ERROR_CODES[code].message, code, RETRYABLE[code]]),
  );
}

describe('a host that is broken', () => {
  test('is UPSTREAM_UNAVAILABLE while its port is closed, and answers once it is open', async () => {
    await using stand = await startStand();
    await stand.upstream.stop();
    const refused = await stand.gateway.ask(QUERY);
    expectBothFail(refused, 'UPSTREAM_UNAVAILABLE');
    await stand.upstream.start();
    const good = await stand.gateway.ask(QUERY);
    expect(good.data).toEqual({ workloadCosts: GOOD_WORKLOADS, aggregatedCosts: GOOD_AGGREGATED });
    expectNothingLeaks(stand.gateway, refused, good);
  });

  test('is UPSTREAM_UNAVAILABLE when its name does not resolve', async () => {
    // A label of more than 63 characters: no resolver passes it on, so that no network is needed to fail.
    await using gateway = startGateway(`http://canary-in-host-name.${'a'.repeat(64)}.invalid`);
    const answer = await gateway.ask(QUERY);
    expectBothFail(answer, 'UPSTREAM_UNAVAILABLE');
    expectNothingLeaks(gateway, answer);
  });

  test('is UPSTREAM_UNAVAILABLE when nobody vouches for its certificate, and gets no token', async () => {
    await using stand = await startStand({ tls: true });
    const answer = await stand.gateway.ask(QUERY);
    expectBothFail(answer, 'UPSTREAM_UNAVAILABLE');
    expect(stand.upstream.requests).toEqual([]);
    expect(stand.upstream.bytesReceived()).toBe(0);
    expectNothingLeaks(stand.gateway, answer);
  });

  test('is UPSTREAM_UNAVAILABLE when it answers a TLS handshake in plain text', async () => {
    await using upstream = await startFaultServer({ onConnection: faults.garbage });
    await using gateway = startGateway(upstream.url.replace('http:', 'https:'));
    const answer = await gateway.ask(QUERY);
    expectBothFail(answer, 'UPSTREAM_UNAVAILABLE');
    expect(upstream.requests).toEqual([]);
    expectNothingLeaks(gateway, answer);
  });

  test('is UPSTREAM_TIMEOUT when the TLS handshake never ends', async () => {
    await using upstream = await startFaultServer();
    const clock = createWatchedClock();
    await using gateway = startGateway(upstream.url.replace('http:', 'https:'), {}, clock);
    const asked = gateway.ask(QUERY);
    await clock.set(2);
    clock.advance(TIMEOUT_MS);
    const answer = await asked;
    expectBothFail(answer, 'UPSTREAM_TIMEOUT');
    expectNothingLeaks(gateway, answer);
  });

  test('keeps nobody waiting longer than the deadline, also who waits for one of the eight connections', async () => {
    await using upstream = await startFaultServer();
    const clock = createWatchedClock();
    await using gateway = startGateway(upstream.url.replace('http:', 'https:'), {}, clock);
    const asked = Array.from({ length: 20 }, (_, index) => gateway.ask(namespaceQuery(`n-${index}`)));
    await clock.set(20);
    clock.advance(TIMEOUT_MS);
    for (const answer of await Promise.all(asked)) expectFault(answer, { code: 'UPSTREAM_TIMEOUT' });
  });

  test('is UPSTREAM_BAD_RESPONSE when it greets before it is asked', async () => {
    await using stand = await startStand({ onConnection: faults.garbage });
    stand.upstream.answer(WORKLOADS, faults.neverAnswer);
    stand.upstream.answer(AGGREGATED, faults.neverAnswer);
    const answer = await stand.gateway.ask(QUERY);
    expectBothFail(answer, 'UPSTREAM_BAD_RESPONSE');
    expectNothingLeaks(stand.gateway, answer);
  });
});

describe('a redirect to another host', () => {
  test.each(['/canary', '/login'])('to %s is not followed, and that host hears nothing', async (path) => {
    await using other = await startFaultServer();
    await using stand = await startStand();
    secretPorts.push(String(other.port));
    stand.upstream.answer(WORKLOADS, faults.redirect(`http://127.0.0.1:${other.port}${path}`, 307));
    const answer = await stand.gateway.ask(QUERY);
    expectFault(answer, { code: 'UPSTREAM_BAD_RESPONSE' });
    expect(other.bytesReceived()).toBe(0);
    expectNothingLeaks(stand.gateway, answer);
  });
});

const NAME = 'жäß🦊👩‍👩‍👧';
const NAMED = faults.goodReport(NAME);

describe('a good report', () => {
  test.each<[string, Fault]>([
    ['in gzip', faults.gzipped(NAMED)],
    ['in x-gzip', faults.gzipped(NAMED, 'x-gzip')],
    ['in GZIP', faults.gzipped(NAMED, 'GZIP')],
    ['in brotli', faults.brotli(NAMED)],
    ['in identity', faults.answer(200, JSON.stringify(NAMED), { 'content-encoding': 'identity' })],
    ['in chunks of one byte that split characters', faults.byteByByte(NAMED)],
    ['that ends where the connection ends', faults.closeDelimited(JSON.stringify(NAMED))],
  ])('%s is read', async (_title, fault) => {
    await using stand = await startStand({}, { CACHE_TTL_SECONDS: '0' });
    stand.upstream.answer(WORKLOADS, fault);
    for (let time = 0; time < 2; time += 1) {
      const answer = await stand.gateway.ask(QUERY);
      expect(answer.errors).toEqual([]);
      expect(answer.data).toMatchObject({ workloadCosts: { rows: { nodes: [{ workloadName: NAME }] } } });
    }
  });

  test('of 900 kB, all characters of three bytes, is read without a broken one', async () => {
    await using stand = await startStand();
    const name = '€'.repeat(150_000);
    stand.upstream.answer(WORKLOADS, faults.json(faults.goodReport(name)));
    const answer = await stand.gateway.ask(QUERY);
    expect(answer.data.workloadCosts.rows.nodes[0].workloadName === name).toBe(true);
  });

  test('of exactly the byte limit is read', async () => {
    await using stand = await startStand();
    stand.upstream.answer(WORKLOADS, faults.text(faults.reportOfLength(1_048_576)));
    const answer = await stand.gateway.ask(QUERY);
    expect(answer.errors).toEqual([]);
  });

  test('is asked for once, with the token', async () => {
    await using stand = await startStand();
    await stand.gateway.ask(QUERY);
    expect(stand.upstream.requests).toHaveLength(2);
    for (const { headers } of stand.upstream.requests) expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  test('with numbers that are not finite is read with nulls, and warned about once', async () => {
    await using stand = await startStand();
    const rows = '{"id":"a","totalCost":1e400,"workloadName":"\\ud800"},{"id":"b","totalCost":"NaN"}';
    stand.upstream.answer(WORKLOADS, faults.text(`{"aggregatedWorkloads":[${rows}]}`));
    const answer = await stand.gateway.ask('{ workloadCosts { rows { nodes { id totalCost workloadName } } } }');
    expect(answer.errors).toEqual([]);
    expect(answer.data.workloadCosts.rows.nodes).toEqual([
      { id: 'a', totalCost: null, workloadName: '\ud800' },
      { id: 'b', totalCost: null, workloadName: null },
    ]);
    expect(stand.gateway.log.filter(({ level }) => level === 40)).toMatchObject([{ report: 'workloads', count: 2 }]);
  });

  test('is not mixed up with a second answer that nobody asked for', async () => {
    await using stand = await startStand({}, { CACHE_TTL_SECONDS: '0' });
    stand.upstream.answer(WORKLOADS, faults.answerTwice(faults.goodReport()));
    const first = await stand.gateway.ask('{ workloadCosts { rows { nodes { workloadName } } } }');
    expect(first.data).toEqual({ workloadCosts: GOOD_WORKLOADS });
    await stand.upstream.requests[0]!.closed;
    const second = await stand.gateway.ask('{ aggregatedCosts { rows { nodes { workloadName } } } }');
    expect(second.data).toEqual({ aggregatedCosts: GOOD_WORKLOADS });
    expectNothingLeaks(stand.gateway, first, second);
  });
});

describe('the deadline', () => {
  test('is not put off by a body that drips', async () => {
    await using stand = await startStand();
    const drip = faults.createDrip();
    stand.upstream.answer(WORKLOADS, drip.fault);
    const asked = stand.gateway.ask(QUERY);
    await Promise.all([stand.upstream.arrivals(2), stand.clock.calledOff(1)]);
    for (let time = 0; time < 3; time += 1) {
      drip.drop();
      stand.clock.advance(TIMEOUT_MS / 3);
    }
    const answer = await asked;
    expectFault(answer, { code: 'UPSTREAM_TIMEOUT' });
    await stand.upstream.requests.find(({ path }) => path.includes(WORKLOADS))!.closed;
    expectNothingLeaks(stand.gateway, answer);
  });

  test.each([
    [401, 'UPSTREAM_UNAUTHENTICATED', TOKEN_HINT],
    [503, 'UPSTREAM_UNAVAILABLE', undefined],
  ] as const)('need not pass to learn a status %i whose body never ends', async (status, code, hint) => {
    await using stand = await startStand();
    stand.upstream.answer(WORKLOADS, faults.createDrip(status).fault);
    const answer = await stand.gateway.ask(QUERY);
    expectFault(answer, { code, ...(hint && { hint }) });
    stand.clock.advance(TIMEOUT_MS);
    await stand.upstream.requests.find(({ path }) => path.includes(WORKLOADS))!.closed;
  });

  test('is the one of the settings', async () => {
    await using stand = await startStand({}, { SCALEOPS_TIMEOUT_MS: '1234' });
    stand.upstream.answer(WORKLOADS, faults.neverAnswer);
    const asked = stand.gateway.ask(QUERY);
    await Promise.all([stand.upstream.arrivals(2), stand.clock.calledOff(1)]);
    stand.clock.advance(1_233);
    expect(stand.clock.pending()).toBe(1);
    stand.clock.advance(1);
    expectFault(await asked, { code: 'UPSTREAM_TIMEOUT' });
  });

  test('covers the wait for one of the eight connections', async () => {
    await using stand = await startStand();
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, faults.neverAnswer);
    const busy = Array.from({ length: 8 }, (_, index) => gateway.ask(namespaceQuery(`busy-${index}`)));
    await upstream.arrivals(8);
    const queued = gateway.ask(namespaceQuery('queued'));
    await clock.set(9);
    clock.advance(TIMEOUT_MS);
    for (const answer of await Promise.all([...busy, queued])) expectFault(answer, { code: 'UPSTREAM_TIMEOUT' });
    await Promise.all(upstream.requests.map(({ closed }) => closed));
    expect(upstream.requests.map(({ body }) => body).join('\n')).not.toContain('queued');

    upstream.answer(WORKLOADS, faults.json(faults.goodReport()));
    const good = await gateway.ask(namespaceQuery('queued'));
    expect(good.data).toEqual({ workloadCosts: { rows: { totalCount: 1 } } });
    expect(upstream.requests).toHaveLength(9);
    expect(clock.pending()).toBe(0);
  });

  test('leaves what waits in the queue to the connection that is free first', async () => {
    await using stand = await startStand();
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, faults.neverAnswer);
    const busy = Array.from({ length: 8 }, (_, index) => gateway.ask(namespaceQuery(`busy-${index}`)));
    await upstream.arrivals(8);
    clock.advance(TIMEOUT_MS - 1);
    const queued = gateway.ask(namespaceQuery('queued'));
    await clock.set(9);
    const { socket } = upstream.requests[3]!;
    upstream.answer(WORKLOADS, faults.json(faults.goodReport()));
    faults.json(faults.goodReport())(socket);
    expect((await queued).data).toEqual({ workloadCosts: { rows: { totalCount: 1 } } });
    expect(upstream.requests[8]!.socket).toBe(socket);

    clock.advance(1);
    const answers = await Promise.all(busy);
    expect(answers.map(({ errors }) => errors[0]?.extensions.code ?? 'good').sort()).toEqual([
      ...Array.from({ length: 7 }, () => 'UPSTREAM_TIMEOUT'),
      'good',
    ]);
  });
});

describe('clients that leave', () => {
  const ONE = '{ workloadCosts { rows { totalCount } } }';

  test('close the upstream connection when they all have left', async () => {
    await using stand = await startStand();
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, faults.neverAnswer);
    const clients = Array.from({ length: 10 }, () => new AbortController());
    const asked = clients.map(({ signal }) => gateway.ask(ONE, undefined, { signal }));
    const settled = Promise.allSettled(asked);
    await upstream.arrivals(1);
    for (const client of clients) client.abort();
    await upstream.requests[0]!.closed;
    await settled;
    expect(clock.pending()).toBe(0);
    expect(upstream.requests).toHaveLength(1);

    upstream.answer(WORKLOADS, faults.json(faults.goodReport()));
    const good = await gateway.ask(ONE);
    expect(good.data).toEqual({ workloadCosts: { rows: { totalCount: 1 } } });
    expect(upstream.requests).toHaveLength(2);
    expectNothingLeaks(gateway, good);
  });

  test('close the upstream connection in the middle of its body', async () => {
    await using stand = await startStand();
    stand.upstream.answer(WORKLOADS, faults.createDrip().fault);
    const client = new AbortController();
    const settled = Promise.allSettled([stand.gateway.ask(ONE, undefined, { signal: client.signal })]);
    await stand.upstream.arrivals(1);
    client.abort();
    await stand.upstream.requests[0]!.closed;
    await settled;
    expect(stand.clock.pending()).toBe(0);
  });

  test('take nothing from the one who stays', async () => {
    await using stand = await startStand();
    const { upstream, gateway } = stand;
    let finish: () => void = () => undefined;
    upstream.answer(WORKLOADS, (socket) => {
      finish = () => {
        faults.json(faults.goodReport())(socket);
      };
    });
    const clients = Array.from({ length: 100 }, () => new AbortController());
    const asked = clients.map(({ signal }) => gateway.ask(ONE, undefined, { signal }));
    const settled = Promise.allSettled(asked.slice(0, 99));
    await upstream.arrivals(1);
    for (const client of clients.slice(0, 99)) client.abort();
    finish();
    const last = await asked[99]!;
    expect(last.data).toEqual({ workloadCosts: { rows: { totalCount: 1 } } });
    await settled;
    expect(upstream.requests).toHaveLength(1);
  });

  test('over a socket close the upstream connection too', async () => {
    await using stand = await startStand();
    stand.upstream.answer(WORKLOADS, faults.neverAnswer);
    const url = await stand.gateway.gateway.listen();
    const client = httpRequest(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } });
    const left = new Promise((resolve) => client.once('close', resolve));
    client.on('error', () => undefined);
    client.end(JSON.stringify({ query: ONE }));
    await stand.upstream.arrivals(1);
    client.destroy();
    await left;
    await stand.upstream.requests[0]!.closed;
    expect(stand.clock.pending()).toBe(0);
  });
});
