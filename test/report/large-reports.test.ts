// Large reports: their bodies wait for a permit, and are parsed in a thread whose failure affects no other report.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';

import { runToEnd } from '../../src/report/computation.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { createParserThread } from '../../src/upstream/parse/parser-thread.js';
import { createReportParser } from '../../src/upstream/parse/report-parser.js';
import { createManualClock } from '../kit/time/clock.js';
import { settle, watch } from '../kit/time/deferred.js';
import { createGate } from '../kit/time/gate.js';
import { startGateway, TOKEN } from '../kit/gateway.js';
import { findUrl } from '../kit/processes/gateway-process.js';
import { MAIN, startProcess } from '../kit/processes/process.js';
import { originOf } from '../kit/report.js';

const LARGE_BYTES = 4_194_304;

/** A report of at least `bytes` bytes; its only namespace has a name in another script. */
function makeText(bytes: number, namespace = '日本'): string {
  const rows: string[] = [];
  for (let length = 0; length < bytes; length += rows.at(-1)!.length + 1) {
    const id = `${rows.length}/`.padEnd(180, 'x');
    rows.push(JSON.stringify({ id, namespace, workloadName: `w-${rows.length % 1_000}`, totalCost: rows.length / 8 }));
  }
  return `{"aggregatedWorkloads":[${rows.join(',')}]}`;
}

/** In its own memory, like received blocks. */
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const countRows = (text: string): number => text.split('"totalCost"').length - 1;

/** An upstream that sends a body except for its end, which the test releases. */
async function startSlowUpstream(body: Buffer) {
  const open: ServerResponse[] = [];
  const gate = createGate();
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    void gate.pass();
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.write(body.subarray(0, -1_000));
    open.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    arrivals: gate.arrivals,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    /** Ends all responses, including later ones. */
    releaseValues(): void {
      for (const response of open) response.end(body.subarray(-1_000));
      open.push = (response) => {
        response.end(body.subarray(-1_000));
        return 0;
      };
    },
  };
}

const QUERY = 'query Rows($last: CostDuration!) { workloadCosts(filter: { last: $last }) { rows { totalCount } } }';

describe('five large reports at once', () => {
  // Fails when a body without a permit is refused, and when a permit is not released.
  test('are all read with one call each, the fifth after another one is parsed', async () => {
    const text = makeText(LARGE_BYTES + 1_000_000);
    const upstream = await startSlowUpstream(Buffer.from(text));
    await using gateway = startGateway(upstream.url);
    const pending = [1, 2, 3, 4, 5].map((days) => gateway.send(QUERY, { last: `${days}d` }));
    await upstream.arrivals(5);
    upstream.releaseValues();
    for (const response of await Promise.all(pending)) {
      expect(response.errors).toEqual([]);
      expect(response.data.workloadCosts.rows.totalCount).toBe(countRows(text));
    }
    expect(upstream.requests()).toBe(5);
  });

  test('fail at their deadline while they wait, and release their place', async () => {
    const text = makeText(LARGE_BYTES + 1_000_000);
    const upstream = await startSlowUpstream(Buffer.from(text));
    const clock = createManualClock();
    await using gateway = startGateway(upstream.url, { SCALEOPS_BREAKER_FAILURES: '100' }, clock);
    const pending = [1, 2, 3, 4, 5, 6].map((days) => gateway.send(QUERY, { last: `${days}d` }));
    await upstream.arrivals(6);
    clock.advance(30_000);
    for (const { errors } of await Promise.all(pending)) {
      expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_TIMEOUT' } }]);
    }
    upstream.releaseValues();
    const again = await gateway.send(QUERY, { last: '7d' });
    expect(again.errors).toEqual([]);
    expect(again.data.workloadCosts.rows.totalCount).toBe(countRows(text));
  });
});

describe('the limit of large bodies', () => {
  test('delays a growing body until another one is released', async () => {
    const limit = createReportParser({ keepsBodies: false, largeBodies: 2 });
    const permits = [0, 1, 2, 3].map(() => limit.start());
    for (const permit of permits) expect(permit.addBytes(LARGE_BYTES)).toBeUndefined();
    const [first, second, third, fourth] = permits.map((permit) => watch(permit.addBytes(LARGE_BYTES + 1)!));
    await settle();
    const isPending = () => [first, second, third, fourth].map((each) => each!.outcome() === 'pending');
    expect(isPending()).toEqual([false, false, true, true]);
    // A body that is released while it waits is removed from the queue.
    permits[2]!.release();
    permits[0]!.release();
    permits[0]!.release();
    await settle();
    expect(fourth!.outcome()).toHaveProperty('value');
    expect(permits[3]!.addBytes(2 * LARGE_BYTES)).toBeUndefined();
    expect(watch(limit.start().addBytes(2 * LARGE_BYTES)!).outcome()).toBe('pending');
  });
});

const CONTEXT = { request: { report: 'workloads' }, receivedAt: 0, pathSetting: '' } as const;

