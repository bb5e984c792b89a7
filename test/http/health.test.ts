// Liveness and readiness over real sockets, also when the dependencies are down.

import { describe, expect, test } from 'vitest';

import { Readiness, type UnreadyReason } from '../../src/http/server/readiness.js';
import { startFaultServer } from '../kit/upstream/fault-server.js';
import { startGateway, startStack } from '../kit/gateway.js';
import { createGate } from '../kit/time/gate.js';
import { parseMetrics } from '../kit/formats/prometheus.js';
import { findFreePort } from '../kit/upstream/tcp-proxy.js';

describe('a gateway without reachable ScaleOps and Redis', () => {
  test('starts, is ready, and serves requests that need neither', async () => {
    const [upstream, redis] = [await findFreePort(), await findFreePort()];
    const env = { CACHE_REDIS_URL: `redis://127.0.0.1:${redis}`, SCALEOPS_MAX_ATTEMPTS: '1' };
    await using stack = startGateway(`http://127.0.0.1:${upstream}`, env);
    const url = await stack.gateway.listen();
    for (const what of ['live', 'ready']) {
      const response = await fetch(`${url}/health/${what}`);
      expect([response.status, await response.json()]).toEqual([200, { status: 'up' }]);
    }
    const send = async (query: string): Promise<unknown> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
      return response.json();
    };
    expect(await send('{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    expect(await send('{ workloadCosts { asOf } }')).toMatchObject({
      data: { workloadCosts: null },
      errors: [{ extensions: { code: 'UPSTREAM_UNAVAILABLE', retryable: true } }],
    });
    const metrics = parseMetrics(await (await fetch(`${url}/metrics`)).text());
    expect(metrics.value('gateway_shared_cache_up')).toBe(0);
    expect(
      metrics.value('gateway_upstream_attempts_total', { report: 'workloads', outcome: 'UPSTREAM_UNAVAILABLE' }),
    ).toBe(1);
  });

  test('starts with a host that accepts connections and never responds', async () => {
    await using upstream = await startFaultServer();
    await using stack = startGateway(upstream.url);
    const url = await stack.gateway.listen();
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect(upstream.bytesReceived()).toBe(0);
  });
});

describe('a gateway that stops', () => {
  // Mutations: close() without a reason; a body that names it; a log line for each probe instead of each change.
  test('is live and not ready, and logs the reason once', async () => {
    const gate = createGate();
    await using stack = await startStack({ simulator: { latency: gate.pass } });
    const { gateway, log } = stack;
    await gateway.listen();
    const pending = stack.send('{ workloadCosts { asOf } }');
    await gate.arrivals(1);
    const health = (what: string) => gateway.fetch(new Request(`http://gateway/health/${what}`));
    expect((await health('ready')).status).toBe(200);
    const closed = gateway.close();
    for (let time = 0; time < 2; time += 1) {
      const response = await health('ready');
      expect([response.status, await response.text()]).toEqual([503, '{"status":"down"}']);
      expect((await health('live')).status).toBe(200);
    }
    expect(log.filter(({ msg }) => String(msg).includes('ready'))).toMatchObject([
      { level: 30, msg: 'not ready', reasons: ['stopping'] },
    ]);
    gate.open();
    await pending;
    await closed;
  });
});

describe('readiness', () => {
  function watch() {
    const changes: [boolean, readonly UnreadyReason[]][] = [];
    return { changes, readiness: new Readiness((isReady, reasons) => changes.push([isReady, reasons])) };
  }

  test('is false while any reason holds', () => {
    const { readiness, changes } = watch();
    expect(readiness.isReady()).toBe(true);
    readiness.set('no signing keys', true);
    readiness.set('stopping', true);
    expect(readiness.isReady()).toBe(false);
    readiness.set('no signing keys', false);
    expect(readiness.isReady()).toBe(false);
    readiness.set('stopping', false);
    expect(readiness.isReady()).toBe(true);
    expect(changes).toEqual([
      [false, ['no signing keys']],
      [true, []],
    ]);
  });

  test('is logged once per change', () => {
    const { readiness, changes } = watch();
    for (const holds of [false, true, true, false, false]) readiness.set('stopping', holds);
    expect(changes).toEqual([
      [false, ['stopping']],
      [true, []],
    ]);
  });
});
