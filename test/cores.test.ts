// Several workers behind one port, as processes: how they start, share, stop, and are replaced. The simulator runs in the
// test's own process. A connection of its own for each request, as node:cluster deals out connections and not requests.

import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';

import { createGate } from './kit/gate.js';
import { TOKEN } from './kit/gateway.js';
import { findUrl, startSimulator, useGatewayProcess, type ProcessStack } from './kit/gateway-process.js';
import { parseMetrics } from './kit/prometheus.js';
import { isRedisSkipped, startRedis } from './kit/redis.js';

const { start, runToEnd, startStack } = useGatewayProcess();

const TWO = { GATEWAY_WORKERS: '2' };

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One request over a connection of its own. */
async function send(url: string, body?: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const request = httpRequest(url, { agent: false, method: body === undefined ? 'GET' : 'POST', headers });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  return { status: response.statusCode, text: await text(response) };
}

/** How many rows there are in the answer to a report of its own for each `last`. */
async function countRows(url: string, last = '7d'): Promise<number> {
  const query = `{ workloadCosts(filter: { multiCluster: true, last: "${last}" }) { rows { totalCount } } }`;
  const answer = await send(`${url}/graphql`, { query });
  expect(answer.status).toBe(200);
  const { data } = JSON.parse(answer.text) as { data: { workloadCosts: { rows: { totalCount: number } } } };
  return data.workloadCosts.rows.totalCount;
}

const scrape = async (url: string) => parseMetrics((await send(`${url}/metrics`)).text);

/** The process ids in the lines of the log that fit. */
function pidsOf(lines: readonly string[], pattern: RegExp): number[] {
  return lines.filter((line) => pattern.test(line)).map((line) => (JSON.parse(line) as { pid: number }).pid);
}