describe('the parser thread', () => {
  test('reads ordinary and unusual bodies, and returns the body', async () => {
    const parser = createReportParser({ keepsBodies: true });
    onTestFinished(() => parser.close());
    const usual = makeText(1_100_000);
    const odd = usual.replace('"totalCost":0', '"totalCost":"0"');
    for (const text of [usual, odd]) {
      const { report, body } = await parser.parse(
        [Buffer.from(text.slice(0, 7)), Buffer.from(text).subarray(7)],
        CONTEXT,
      );
      expect(report.rowCount).toBe(countRows(text));
      expect(runToEnd(report.selectRows({ origin: originOf(report) })).rows.at(0)).toMatchObject({
        namespace: '日本',
        totalCost: 0,
      });
      expect(body?.toString()).toBe(text);
    }
  });

  test('does not detach a shared buffer', async () => {
    const parser = createReportParser({ keepsBodies: true });
    onTestFinished(() => parser.close());
    const shared = Buffer.from(makeText(1_100_000));
    const part = shared.subarray(0, shared.length - 1);
    await expect(parser.parse([part], CONTEXT)).rejects.toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      reason: 'not JSON',
    });
    expect(shared.toString('latin1', 0, 1)).toBe('{');
  });

  test.each([
    [
      'truncated',
      (text: string) => text.slice(0, -2),
      { code: 'UPSTREAM_BAD_RESPONSE', reason: 'not JSON', retry: 'once' },
    ],
    [
      'a page',
      (text: string) => `<p>${text}`,
      { code: 'UPSTREAM_BAD_RESPONSE', message: expect.stringContaining('Check A_PATH.') as string },
    ],
    ['an error', () => `{"error":"${'x'.repeat(1_100_000)}"}`, { code: 'UPSTREAM_ERROR' }],
    ['a list', (text: string) => `[${text}]`, { code: 'UPSTREAM_BAD_RESPONSE', reason: 'the answer is not an object' }],
  ])('reports that a response is %s', async (_name, change, error) => {
    const parser = createReportParser({ keepsBodies: true });
    onTestFinished(() => parser.close());
    const reading = parser.parse([Buffer.from(change(makeText(1_100_000)))], { ...CONTEXT, pathSetting: 'A_PATH' });
    await expect(reading).rejects.toMatchObject(error);
  });

  // Mutation: parser-thread.ts, onEnd keeps the old worker: the next parse never ends.
  test('is replaced for the next report after it runs out of memory', async () => {
    const thread = createParserThread({ maxHeapMb: 24 });
    onTestFinished(() => thread.close());
    const bomb = `{"aggregatedWorkloads":[${'{"a":[[],[]]},'.repeat(1_000_000)}{}]}`;
    await expect(thread.parse([encode(bomb)], false)).rejects.toMatchObject({ code: 'UPSTREAM_RESPONSE_TOO_LARGE' });
    const { response } = await thread.parse([encode('{"aggregatedWorkloads":null}')], false);
    expect(response).toHaveProperty('report');
  });

  test('ends with the gateway, together with its pending report', async () => {
    const thread = createParserThread();
    const reading = thread.parse([encode(makeText(4_000_000))], false);
    const ended = expect(reading).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', reason: 'UND_ERR_DESTROYED' });
    await thread.close();
    await ended;
    await expect(thread.parse([encode('{}')], false)).rejects.toMatchObject({ reason: 'UND_ERR_DESTROYED' });
  });
});

describe('a process with 2 GiB of heap', () => {
  test('reads four reports of 100,000 rows at once, and refuses the fifth', { timeout: 120_000 }, async () => {
    const upstream = await startSlowUpstream(await fetchFleet(100_000));
    const env = {
      SCALEOPS_URL: upstream.url,
      SCALEOPS_TOKEN: TOKEN,
      PORT: '0',
      SCALEOPS_TIMEOUT_MS: '100000',
      GATEWAY_TIMEOUT_MS: '100000',
    };
    await using gateway = startProcess([process.execPath, '--max-old-space-size=2048', MAIN], { env });
    const url = findUrl(await gateway.line(/./));
    const pending = [1, 2, 3, 4, 5].map((days) => send(url, `${days}d`));
    await upstream.arrivals(5);
    upstream.releaseValues();
    expect(await Promise.all(pending)).toEqual(
      Array(5).fill({ data: { workloadCosts: { rows: { totalCount: 100_000 } } } }),
    );
    expect(upstream.requests()).toBe(5);
    const peak = Number(/VmHWM:\s*(\d+)/.exec(await readFile(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) / 1_024;
    expect(peak).toBeLessThan(2_048);
  });

  async function send(url: string, last: string): Promise<object> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY, variables: { last } }),
    });
    const { data, errors } = (await response.json()) as { data: object; errors?: object };
    return { data, ...(errors && { errors }) };
  }
});

async function fetchFleet(workloads: number): Promise<Buffer> {
  const simulator = createSimulator({ workloads, token: 't', now: () => Date.UTC(2026, 0, 31) });
  const url = await simulator.listen();
  const response = await fetch(`${url}/detailedCostReport/getWorkloads?multiCluster=true`, {
    method: 'POST',
    headers: { authorization: 'Bearer t', 'content-type': 'application/json', 'accept-encoding': 'identity' },
    body: '{}',
  });
  const body = Buffer.from(await response.arrayBuffer());
  await simulator.close();
  return body;
}

describe('the body of a report', () => {
  test('is returned without a copy when it has its own buffer, short or long', async () => {
    const [parser, keeping] = [
      createReportParser({ keepsBodies: false }),
      createReportParser({ keepsBodies: true }),
    ] as const;
    onTestFinished(async () => {
      await Promise.all([parser.close(), keeping.close()]);
    });
    for (const text of [makeText(1_000), makeText(1_100_000)]) {
      const { report, body } = await parser.parse([Buffer.from(text)], CONTEXT);
      expect([report.rowCount, body]).toEqual([countRows(text), undefined]);
      expect((await keeping.parse([Buffer.from(text)], CONTEXT)).body?.toString()).toBe(text);
    }
  });
});
