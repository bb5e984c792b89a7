// HTTPS_PROXY, HTTP_PROXY and NO_PROXY: ScaleOps, logins and signing keys are reached through the proxy, and its password
// appears nowhere. Only the proxy can resolve the host names.

import { describe, expect, onTestFinished, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { startConnectProxy, type ConnectProxy } from '../kit/upstream/connect-proxy.js';
import { createManualClock } from '../kit/time/clock.js';
import { failing, ONE, WORKLOADS } from '../kit/upstream/fault-fixture.js';
import * as faults from '../kit/upstream/fault-server.js';
import { startFaultServer } from '../kit/upstream/fault-server.js';
import { startGateway, TOKEN } from '../kit/gateway.js';
import { AUDIENCE, claimsAt, createSigningKey, ISSUER, signToken, startIssuer } from '../kit/identity/issuer.js';
import { findFreePort } from '../kit/upstream/tcp-proxy.js';

const SECRET = 'canary-of-the-proxy';
const QUERY = '{ workloadCosts { rows { totalCount } } }';

async function startUpstream() {
  const simulator = createSimulator({ workloads: 50, token: TOKEN, now: () => Date.UTC(2026, 0, 31) });
  const port = Number(new URL(await simulator.listen()).port);
  const proxy = await startConnectProxy(() => port);
  onTestFinished(async () => {
    await proxy[Symbol.asyncDispose]();
    await simulator.close();
  });
  return { port, proxy };
}

const proxyUrl = ({ port }: Pick<ConnectProxy, 'port'>): string => `http://user:${SECRET}@127.0.0.1:${port}`;

describe('a gateway with HTTP_PROXY', () => {
  test('reaches ScaleOps through the proxy, with the password of the proxy', async () => {
    const { proxy } = await startUpstream();
    await using gateway = startGateway('http://scaleops.invalid:8080', { HTTP_PROXY: proxyUrl(proxy) });
    const { errors, data } = await gateway.send(QUERY);
    expect(errors).toEqual([]);
    expect(data.workloadCosts.rows.totalCount).toBe(25);
    expect(proxy.tunnels).toEqual(['scaleops.invalid:8080']);
    expect(proxy.headers[0]?.['proxy-authorization']).toBe(`Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}`);
    expect(proxy.headers[0]).not.toHaveProperty('authorization');
  });

  test('prefers the lower-case name, and accepts a proxy without a scheme', async () => {
    const { proxy } = await startUpstream();
    const env = { http_proxy: `127.0.0.1:${proxy.port}`, HTTP_PROXY: 'http://127.0.0.1:1' };
    await using gateway = startGateway('http://scaleops.invalid:8080', env);
    expect((await gateway.send(QUERY)).errors).toEqual([]);
    expect(proxy.tunnels).toHaveLength(1);
  });

  test.each(['127.0.0.1', 'example.com,127.0.0.1', '*'])('connects directly with NO_PROXY=%s', async (NO_PROXY) => {
    const { port, proxy } = await startUpstream();
    await using gateway = startGateway(`http://127.0.0.1:${port}`, { HTTP_PROXY: proxyUrl(proxy), NO_PROXY });
    expect((await gateway.send(QUERY)).errors).toEqual([]);
    expect(proxy.tunnels).toEqual([]);
  });

  test('logs in through the proxy', async () => {
    const { proxy } = await startUpstream();
    const login = { SCALEOPS_AUTH: 'login', SCALEOPS_TOKEN: '', SCALEOPS_USERNAME: 'demo', SCALEOPS_PASSWORD: 'demo' };
    await using gateway = startGateway('http://scaleops.invalid', { HTTP_PROXY: proxyUrl(proxy), ...login });
    expect((await gateway.send(QUERY)).errors).toEqual([]);
    expect(proxy.tunnels).toEqual(['scaleops.invalid:80', 'scaleops.invalid:80']);
  });

  test('fetches signing keys through the proxy', async () => {
    const key = await createSigningKey('first');
    await using issuer = await startIssuer(key);
    const { port } = await startUpstream();
    await using proxy = await startConnectProxy((tunnel) =>
      tunnel.startsWith('issuer.') ? Number(new URL(issuer.url).port) : port,
    );
    await using gateway = startGateway('http://scaleops.invalid', {
      HTTP_PROXY: proxyUrl(proxy),
      GATEWAY_AUTH: 'jwt',
      GATEWAY_JWT_ISSUER: ISSUER,
      GATEWAY_JWT_AUDIENCE: AUDIENCE,
      GATEWAY_JWT_JWKS_URL: `http://issuer.invalid${new URL(issuer.url).pathname}`,
    });
    const token = await signToken(key, claimsAt(Date.now()));
    const { errors } = await gateway.send(QUERY, undefined, { headers: { authorization: `Bearer ${token}` } });
    expect(errors).toEqual([]);
    expect(proxy.tunnels[0]).toBe('issuer.invalid:80');
  });

  test('retries immediately when a reused tunnel is closed', async () => {
    await using upstream = await startFaultServer();
    await using proxy = await startConnectProxy(() => upstream.port);
    const clock = createManualClock();
    const env = { HTTP_PROXY: proxyUrl(proxy), SCALEOPS_MAX_IN_FLIGHT: '1', CACHE_TTL_SECONDS: '0' };
    await using gateway = startGateway('http://scaleops.invalid', env, clock);
    expect((await gateway.send(ONE)).errors).toEqual([]);
    upstream.respond(WORKLOADS, failing(1, faults.resetBeforeHeaders));
    expect((await gateway.send(ONE)).errors).toEqual([]);
    expect(upstream.requests).toHaveLength(3);
  });
});

describe('a proxy that fails', () => {
  const expectUnavailable = async (env: Record<string, string>, reason: string): Promise<void> => {
    await using gateway = startGateway('http://scaleops.invalid', { SCALEOPS_MAX_ATTEMPTS: '1', ...env });
    const response = await gateway.send(QUERY);
    expect(response.errors).toMatchObject([{ extensions: { code: 'UPSTREAM_UNAVAILABLE', retryable: true } }]);
    expect(gateway.log.at(-1)).toMatchObject({ msg: 'operation', errorReasons: [reason] });
    expect(response.text + JSON.stringify(gateway.log)).not.toMatch(new RegExp(`${SECRET}|scaleops.invalid|dXNlcj`));
  };

  test.each([407, 403, 502])('that responds to CONNECT with %i makes ScaleOps UPSTREAM_UNAVAILABLE', async (status) => {
    const { proxy } = await startUpstream();
    proxy.refuse(status);
    await expectUnavailable({ HTTP_PROXY: proxyUrl(proxy) }, `proxy: HTTP ${status}`);
    expect(proxy.tunnels).toHaveLength(1);
  });

  test('that does not listen makes ScaleOps UPSTREAM_UNAVAILABLE', async () => {
    await expectUnavailable({ HTTP_PROXY: proxyUrl({ port: await findFreePort() }) }, 'proxy: ECONNREFUSED');
  });

  test('is the reason why signing keys cannot be fetched', async () => {
    await using gateway = startGateway('http://scaleops.invalid', {
      HTTP_PROXY: proxyUrl({ port: await findFreePort() }),
      GATEWAY_AUTH: 'jwt',
      GATEWAY_JWT_ISSUER: ISSUER,
      GATEWAY_JWT_AUDIENCE: AUDIENCE,
      GATEWAY_JWT_JWKS_URL: 'http://issuer.invalid/keys',
    });
    const token = await signToken(await createSigningKey('first'), claimsAt(Date.now()));
    await gateway.send(QUERY, undefined, { headers: { authorization: `Bearer ${token}` } });
    const line = gateway.log.find(({ msg }) => msg === 'the signing keys of the issuer cannot be fetched');
    expect(line).toMatchObject({ reason: 'proxy: ECONNREFUSED' });
  });
});

describe('the settings of a proxy', () => {
  const URL_AND_TOKEN = { SCALEOPS_URL: 'https://scaleops.test', SCALEOPS_TOKEN: TOKEN };

  test.each(['socks5://canary:1080', 'http://', 'ftp://canary'])('refuse %s without repeating it', (HTTPS_PROXY) => {
    const read = () => readConfig({ ...URL_AND_TOKEN, HTTPS_PROXY });
    expect(read).toThrow('HTTPS_PROXY must be the http:// or https:// URL of a proxy.');
    expect(read).not.toThrow('canary');
  });

  test('are none when only NO_PROXY is set', () => {
    expect(readConfig({ ...URL_AND_TOKEN, NO_PROXY: 'example.com' }).config.proxy).toBeUndefined();
  });
});
