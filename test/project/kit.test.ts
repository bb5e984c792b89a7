// The test kit: its Redis, proxy and tenants behave as the tests that use them assume.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import { createGate } from '../kit/time/gate.js';
import { assertUpstreamResponse } from '../kit/formats/openapi.js';
import { isRedisSkipped, startRedis, type TestRedis } from '../kit/processes/redis.js';
import { send, encodeCommand, readReplies } from '../kit/formats/resp.js';
import { startProxy } from '../kit/upstream/tcp-proxy.js';
import { requestRowName, makeJwt, secretOf, startTenants, type Tenants } from '../kit/upstream/tenants.js';

/** A TCP client, like the gateway. */
function connectTo(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  // A stopping server resets or ends the connection; callers see the error elsewhere.
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

describe.skipIf(isRedisSkipped)('Redis of the test kit', () => {
  test('stores bytes, and finds them among keys and values', async () => {
    await using redis = await startRedis();
    const bytes = Buffer.from([0, 13, 10, 255, ...Buffer.from('canary'.repeat(50))]);
    expect(await redis.set('b', bytes)).toBe('OK');
    for (const key of ['d', 'a', 'c']) await redis.set(key, 'text');
    expect(await redis.set('a', 'other', 'NX')).toBeNull();
    expect(await redis.get('b')).toEqual(bytes);
    expect(await redis.get('nothing')).toBeNull();
    expect(await redis.keys()).toEqual(['a', 'b', 'c', 'd']);
    expect(await redis.command('MGET', 'a', 'nothing')).toEqual([Buffer.from('text'), null]);
    await redis.command(
      'EVAL',
      "redis.call('SELECT', 3) redis.call('HSET', 'other', 'field', ARGV[1])",
      0,
      'in-a-hash',
    );
    const everything = await redis.everything();
    expect(everything.includes(bytes)).toBe(true);
    for (const part of ['other', 'field', 'in-a-hash']) expect(everything.includes(part), part).toBe(true);
    await expect(redis.command('NO-SUCH-COMMAND')).rejects.toThrow(/^ERR unknown command/);
  });

  test('serves clients at its port, and records their commands', async () => {
    await using redis = await startRedis();
    const monitor = await redis.monitor();
    await redis.get('key');
    const client = connectTo(redis.port);
    // Enough commands that some lines of MONITOR arrive after the last reply.
    const commands = Array.from({ length: 1000 }, (_, at) => ['SET', `key-${at}`, 'value']);
    expect(await send(client, readReplies(client), commands)).toEqual(commands.map(() => 'OK'));
    await monitor.stop();
    expect(monitor.commands).toEqual(commands.map((command) => command.map((word) => `"${word}"`).join(' ')));
  });

  test('does not respond while it is frozen', async () => {
    await using redis = await startRedis();
    await using other = await startRedis();
    redis.freeze();
    const client = connectTo(redis.port);
    await once(client, 'connect');
    client.write(encodeCommand(['PING']));
    const responses: unknown[] = [];
    const answered = readReplies(client)
      .next()
      .then(({ value }) => responses.push(value));
    // Enough time for a server that is not frozen.
    for (let turn = 0; turn < 20; turn += 1) await other.command('PING');
    expect(responses).toEqual([]);
    redis.thaw();
    await answered;
    expect(responses).toEqual(['PONG']);
  });

  test('can be stopped while frozen, and restarts empty at the same port', async () => {
    await using redis = await startRedis();
    await redis.set('key', 'value');
    const client = connectTo(redis.port);
    await once(client, 'connect');
    const closed = new Promise((resolve) => client.resume().once('close', resolve));
    redis.freeze();
    await redis.stop();
    await closed;
    await expect(once(connectTo(redis.port), 'connect')).rejects.toThrow('ECONNREFUSED');
    await expect(redis.get('key')).rejects.toThrow('ECONNREFUSED');
    await redis.start();
    await once(connectTo(redis.port), 'connect');
    expect(await redis.keys()).toEqual([]);
  });

  test('can be full', async () => {
    await using redis = await startRedis({ args: ['--maxmemory', '4mb', '--maxmemory-policy', 'noeviction'] });
    const fill = async (): Promise<void> => {
      for (let key = 0; key < 5; key += 1) await redis.set(`filler-${key}`, Buffer.alloc(1_048_576));
    };
    await expect(fill()).rejects.toThrow(/^OOM /);
    // A small value might still fit, so memory is limited further.
    await redis.set('key', 'value');
    await redis.command('CONFIG', 'SET', 'maxmemory', 1);
    await expect(redis.set('key', 'other')).rejects.toThrow(/^OOM /);
    expect(await redis.get('key')).toEqual(Buffer.from('value'));
  });

  test('can be read-only', async () => {
    await using redis = await startRedis();
    await redis.set('key', 'value');
    await redis.command('REPLICAOF', '127.0.0.1', 1);
    await expect(redis.set('key', 'other')).rejects.toThrow(/^READONLY /);
    expect(await redis.get('key')).toEqual(Buffer.from('value'));
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await redis.set('key', 'other');
  });

  test('requires its password', async () => {
    await using redis = await startRedis({ password: 'p@ss' });
    expect(redis.url).toBe(`redis://:p%40ss@127.0.0.1:${redis.port}`);
    await redis.set('key', 'value');
    expect(await redis.keys()).toEqual(['key']);
    const client = connectTo(redis.port);
    await expect(send(client, readReplies(client), [['GET', 'key']])).rejects.toThrow(/^NOAUTH /);
  });

  test('reports why it did not start', async () => {
    const started = startRedis({ args: ['--no-such-setting', '1'] }).then((redis: TestRedis) => redis.stop());
    await expect(started).rejects.toThrow(/no-such-setting/);
  });
});

describe('the TCP proxy', () => {
  /** An echo server behind the proxy. */
  async function startEcho() {
    const server = createServer((socket) => socket.pipe(socket).on('error', () => undefined));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = await startProxy((server.address() as AddressInfo).port);
    onTestFinished(async () => {
      await proxy[Symbol.asyncDispose]();
      await new Promise((resolve) => server.close(resolve));
    });
    return proxy;
  }

  /** Sends a text, and returns the next chunk. */
  async function echo(client: Socket, sent: string): Promise<string> {
    client.write(sent);
    const [chunk] = (await once(client, 'data')) as [Buffer];
    return chunk.toString();
  }

  test('forwards bytes', async () => {
    const proxy = await startEcho();
    const client = connectTo(proxy.port);
    expect(await echo(client, 'one')).toBe('one');
    expect(await echo(connectTo(proxy.port), 'two')).toBe('two');
    expect([proxy.accepted(), proxy.open()]).toEqual([2, 2]);
    await proxy.arrivals(2);
  });

  test('can hold bytes on old and new connections, and forwards them later', async () => {
    const proxy = await startEcho();
    const old = connectTo(proxy.port);
    await echo(old, 'before');
    await proxy.hang();
    const young = connectTo(proxy.port);
    const received: string[] = [];
    for (const client of [old, young]) {
      const heard = proxy.nextBytes();
      client.on('data', (chunk) => received.push(String(chunk))).write('held');
      await heard;
    }
    // Enough time for a proxy that does not hold bytes.
    const passing = connectTo((await startEcho()).port);
    for (let turn = 0; turn < 20; turn += 1) await echo(passing, 'turn');
    expect(received).toEqual([]);
    const responses = Promise.all([old, young].map((client) => once(client, 'data')));
    await proxy.pass();
    await responses;
    expect(received).toEqual(['held', 'held']);
  });

  test('drops held bytes of a client that has disconnected', async () => {
    const proxy = await startEcho();
    await proxy.hang();
    const client = connectTo(proxy.port);
    const heard = proxy.nextBytes();
    client.end('held');
    await heard;
    await once(client, 'close');
    expect(proxy.open()).toBe(0);
    await proxy.pass();
    expect(await echo(connectTo(proxy.port), 'after')).toBe('after');
  });

  test('closes open connections, and accepts new ones', async () => {
    const proxy = await startEcho();
    const client = connectTo(proxy.port);
    await echo(client, 'before');
    const closed = new Promise((resolve) => client.once('close', resolve));
    proxy.drop();
    await closed;
    expect(await echo(connectTo(proxy.port), 'after')).toBe('after');
    expect([proxy.accepted(), proxy.open()]).toEqual([2, 1]);
  });

  test('refuses connections until it forwards again at the same port', async () => {
    const proxy = await startEcho();
    const client = connectTo(proxy.port);
    await echo(client, 'before');
    const closed = new Promise((resolve) => client.once('close', resolve));
    await proxy.refuse();
    await closed;
    await expect(once(connectTo(proxy.port), 'connect')).rejects.toThrow('ECONNREFUSED');
    await proxy.pass();
    expect(await echo(connectTo(proxy.port), 'after')).toBe('after');
  });

  test('truncates responses on old and new connections', async () => {
    const proxy = await startEcho();
    const old = connectTo(proxy.port);
    await echo(old, 'before');
    await proxy.cutAfterBytes(4);
    for (const client of [old, connectTo(proxy.port)]) {
      client.write('a long text');
      expect(await text(client)).toBe('a lo');
    }
    await proxy.cutAfterBytes(0);
    const last = connectTo(proxy.port);
    last.write('text');
    expect(await text(last)).toBe('');
    await proxy.pass();
    expect(await echo(connectTo(proxy.port), 'a long text')).toBe('a long text');
  });
});

describe('the tenants of the test kit', () => {
  const WORKLOADS = '/detailedCostReport/getWorkloads';
  const AGGREGATED = '/detailedCostReport/getAggregatedWorkloads';
  const TOKENS = { 'token-a': 'tenant-a', 'token-b': 'tenant-b', 'token-b-new': 'tenant-b' };

  async function post({ url }: Tenants, token: string | undefined, path = WORKLOADS, body: object = {}) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const reply = (await response.json()) as {
      readonly aggregatedWorkloads: { workloadName: string; totalCost: number }[];
    };
    return { status: response.status, response: reply, text: JSON.stringify(reply) };
  }

  test.each([WORKLOADS, AGGREGATED])('respond at %s by token, as in the contract', async (path) => {
    await using tenants = await startTenants({ tokens: TOKENS });
    const a = await post(tenants, 'token-a', path);
    const b = await post(tenants, 'token-b', path);
    for (const { status, response } of [a, b]) {
      expect(status).toBe(200);
      assertUpstreamResponse(path, 200, response);
    }
    expect(a.response.aggregatedWorkloads[0]).toMatchObject({ workloadName: 'tenant-a-secret-row' });
    expect(a.text).not.toContain(secretOf('tenant-b'));
    expect(b.text).not.toContain(secretOf('tenant-a'));
    const sums = [a, b].map(({ response }) =>
      response.aggregatedWorkloads.reduce((sum, row) => sum + row.totalCost, 0),
    );
    expect(sums).toEqual([tenants.costOf('tenant-a'), tenants.costOf('tenant-b')]);
    expect(sums[0]).not.toBe(sums[1]);
    expect(await post(tenants, 'token-b-new', path)).toEqual(b);
    expect(tenants.requests.map(({ token, tenant }) => [token, tenant])).toEqual([
      ['token-a', 'tenant-a'],
      ['token-b', 'tenant-b'],
      ['token-b-new', 'tenant-b'],
    ]);
    expect(tenants.countOf('token-b')).toBe(1);
  });

  test('name the request in a row', async () => {
    await using tenants = await startTenants({ tokens: TOKENS });
    const { response } = await post(tenants, 'token-a', `${WORKLOADS}?range=7d`, { namespaces: ['b', 'a'] });
    const requested = response.aggregatedWorkloads[1]!.workloadName;
    expect(requested).toBe('getWorkloads {"namespaces":["a","b"],"range":"7d"}');
    expect(requested).toBe(requestRowName(WORKLOADS, { range: '7d', namespaces: ['a', 'b', 'a'] }));
    expect(tenants.requests).toMatchObject([{ path: WORKLOADS, body: { namespaces: ['b', 'a'] } }]);
  });

  test('refuse tokens that are unknown, revoked or expired', async () => {
    const clock = createManualClock();
    const jwt = makeJwt({ exp: clock.now() / 1000 + 60, sub: 'a' });
    await using tenants = await startTenants({ tokens: { ...TOKENS, [jwt]: 'tenant-a' }, clock });
    const statusOf = async (token: string | undefined) => (await post(tenants, token)).status;
    expect([await statusOf(undefined), await statusOf('other'), await statusOf('constructor')]).toEqual([
      401, 401, 401,
    ]);
    tenants.revoke('token-a');
    tenants.revoke('token-b', 403);
    expect([await statusOf('token-a'), await statusOf('token-b'), await statusOf('token-b-new')]).toEqual([
      401, 403, 200,
    ]);
    tenants.restore('token-a');
    expect(await statusOf('token-a')).toBe(200);
    expect(jwt).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    clock.advance(59_999);
    expect(await statusOf(jwt)).toBe(200);
    clock.advance(1);
    expect(await statusOf(jwt)).toBe(401);
  });

  test('fail the configured number of times', async () => {
    await using tenants = await startTenants({ tokens: TOKENS });
    const statusOf = async () => (await post(tenants, 'token-a')).status;
    tenants.failNext(2);
    expect([await statusOf(), await statusOf(), await statusOf()]).toEqual([503, 503, 200]);
    tenants.setDown(true);
    expect([await statusOf(), await statusOf()]).toEqual([503, 503]);
    tenants.setDown(false);
    expect(await statusOf()).toBe(200);
    expect(tenants.countOf('token-a')).toBe(6);
  });

  test('await the hook, and check the token after it', async () => {
    const gate = createGate();
    await using tenants = await startTenants({ tokens: TOKENS, onRequest: gate.pass });
    const pending = post(tenants, 'token-a');
    await gate.arrivals(1);
    expect(tenants.countOf('token-a')).toBe(1);
    tenants.revoke('token-a');
    gate.open();
    expect(await pending).toMatchObject({ status: 401 });
  });
});
