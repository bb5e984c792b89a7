// SCALEOPS_AUTH=none: a ScaleOps without authentication.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { startGateway } from '../kit/gateway.js';
import { isRedisSkipped, startRedis } from '../kit/processes/redis.js';
import { CONNECTED, startReplica } from '../kit/processes/replicas.js';

const NONE = { SCALEOPS_AUTH: 'none', SCALEOPS_TOKEN: '', SCALEOPS_MAX_ATTEMPTS: '1' };
const QUERY = '{ workloadCosts { totals { totalCost } } }';
const BODY = JSON.stringify({ aggregatedWorkloads: [{ clusterName: 'c', totalCost: 7 }] });

/** A ScaleOps that responds with `status` to every request, and the `authorization` of each request. */
async function startOpenUpstream(status = 200) {
  const authorizations: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    response.writeHead(status, { 'content-type': 'application/json' }).end(BODY);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, authorizations };
}

describe('SCALEOPS_AUTH=none', () => {
  test('sends no Authorization header, and treats all callers as one principal', async () => {
    const upstream = await startOpenUpstream();
    await using gateway = startGateway(upstream.url, NONE);
    for (const authorization of [undefined, 'Bearer ann', 'Bearer bob']) {
      const { data } = await gateway.send(QUERY, {}, { headers: authorization === undefined ? {} : { authorization } });
      expect(data.workloadCosts.totals.totalCost).toBe(7);
    }
    expect(upstream.authorizations).toEqual([undefined]);
  });

  test('names the setting when ScaleOps requires a token', async () => {
    const upstream = await startOpenUpstream(401);
    await using gateway = startGateway(upstream.url, NONE);
    const { errors } = await gateway.send(QUERY);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ extensions: { code: 'UPSTREAM_UNAUTHENTICATED', retryable: false } });
    expect(errors[0]!.message).toContain('set SCALEOPS_AUTH to token or login');
    expect(upstream.authorizations).toEqual([undefined]);
  });

  test.skipIf(isRedisSkipped)('shares reports between gateways', async () => {
    const upstream = await startOpenUpstream();
    await using redis = await startRedis();
    const env = { ...NONE, CACHE_REDIS_URL: redis.url };
    await using one = startReplica(upstream.url, env);
    await using other = startReplica(upstream.url, env);
    for (const gateway of [one, other]) await gateway.logged(CONNECTED);
    expect((await one.send(QUERY)).data.workloadCosts.totals.totalCost).toBe(7);
    await vi.waitFor(async () => {
      expect(await redis.keys()).not.toEqual([]);
    });
    expect((await other.send(QUERY)).data.workloadCosts.totals.totalCost).toBe(7);
    expect(upstream.authorizations).toEqual([undefined]);
  });
});
