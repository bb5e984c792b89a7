// Clients that hold connections and send nothing, or a byte now and then: they delay no other client, are disconnected
// in time, and leave no memory in use.

import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';

import { systemClock } from '../../src/clock.js';
import { createHttpServer, TIMES, type ServerTimes } from '../../src/http/server/server.js';
import { createGate } from '../kit/time/gate.js';
import { waitForClose, openConnection, startProcessStack } from '../kit/processes/gateway-process.js';

const COUNT = 1_000;
/** Fewer than the listen backlog of the system. */
const AT_ONCE = 100;
const HEAD = 'POST /graphql HTTP/1.1\r\nHost: gateway\r\nX-Slow: ';

async function openMany(url: string, count: number): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, () =>
      connect(Number(port), hostname).on('error', () => undefined),
    );
    await Promise.all(batch.map((socket) => once(socket, 'connect')));
    sockets.push(...batch);
  }
  return sockets;
}

/** Writes to all; resolves when the system has accepted the bytes. */
async function writeToAll(sockets: readonly Socket[], data: string): Promise<void> {
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.write(data, resolve))));
}

/** Over a new connection, with its duration. */
async function fetchHealth(url: string) {
  const startedAt = performance.now();
  const [response] = (await once(httpRequest(`${url}/health/live`, { agent: false }).end(), 'response')) as [
    IncomingMessage,
  ];
  await text(response);
  return { status: response.statusCode, tookMs: performance.now() - startedAt };
}

const openFiles = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

async function residentMb(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

describe(`${COUNT} connections that send nothing and ${COUNT} that send a byte now and then`, () => {
  test('delay no other client, use little memory, and leave nothing behind', async () => {
    const { url, pid } = await startProcessStack();
    expect((await fetchHealth(url)).status).toBe(200);
    const before = { files: await openFiles(pid), mb: await residentMb(pid) };
    const silent = await openMany(url, COUNT);
    const slow = await openMany(url, COUNT);
    await writeToAll(slow, HEAD);
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      // Concurrently, so that this request arrives among the many.
      const [health] = await Promise.all([fetchHealth(url), writeToAll(slow, 'x')]);
      expect(health.status).toBe(200);
      times.push(health.tookMs);
    }
    expect(await openFiles(pid)).toBeGreaterThanOrEqual(2 * COUNT);
    // A few milliseconds on an idle machine.
    expect(median(times)).toBeLessThan(2_000);
    expect((await residentMb(pid)) - before.mb).toBeLessThan(100);

    const all = [...silent, ...slow];
    const closed = Promise.all(all.map((socket) => waitForClose(socket.resume())));
    for (const socket of all) socket.end();
    await closed;
    expect((await fetchHealth(url)).status).toBe(200);
    // Only the connections of the health checks remain.
    expect(await openFiles(pid)).toBeLessThan(before.files + 10);
  }, 60_000);
});

describe('a slow client', () => {
  const QUICK: Partial<ServerTimes> = { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 10 };

  /** A server with the limits `QUICK`, whose responses wait for the gate. */
  async function startServer(times: Partial<ServerTimes>) {
    const gate = createGate();
    const listener = createHttpServer((_request, response) => void gate.pass().then(() => response.end('late')), {
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      times,
    });
    const url = await listener.listen();
    onTestFinished(async () => {
      gate.open();
      await listener.close();
    });
    return { url, gate };
  }

  test.each([
    ['nothing', ''],
    ['half a head', HEAD],
    ['half a body', 'POST / HTTP/1.1\r\nHost: gateway\r\nContent-Length: 100\r\n\r\n{'],
  ])('that sends %s gets an error and is disconnected; a client with a pending request is not', async (_what, sent) => {
    const { url, gate } = await startServer(QUICK);
    const pending = fetch(url);
    await gate.arrivals(1);
    const socket = await openConnection(url, sent);
    const response = await text(socket);
    expect(response).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n/);
    // Its request was complete, so the client is not slow.
    gate.open();
    expect(await (await pending).text()).toBe('late');
  });

  test('that sends byte by byte is disconnected, too: bytes do not extend its time', async () => {
    const { url } = await startServer(QUICK);
    const socket = await openConnection(url, HEAD);
    const response = text(socket);
    const drip = (): void => {
      if (socket.writable) socket.write('x', () => setImmediate(drip));
    };
    drip();
    // Either the error arrives, or the reset caused by a later byte.
    expect(await response.catch(() => '408')).toContain('408');
  });

  test('between two requests is disconnected', async () => {
    const { url, gate } = await startServer({ keepAliveTimeout: 50 });
    gate.open();
    const socket = await openConnection(url, 'GET / HTTP/1.1\r\nHost: gateway\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*late/);
  });

  test('has default limits above the idle times of load balancers and below a minute', () => {
    expect(TIMES.keepAliveTimeout).toBeGreaterThan(60_000);
    expect(TIMES.headersTimeout).toBeLessThanOrEqual(15_000);
    expect(TIMES.requestTimeout).toBeLessThanOrEqual(60_000);
    expect(TIMES.connectionsCheckingInterval).toBeLessThanOrEqual(2_000);
  });
});

describe('a running gateway', () => {
  test('sends its keep-alive time, and refuses a head over 16 KiB', async () => {
    const { url } = await startProcessStack();
    expect((await fetch(`${url}/health/live`)).headers.get('keep-alive')).toBe('timeout=75');
    const long = await fetch(`${url}/health/live`, { headers: { 'x-long': 'x'.repeat(16_384) } });
    expect(long.status).toBe(431);
    const short = await fetch(`${url}/health/live`, { headers: { 'x-long': 'x'.repeat(15_000) } });
    expect(short.status).toBe(200);
  });
});
