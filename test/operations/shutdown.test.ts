// Shutdown of the compiled process over real sockets: no pending request is lost, and the process ends in time, whatever
// its peers do. A gate in the simulator holds requests.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';

import { createGate } from '../kit/time/gate.js';
import {
  send,
  findUrl,
  waitForClose,
  LISTENING,
  openConnection,
  openIdleConnection,
  startSimulator,
  startMain,
  startProcessStack,
  type Rows,
} from '../kit/processes/gateway-process.js';
import { TOKEN } from '../kit/gateway.js';
import { MAIN, startProcess } from '../kit/processes/process.js';
import { createUnreadOutput } from '../kit/processes/unread-output.js';
import { findFreePort } from '../kit/upstream/tcp-proxy.js';

const IN_FLIGHT = 50;

/** Accepts connections and never responds, like a host behind a broken firewall. */
async function startSilentHost() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, reached: once(server, 'connection') };
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

describe('SIGTERM', () => {
  test(`with ${IN_FLIGHT} requests in flight: it becomes unready first, loses none, and ends`, async () => {
    const gate = createGate();
    onTestFinished(gate.open);
    const env = { GATEWAY_SHUTDOWN_DELAY_SECONDS: '1', SCALEOPS_MAX_IN_FLIGHT: `${2 * IN_FLIGHT}` };
    const { url, kill, line, ended, received } = await startProcessStack({ latency: gate.pass }, env);
    const responses = Array.from({ length: IN_FLIGHT }, (_, index) => send(url, `${index + 1}d`));
    await gate.arrivals(IN_FLIGHT);
    const unused = await openConnection(url, '');
    expect(await statusOf(`${url}/health/ready`)).toBe(200);

    kill('SIGTERM');
    await line(/stopping/);
    // Not ready, and still open for clients that have not noticed.
    expect(await statusOf(`${url}/health/ready`)).toBe(503);
    expect(await statusOf(`${url}/health/live`)).toBe(200);
    const late = send(url, '100d');
    await gate.arrivals(IN_FLIGHT + 1);
    // Disconnected two seconds after the port was closed.
    await waitForClose(unused);
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
    gate.open();
    for (const response of await Promise.all([...responses, late])) {
      expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
      const { data } = (await response.json()) as Rows;
      // A long window also has rows of deleted workloads.
      expect(data.workloadCosts.rows.nodes.length).toBeGreaterThanOrEqual(50);
    }
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(received).toHaveLength(IN_FLIGHT + 1);
  });

  test('keeps an idle connection open while requests are in flight, and serves a request over it', async () => {
    const gate = createGate();
    onTestFinished(gate.open);
    const { url, kill, line, ended } = await startProcessStack({ latency: gate.pass });
    const held = send(url);
    await gate.arrivals(1);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
    });
    const get = async (path: string) => {
      const [response] = (await once(
        httpRequest(url + path, { agent, headers: { 'apollo-require-preflight': '1' } }).end(),
        'response',
      )) as [IncomingMessage];
      // The connection becomes idle, and no longer belongs to the response.
      const { socket } = response;
      await text(response);
      return { status: response.statusCode, connection: response.headers.connection, socket };
    };
    const { socket } = await get('/health/ready');
    const cut = waitForClose(socket);
    kill('SIGTERM');
    await line(/stopping/);
    const last = await get('/graphql?query={__typename}');
    expect(last.socket === socket).toBe(true);
    expect([last.status, last.connection]).toEqual([200, 'close']);
    await cut;
    await expect(fetch(url)).rejects.toThrow();
    gate.open();
    expect((await held).status).toBe(200);
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('does not wait for idle connections when no request is left', async () => {
    const gate = createGate();
    const { url, kill, line, ended } = await startProcessStack({ latency: gate.pass });
    const held = send(url);
    await gate.arrivals(1);
    // A request may still be on its way on this connection: it gets two seconds.
    const unused = await openConnection(url, '');
    // After that one, so the server has both when it responds.
    const idle = await openIdleConnection(url);
    kill('SIGTERM');
    await line(/stopping/);
    const firstCut = Promise.race([waitForClose(idle).then(() => 'idle'), waitForClose(unused).then(() => 'unused')]);
    gate.open();
    expect((await held).status).toBe(200);
    expect(await firstCut).toBe('idle');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a stopping process ends within two seconds of the limit', () => {
  const LIMIT = { GATEWAY_SHUTDOWN_LIMIT_SECONDS: '1' };

  // Mutation: main.ts without process.exit(0): the pending connection holds the process for five seconds.
  test('with a ScaleOps and a Redis that never respond, and sends SHUTTING_DOWN to waiting requests', async () => {
    const scaleOps = await startSilentHost();
    const redis = await startSilentHost();
    const running = startMain({
      ...LIMIT,
      SCALEOPS_URL: `https://127.0.0.1:${scaleOps.port}`,
      SCALEOPS_TOKEN: TOKEN,
      CACHE_REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      PORT: '0',
    });
    const url = findUrl(await running.line(LISTENING));
    const pending = send(url);
    await Promise.all([scaleOps.reached, redis.reached]);
    const startedAt = performance.now();
    running.kill('SIGTERM');
    const response = await pending;
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'SHUTTING_DOWN' } }] });
    expect(await running.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  test('with a pending report and a client that sends its body byte by byte', async () => {
    const gate = createGate();
    onTestFinished(gate.open);
    const { url, kill, line, ended } = await startProcessStack({ latency: gate.pass }, LIMIT);
    const pending = send(url);
    await gate.arrivals(1);
    const dripping = await openConnection(
      url,
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n',
    );
    // Sends the next byte when the last one has left.
    const drip = (): void => {
      if (dripping.writable) dripping.write(' ', () => setImmediate(drip));
    };
    drip();
    const startedAt = performance.now();
    kill('SIGTERM');
    await line(/stopping/);
    expect((await pending).status).toBe(503);
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});

describe.each(['stops reading', 'is gone'] as const)('a process whose reader of standard output %s', (how) => {
  /** Started, with more log lines than the pipe holds. */
  async function startUnread(latency: () => Promise<void>, env: Record<string, string> = {}) {
    const { url: upstream } = await startSimulator({ latency });
    const output = createUnreadOutput();
    onTestFinished(output.close);
    const settings = { SCALEOPS_URL: upstream, SCALEOPS_TOKEN: TOKEN, PORT: '0', ...env };
    const running = startProcess([process.execPath, MAIN], { env: settings, stdout: output.fd });
    onTestFinished(() => running[Symbol.asyncDispose]());
    const url = findUrl(await output.first());
    if (how === 'is gone') output.close();
    for (let sent = 0; sent < 400; sent += 50) {
      const requests = Array.from({ length: 50 }, () =>
        fetch(`${url}/graphql?query={__typename}`, { headers: LONG_ID }),
      );
      for (const response of await Promise.all(requests)) expect(response.status).toBe(200);
    }
    return { ...running, url };
  }
  const LONG_ID = { 'x-request-id': 'x'.repeat(128), 'apollo-require-preflight': '1' };

  // Mutation: main.ts without `discard`: pino's exit handler retries for ever.
  test('ends on SIGTERM', async () => {
    const { kill, ended } = await startUnread(() => Promise.resolve());
    kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test('ends at the limit with a request in flight', async () => {
    const gate = createGate();
    onTestFinished(gate.open);
    const { url, kill, ended } = await startUnread(gate.pass, { GATEWAY_SHUTDOWN_LIMIT_SECONDS: '1' });
    const pending = send(url);
    await gate.arrivals(1);
    kill('SIGTERM');
    expect((await pending).status).toBe(503);
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test('ends on the second signal without waiting', async () => {
    const gate = createGate();
    onTestFinished(gate.open);
    const { url, kill, ended } = await startUnread(gate.pass, { GATEWAY_SHUTDOWN_DELAY_SECONDS: '300' });
    const pending = send(url).catch(() => 'lost');
    await gate.arrivals(1);
    kill('SIGTERM');
    while ((await statusOf(`${url}/health/ready`)) === 200);
    kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, signal: null, stderr: '' });
    expect(await pending).toBe('lost');
  });
});

describe('a gateway that is closed', () => {
  /** Does not exit by itself: prints the active resources of the process. */
  const SCRIPT = `
    const [, main, scaleOpsUrl, redisUrl, event] = process.argv;
    const { createGateway } = await import(main.replace('main.js', 'app/gateway.js'));
    const { readConfig } = await import(main.replace('main.js', 'config/config.js'));
    const env = { SCALEOPS_URL: scaleOpsUrl, SCALEOPS_TOKEN: 'token', PORT: '0', CACHE_REDIS_URL: redisUrl };
    let printed;
    const waited = new Promise((resolve) => (printed = resolve));
    const print = (facts, message = facts) => message.includes(event) && printed();
    const logger = { info: print, warn: print, error: print };
    const before = process.getActiveResourcesInfo();
    const gateway = createGateway(readConfig(env).config, { logger });
    await gateway.listen();
    await waited;
    // The pause before the next attempt has begun.
    await new Promise(setImmediate);
    await gateway.close();
    await new Promise(setImmediate);
    console.log(JSON.stringify({ before, after: process.getActiveResourcesInfo() }));
    process.exit(0);`;

  // Mutation: cache/redis.ts with a reconnectStrategy of its own: its pause is a Timeout that holds the process.
  test('leaves no active resource, also during the pause before a reconnection to Redis', async () => {
    const scaleOps = await startSilentHost();
    const redis = `redis://127.0.0.1:${await findFreePort()}`;
    const args = ['--input-type=module', '-e', SCRIPT];
    const given = [MAIN, `http://127.0.0.1:${scaleOps.port}`, redis, 'cannot be reached'];
    const { stdout } = await promisify(execFile)(process.execPath, [...args, '--', ...given]);
    const { before, after } = JSON.parse(stdout) as Record<'before' | 'after', string[]>;
    expect(after.filter((resource) => !before.includes(resource))).toEqual([]);
  });
});
