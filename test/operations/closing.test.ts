// Shutdown of a gateway in this process, with a clock that the test moves: every waiting request gets a response, and
// shutdown ends in time, whatever ScaleOps and the clients do.

import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';

import { GatewayError } from '../../src/errors.js';
import { toClientError, toStatusAndHeaders } from '../../src/http/response/client-errors.js';
import { createHttpServer } from '../../src/http/server/server.js';
import { createShutdown } from '../../src/app/shutdown.js';
import { createManualClock } from '../kit/time/clock.js';
import { settle, watch } from '../kit/time/deferred.js';
import * as faults from '../kit/upstream/fault-server.js';
import { startFaultServer } from '../kit/upstream/fault-server.js';
import { startGateway } from '../kit/gateway.js';
import { waitForClose, openConnection } from '../kit/processes/gateway-process.js';
import { createWatchedClock } from '../kit/time/watched-clock.js';

const GRAPHQL_TYPE = 'application/graphql-response+json';

/** A listening gateway, in front of a ScaleOps that never responds. */
async function startFixture(env: Record<string, string> = {}) {
  const upstream = await startFaultServer();
  onTestFinished(() => upstream[Symbol.asyncDispose]());
  upstream.respond('/getWorkloads', faults.neverRespond);
  const clock = createWatchedClock();
  const { gateway, log } = startGateway(upstream.url, env, clock);
  const url = await gateway.listen();
  onTestFinished(() => gateway.close());
  /** Requests a different report for each `last`. */
  const send = (last: string, accept = GRAPHQL_TYPE): Promise<Response> =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query: `{ workloadCosts(filter: { last: "${last}" }) { asOf } }` }),
    });
  return {
    upstream,
    clock,
    gateway,
    log,
    url,
    send: send,
    operations: () => log.filter(({ msg }) => msg === 'operation'),
  };
}

type Fixture = Awaited<ReturnType<typeof startFixture>>;

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const START = 'GET /graphql?query={__typename} HTTP/1.1\r\nHost: localhost\r\nApollo-Require-Preflight: 1\r\n';

/** A connection that has sent half a request. */
async function openHalf({ url }: Fixture): Promise<Socket> {
  const socket = await openConnection(url, START);
  // The same thread responds to this request later.
  await fetch(`${url}/health/live`);
  return socket;
}

/** Sends the other half; resolves with all bytes until the gateway closes the connection. */
function finish(socket: Socket): Promise<string> {
  const received = text(socket);
  socket.write('\r\n');
  return received;
}

describe('at the limit', () => {
  // Mutation: http/shutdown.ts without the loop over `waiting`: clients get the error of a closed pool instead.
  test('waiting requests get SHUTTING_DOWN in the media type that they accept, and the gateway ends', async () => {
    const { upstream, clock, gateway, operations, send } = await startFixture();
    const accepted = [GRAPHQL_TYPE, 'application/json'];
    const pending = accepted.map((accept, index) => send(`${index + 1}d`, accept));
    await upstream.arrivals(2);
    const closed = gateway.close();
    clock.advance(7_999);
    expect(operations()).toEqual([]);
    clock.advance(1);
    for (const [index, response] of (await Promise.all(pending)).entries()) {
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('1');
      expect(response.headers.get('connection')).toBe('close');
      expect(response.headers.get('content-type')).toBe(`${accepted[index]}; charset=utf-8`);
      const extensions = { code: 'SHUTTING_DOWN', retryable: true, retryAfterMs: 1_000 };
      expect(await response.json()).toEqual({
        errors: [
          {
            message: 'The gateway is shutting down.',
            extensions: { ...extensions, requestId: response.headers.get('x-request-id') },
          },
        ],
      });
    }
    await closed;
    expect(upstream.requests).toHaveLength(2);
    expect(operations()).toMatchObject(accepted.map(() => ({ status: 503, errorCodes: ['SHUTTING_DOWN'] })));
  });

  test('calls that end with the gateway do not count as failures of ScaleOps', async () => {
    const { upstream, clock, gateway, log, send } = await startFixture({ SCALEOPS_BREAKER_FAILURES: '1' });
    const pending = [send('1d'), send('2d')];
    await upstream.arrivals(2);
    const closed = gateway.close();
    clock.advance(8_000);
    await Promise.all([...pending, closed]);
    expect(log.map(({ msg }) => msg)).toEqual([
      'not ready',
      'shutdown limit reached: failing the remaining requests in flight',
      'operation',
      'operation',
    ]);
  });

  test('later requests over an open connection get SHUTTING_DOWN too', async () => {
    const fixture = await startFixture({ GATEWAY_SHUTDOWN_LIMIT_SECONDS: '1' });
    const socket = await openHalf(fixture);
    const closed = fixture.gateway.close();
    fixture.clock.advance(1_000);
    const response = await finish(socket);
    expect(response).toMatch(/^HTTP\/1\.1 503 /);
    expect(response).toMatch(/^connection: close\r$/im);
    expect(response).toContain('"code":"SHUTTING_DOWN"');
    await closed;
  });

  test('the limit follows its setting, and reports without waiting clients are cancelled', async () => {
    const fixture = await startFixture({ GATEWAY_SHUTDOWN_LIMIT_SECONDS: '1' });
    const { upstream, clock, gateway } = fixture;
    // A second more than the limit.
    await openHalf(fixture);
    const pending = fixture.send('1d');
    await upstream.arrivals(1);
    const closed = gateway.close();
    clock.advance(1_000);
    expect((await pending).status).toBe(503);
    await upstream.requests[0]?.closed;
    clock.advance(1_000);
    await closed;
  });
});