/** Lets both workers answer; gives their process ids. */
async function meetWorkers({ url, logLine }: ProcessStack): Promise<readonly [number, number]> {
  await countRows(url);
  await countRows(url);
  const { pid: first } = (await logLine(/"operation"/)) as { pid: number };
  const { pid: second } = (await logLine(new RegExp(`"pid":(?!${first},).*"operation"`))) as { pid: number };
  return [first, second];
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('the start', () => {
  test('says once where it listens and how many workers there are', async () => {
    const stack = await startStack({}, TWO);
    await meetWorkers(stack);
    expect(stack.lines[0]).toMatch(/^Gateway on http:\/\/127\.0\.0\.1:\d+ with 2 workers$/);
    expect(stack.lines.filter((line) => line.includes('Gateway on'))).toHaveLength(1);
  });

  test('says once what is wrong with the settings, and ends as one process does', async () => {
    const env = { ...TWO, SCALEOPS_URL: 'ftp://x', SCALEOPS_TOKEN: TOKEN };
    const { SCALEOPS_URL: _, ...rest } = env;
    expect(await runToEnd(env)).toEqual(await runToEnd({ ...env, GATEWAY_WORKERS: '1' }));
    expect(await runToEnd(rest)).toMatchObject({ code: 1, stdout: '' });
  });

  test('on an occupied port says so once, and ends with 1', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void occupant.close());
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const env = { ...TWO, SCALEOPS_URL: 'http://x', SCALEOPS_TOKEN: TOKEN, PORT: `${port}` };
    const stderr = `Port ${port} is already in use. Set PORT to another one.\n`;
    expect(await runToEnd(env)).toEqual({ code: 1, signal: null, stdout: '', stderr });
  });

  test('tells each warning once', async () => {
    const stack = await startStack({}, { ...TWO, SCALEOPS_TOKN: 'x' });
    await meetWorkers(stack);
    stack.kill('SIGTERM');
    const { stdout } = await stack.ended;
    expect(stdout.match(/SCALEOPS_TOKN is not a setting/g)).toHaveLength(1);
  });

  test('of the demo has one simulator for all, whatever the settings of a real ScaleOps', async () => {
    const running = start(
      { ...TWO, PORT: '0', SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN_FILE: '/nonexistent' },
      '--demo',
    );
    const url = findUrl(await running.line(/SIMULATED.*with 2 workers/));
    expect(await Promise.all([countRows(url), countRows(url)])).toEqual([1000, 1000]);
    running.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('what workers have in common', () => {
  test.skipIf(isRedisSkipped)(
    'is the shared cache: a report that one has fetched is not fetched by another',
    async () => {
      await using redis = await startRedis();
      const stack = await startStack({}, { ...TWO, CACHE_REDIS_URL: redis.url });
      await meetWorkers(stack);
      expect(stack.received).toHaveLength(1);
    },
  );

  test('is nothing without it: each fetches its own', async () => {
    const stack = await startStack({}, TWO);
    await meetWorkers(stack);
    expect(stack.received).toHaveLength(2);
  });

  test('is what /metrics tells, whichever is asked', async () => {
    const stack = await startStack({}, TWO);
    await meetWorkers(stack);
    for (let asked = 0; asked < 5; asked += 1) await countRows(stack.url);
    for (const metrics of [await scrape(stack.url), await scrape(stack.url)]) {
      expect(metrics.sum('gateway_operations_total')).toBe(7);
      expect(metrics.value('gateway_operation_duration_seconds_count', { operation: 'anonymous' })).toBe(7);
      expect(metrics.sum('gateway_cache_results_total', { result: 'miss' })).toBe(2);
      expect(metrics.value('gateway_cache_max_bytes')).toBe(256 * 1_048_576);
      expect(metrics.value('gateway_workers')).toBe(2);
      expect(metrics.value('gateway_info', { version: '0.1.0' })).toBe(1);
    }
  });

  test('is left out of /metrics where it does not answer within a second, but for what it had counted', async () => {
    const stack = await startStack({}, TWO);
    const [, silent] = await meetWorkers(stack);
    const before = (await scrape(stack.url)).sum('gateway_operations_total');
    process.kill(silent, 'SIGSTOP');
    onTestFinished(() => {
      if (isAlive(silent)) process.kill(silent, 'SIGCONT');
    });
    // One of them is dealt to the silent worker, and waits for as long as that.
    const metrics = await Promise.any([scrape(stack.url), scrape(stack.url)]);
    expect(metrics.value('gateway_workers')).toBe(1);
    expect(metrics.sum('gateway_operations_total')).toBe(before);
  });
});

describe('SIGTERM', () => {
  test('with 50 requests in flight over two workers: all are answered, no worker stays, and it ends with 0', async () => {
    const gate = createGate();
    // However they are dealt out: a busy worker gets fewer.
    const stack = await startStack({ latency: gate.pass }, { ...TWO, SCALEOPS_MAX_IN_FLIGHT: '100' });
    const answers = Array.from({ length: 50 }, (_, index) => countRows(stack.url, `${index + 1}d`));
    await gate.arrivals(50);
    stack.kill('SIGTERM');
    // Of the primary, and of both workers.
    await Promise.all([stack.line(/"not ready"/), stack.line(/stopping: /)]);
    gate.open();
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 50 }, () => 50));
    const { code, stderr, stdout } = await stack.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n');
    expect(new Set(pidsOf(lines, /"operation"/)).size).toBe(2);
    expect(new Set(pidsOf(lines, /"stopped"/)).size).toBe(3);
    // Each line is whole, though three wrote at the same time.
    expect(pidsOf(lines.slice(1, -1), /^/)).toHaveLength(lines.length - 2);
    expect(pidsOf(lines, /"stopped"/).some(isAlive)).toBe(false);
  });

  test('to the workers is not for them: a terminal sends it to all, and the primary says when to stop', async () => {
    const stack = await startStack({}, TWO);
    const workers = await meetWorkers(stack);
    for (const pid of workers) process.kill(pid, 'SIGINT');
    for (const pid of workers) process.kill(pid, 'SIGINT');
    expect(await countRows(stack.url)).toBe(50);
    stack.kill('SIGINT');
    expect(await stack.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('for the second time ends all at once', async () => {
    const gate = createGate();
    onTestFinished(gate.open);
    const stack = await startStack({ latency: gate.pass }, TWO);
    const answers = ['1d', '2d'].map((last) => countRows(stack.url, last).catch(() => 'lost'));
    await gate.arrivals(2);
    stack.kill('SIGTERM');
    await stack.line(/"not ready"/);
    stack.kill('SIGINT');
    const { stdout, ...ended } = await stack.ended;
    expect(ended).toEqual({ code: 130, signal: null, stderr: '' });
    expect(stdout).not.toContain('"stopped');
    expect(await Promise.all(answers)).toEqual(['lost', 'lost']);
  });

  test('ends with 1 when a worker did not get to its end', async () => {
    const gate = createGate();
    let latency = (): Promise<void> => Promise.resolve();
    const stack = await startStack({ latency: () => latency() }, TWO);
    const [victim] = await meetWorkers(stack);
    latency = gate.pass;
    const answers = ['1d', '2d'].map((last) => countRows(stack.url, last).catch(() => 'lost'));
    await gate.arrivals(2);
    stack.kill('SIGTERM');
    await stack.line(new RegExp(`"pid":${victim},.*"not ready"`));
    process.kill(victim, 'SIGKILL');
    gate.open();
    expect((await Promise.all(answers)).sort()).toEqual([50, 'lost']);
    const { code, stdout } = await stack.ended;
    expect(code).toBe(1);
    expect(stdout).toContain('"stopped with an error"');
    expect(stdout).not.toContain('another one takes its place');
  });

  test('while a request outlasts the limit ends with it told so, and with 0', async () => {
    const gate = createGate();
    onTestFinished(gate.open);
    const stack = await startStack({ latency: gate.pass }, { ...TWO, GATEWAY_SHUTDOWN_LIMIT_SECONDS: '1' });
    const query = '{ workloadCosts(filter: { multiCluster: true }) { rows { totalCount } } }';
    const answer = send(`${stack.url}/graphql`, { query });
    await gate.arrivals(1);
    stack.kill('SIGTERM');
    expect((await answer).text).toContain('SHUTTING_DOWN');
    expect(await stack.ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a worker that dies', () => {
  test('is logged and replaced, after pauses that grow, while the other one answers', async () => {
    const stack = await startStack({}, TWO);
    let [victim, other] = await meetWorkers(stack);
    for (const pauseMs of [100, 200, 400]) {
      const asked = (await scrape(stack.url)).sum('gateway_operations_total');
      process.kill(victim, 'SIGKILL');
      const lost = await stack.logLine(new RegExp(`"worker":${victim},.*another one takes its place`));
      expect(lost).toMatchObject({ level: 50, worker: victim, code: null, signal: 'SIGKILL', pauseMs });
      expect(await countRows(stack.url)).toBe(50);
      // What the dead one had counted is told for good: a sum that falls looks like a restart.
      expect((await scrape(stack.url)).sum('gateway_operations_total')).toBe(asked + 1);
      [victim, other] = [other, await meetNew(stack, [victim, other])];
    }
    stack.kill('SIGTERM');
    expect(await stack.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([1, 2])('before it listened, as number %i of the first start, ends all with an error', async (id) => {
    const { url: upstream } = await startSimulator();
    const code = `import cluster from "node:cluster"; if (cluster.worker?.id === ${id}) process.kill(process.pid, "SIGKILL")`;
    const env = { ...TWO, SCALEOPS_URL: upstream, SCALEOPS_TOKEN: TOKEN, PORT: '0', NODE_OPTIONS: preload(code) };
    const ended = { code: 1, signal: null, stdout: '', stderr: 'The gateway could not start.\n' };
    expect(await runToEnd(env)).toEqual(ended);
  });
});

/** The option of Node that runs this before the gateway. */
const preload = (code: string): string => `--import=data:text/javascript,${encodeURIComponent(code)}`;

/** Asks until a worker has answered that is none of these. */
async function meetNew(stack: ProcessStack, known: readonly number[]): Promise<number> {
  const isNew = (pid: number) => !known.includes(pid) && isAlive(pid);
  for (;;) {
    await countRows(stack.url);
    const pid = pidsOf(stack.lines, /"operation"/).find(isNew);
    if (pid !== undefined) return pid;
  }
}

describe('a primary that dies', () => {
  test('takes its workers with it, which finish what is in flight', async () => {
    const gate = createGate();
    const stack = await startStack({ latency: gate.pass }, TWO);
    const answers = ['1d', '2d'].map((last) => countRows(stack.url, last));
    await gate.arrivals(2);
    stack.kill('SIGKILL');
    await stack.line(/the primary is gone/);
    gate.open();
    expect(await Promise.all(answers)).toEqual([50, 50]);
    // The workers hold its output open until they have ended.
    const { signal, stdout } = await stack.ended;
    expect(signal).toBe('SIGKILL');
    expect(pidsOf(stdout.split('\n'), /"stopped"/)).toHaveLength(2);
  });
});

test('without workers it is one process, whose lines name none', async () => {
  const stack = await startStack();
  await countRows(stack.url);
  expect(stack.lines[0]).toMatch(/^Gateway on \S+$/);
  expect(await stack.logLine(/"operation"/)).not.toHaveProperty('pid');
  expect((await scrape(stack.url)).families.has('gateway_workers')).toBe(false);
});