describe('before the limit', () => {
  test('a request over an open connection gets its response, and the connection is closed', async () => {
    const fixture = await startFixture();
    const socket = await openHalf(fixture);
    const closed = fixture.gateway.close();
    const response = await finish(socket);
    expect(response).toMatch(/^HTTP\/1\.1 200 /);
    expect(response).toMatch(/^connection: close\r$/im);
    expect(response).toContain('{"data":{"__typename":"Query"}}');
    await closed;
    expect(fixture.clock.pending()).toBe(0);
  });

  // Mutation: server.ts without `cutUnasked`. Its timeout for idle connections uses real time: an hour here.
  test('an incomplete request is awaited for clientGraceMs, and no longer', async () => {
    const clock = createManualClock();
    const respond: RequestListener = (_request, response) => response.end();
    const server = createHttpServer(respond, { ...LOOPBACK, clock, times: { clientGraceMs: 3_600_000 } });
    const url = await server.listen();
    const socket = await openConnection(url, START);
    // The server knows of the half request once it has responded to a later one.
    await fetch(url);
    const cut = waitForClose(socket);
    const closed = server.close();
    const state = watch(closed);
    clock.advance(3_599_999);
    await settle();
    expect(state.outcome()).toBe('pending');
    clock.advance(1);
    await cut;
    await closed;
  });
});

describe('with a shutdown delay', () => {
  test('the gateway is not ready, yet accepts requests and closes each connection; then it closes the port', async () => {
    const { clock, gateway, url } = await startFixture({ GATEWAY_SHUTDOWN_DELAY_SECONDS: '5' });
    const closed = gateway.close();
    clock.advance(4_999);
    const health = async (what: string) => (await fetch(`${url}/health/${what}`)).status;
    expect([await health('ready'), await health('live')]).toEqual([503, 200]);
    const response = await fetch(`${url}/graphql?query={__typename}`, { headers: { 'apollo-require-preflight': '1' } });
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
    clock.advance(1);
    await closed;
    await expect(fetch(url)).rejects.toThrow();
  });

  test('the limit starts when the port is closed', async () => {
    const {
      upstream,
      clock,
      gateway,
      operations,
      send: send,
    } = await startFixture({ GATEWAY_SHUTDOWN_DELAY_SECONDS: '5' });
    const pending = send('1d');
    await upstream.arrivals(1);
    const closed = gateway.close();
    clock.advance(5_000);
    await settle();
    clock.advance(7_999);
    expect(operations()).toEqual([]);
    clock.advance(1);
    expect((await pending).status).toBe(503);
    await closed;
  });
});

test('a second call of close returns the same promise as the first', async () => {
  const { gateway } = await startFixture();
  expect(gateway.close()).toBe(gateway.close());
  await gateway.close();
});

// Mutation: shutdown.ts without `server.destroyConnections`: the server's own timeout is an hour here.
test('a client that has not read its response one second after the limit is disconnected', async () => {
  const clock = createManualClock();
  const server = createHttpServer(
    (_request, response) => {
      // The beginning of an endless response.
      response.write('{');
    },
    { ...LOOPBACK, clock, times: { clientGraceMs: 3_600_000 } },
  );
  const reply = await fetch(await server.listen());
  const received = reply.text();
  const shutdown = createShutdown({ delayMs: 0, limitMs: 8_000 }, clock);
  const released: string[] = [];
  const ended = shutdown.run(server, async () => Promise.resolve(void released.push('the rest')));
  const state = watch(ended);
  expect(shutdown.shutdownSignal.aborted).toBe(false);
  clock.advance(8_000);
  expect(shutdown.shutdownSignal.aborted).toBe(true);
  clock.advance(999);
  await settle();
  expect([state.outcome(), released]).toEqual(['pending', []]);
  clock.advance(1);
  await expect(received).rejects.toThrow();
  await ended;
  expect(released).toEqual(['the rest']);
  expect(clock.pending()).toBe(0);
});

describe('Retry-After', () => {
  test.each([
    ['SHUTTING_DOWN', 1_000, '1'],
    ['OVERLOADED', 1, '1'],
    ['RATE_LIMITED', 59_001, '60'],
    ['RATE_LIMITED', 0, '0'],
    ['RATE_LIMITED', undefined, undefined],
  ] as const)('of %s in %s ms is %s seconds', (code, retryAfterMs, seconds) => {
    const { error } = toClientError(new GatewayError(code, { retryAfterMs }), 'id', { isRequestError: true });
    const { headers } = toStatusAndHeaders([error], false);
    expect(headers).toEqual(seconds === undefined ? [] : ['retry-after', seconds]);
  });
});
