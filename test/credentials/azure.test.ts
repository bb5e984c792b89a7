// SCALEOPS_AUTH=azure through the whole gateway over real sockets, against a strict login host (kit/identity/azure.ts)
// or a broken one. Tests of SCALEOPS_AUTH=login cover storage and renewal of tokens. Every test counts logins and
// calls.

import { describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import {
  expectNothingLeaks,
  expectRefused,
  nameIn,
  startFixture,
  until,
  type Fixture,
} from '../kit/identity/credentials.js';
import * as faults from '../kit/upstream/fault-server.js';
import { CANARY, startFaultServer, type Fault } from '../kit/upstream/fault-server.js';
import { createGate } from '../kit/time/gate.js';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  startIdentity,
  TENANT,
  type Identity,
  type IdentityOptions,
} from '../kit/identity/azure.js';
import { makeJwt } from '../kit/upstream/tenants.js';

const CLIENT_HINT = 'Check SCALEOPS_AZURE_TENANT_ID, _CLIENT_ID and _CLIENT_SECRET.';
const HOST_HINT = 'Check SCALEOPS_AZURE_AUTHORITY.';
const HOUR_MS = 3_600_000;
const PAUSE_MS = 30_000;

type SetFault = (identity: Identity) => void;

function failing(...how: Parameters<Identity['fail']>): SetFault {
  return (identity) => {
    identity.fail(...how);
  };
}

interface AzureFixture extends Fixture {
  readonly identity: Identity;
}

function azureEnv(authority: string): Record<string, string> {
  return {
    SCALEOPS_AUTH: 'azure',
    SCALEOPS_AZURE_TENANT_ID: TENANT,
    SCALEOPS_AZURE_CLIENT_ID: CLIENT_ID,
    SCALEOPS_AZURE_CLIENT_SECRET: CLIENT_SECRET,
    SCALEOPS_AZURE_AUTHORITY: authority,
    CACHE_STALE_IF_ERROR_SECONDS: '86400',
  };
}

async function startAzureFixture(options: IdentityOptions = {}): Promise<AzureFixture> {
  const identity = await startIdentity({ issue: () => `${CANARY}-token-${identity.issued.length + 1}`, ...options });
  const fixture = await startFixture({ env: azureEnv(identity.url) });
  // Every token that this host has issued.
  fixture.live.has = (token) => identity.issued.includes(token);
  return Object.assign(fixture, {
    identity,
    [Symbol.asyncDispose]: closeBoth(fixture, identity),
  });
}

/** Closes both; the check for leaks includes the address of the login host. */
function closeBoth(fixture: Fixture, host: AsyncDisposable & { readonly url: string }): () => Promise<void> {
  const closeFixture = fixture[Symbol.asyncDispose].bind(fixture);
  return async () => {
    await closeFixture();
    await host[Symbol.asyncDispose]();
    expectNothingLeaks(fixture.gateway, [], [Number(new URL(host.url).port)]);
  };
}

describe('the request for a token', () => {
  test('is the form of the client-credentials grant, and nothing else', async () => {
    await using fixture = await startAzureFixture();
    expect(nameIn(await fixture.send())).toBe('report 1');
    const [request] = fixture.identity.requests;
    expect(fixture.identity.requests).toHaveLength(1);
    expect([request!.method, request!.path]).toEqual(['POST', `/${TENANT}/oauth2/token`]);
    const form = [
      'grant_type=client_credentials',
      `client_id=${CLIENT_ID}`,
      `client_secret=${CANARY}%7Esecret%2B%2F%3D%26%252B`,
      'scope=https%3A%2F%2Fgraph.microsoft.com%2F.default',
    ].join('&');
    expect(request!.body).toBe(form);
    expect(request!.headers).toEqual({
      host: new URL(fixture.identity.url).host,
      connection: 'keep-alive',
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(form.length),
    });
    expect(fixture.sent).toEqual([`${CANARY}-token-1`]);
  });

  test('uses the path of the authority', async () => {
    await using host = await startFaultServer();
    host.respond('/oauth2/token', faults.json({ access_token: 'good' }));
    // A trailing slash makes no difference.
    for (const authority of [host.url, `${host.url}/`]) {
      await using fixture = await startFixture({ env: azureEnv(authority) });
      fixture.live.add('good');
      expect((await fixture.send()).errors).toEqual([]);
    }
    const path = `/${CANARY}-in-base-path/${TENANT}/oauth2/token`;
    expect(host.requests.map((request) => request.path)).toEqual([path, path]);
  });

  test('is made once for 20 different reports, and once more when all are refused', async () => {
    let gate = createGate();
    await using fixture = await startAzureFixture({ latency: () => gate.pass() });
    const pending = fixture.sendNew(20);
    await gate.arrivals(1);
    gate.open();
    for (const response of await pending) expect(response.errors).toEqual([]);
    expect([fixture.identity.requests.length, fixture.sent.length]).toEqual([1, 20]);
    gate = createGate();
    fixture.live.has = (token) => token === `${CANARY}-token-2`;
    const refused = fixture.sendNew(8);
    // All are refused before the new token arrives.
    await fixture.upstream.arrivals(28);
    gate.open();
    for (const response of await refused) expect(response.errors).toEqual([]);
    expect([fixture.identity.requests.length, fixture.sent.length]).toEqual([2, 36]);
  });
});

// Mutations that fail here: `seconds > 0` left out; expires_in read as milliseconds.
describe('the lifetime of a token', () => {
  const untilHour = HOUR_MS - 300_000;
  test.each<[string, unknown, number]>([
    ['a number of seconds', 3_599, 3_299_000],
    ['a number of seconds as a string', '3599', 3_299_000],
    ['a short time', 600, 540_000],
    ['a short time as a string', '600', 540_000],
    ['a day', 86_400, 86_100_000],
    ['absent', undefined, untilHour],
    ['null', null, untilHour],
    ['zero', 0, untilHour],
    ['zero as a string', '0', untilHour],
    ['negative', -3_600, untilHour],
    ['negative, as a string', '-1', untilHour],
    ['empty', '', untilHour],
    ['no number', 'canary', untilHour],
    ['an object', {}, untilHour],
    ['true', true, untilHour],
  ])('is renewed in its last tenth when expires_in is %s', async (_title, expiresIn, renewMs) => {
    // startIdentity() replaces undefined by its default, so it is set here explicitly.
    await using fixture = await startAzureFixture();
    const respondWith = (token: string): void => {
      fixture.identity.fail(200, { token_type: 'Bearer', access_token: token, expires_in: expiresIn });
    };
    fixture.live.has = () => true;
    respondWith(`${CANARY}-one`);
    await fixture.send();
    respondWith(`${CANARY}-two`);
    fixture.clock.advance(renewMs - 1);
    await fixture.sendNew(2);
    await fixture.whenIdle();
    expect(fixture.identity.requests).toHaveLength(1);
    fixture.clock.advance(1);
    await fixture.sendNew(1);
    await fixture.whenIdle();
    await fixture.sendNew(1);
    expect(fixture.sent.map((token) => token.slice(CANARY.length + 1))).toEqual(['one', 'one', 'one', 'one', 'two']);
    expect(fixture.identity.requests).toHaveLength(2);
  });

  test('ends with its exp when exp is earlier', async () => {
    const clock = createManualClock();
    const token = makeJwt({ sub: CANARY, exp: clock.now() / 1000 + 600 });
    await using fixture = await startAzureFixture({ issue: () => token });
    await fixture.send();
    fixture.clock.advance(539_999);
    await fixture.sendNew(1);
    await fixture.whenIdle();
    expect(fixture.identity.requests).toHaveLength(1);
    fixture.clock.advance(1);
    await fixture.sendNew(1);
    await fixture.whenIdle();
    expect([fixture.identity.requests.length, fixture.sent.length]).toEqual([2, 3]);
  });
});

describe('a refused account', () => {
  // Mutations that fail here: the response text as the reason of the refusal; only 401 treated as a refusal.
  test.each<[string, SetFault]>([
    ['400', failing(400)],
    ['401', failing(401)],
    ['403', failing(403)],
    ['400 with a token', failing(400, { access_token: 'good' })],
    ['401 that is no JSON', failing(401, `<html>${CANARY}`)],
  ])('with %s is UPSTREAM_UNAUTHENTICATED, and makes no login for 30 s', async (_title, refuse) => {
    await using fixture = await startAzureFixture();
    refuse(fixture.identity);
    expectRefused(await fixture.send(), 'UPSTREAM_UNAUTHENTICATED', CLIENT_HINT);
    for (const response of await fixture.sendNew(20)) expectRefused(response, 'UPSTREAM_UNAUTHENTICATED', CLIENT_HINT);
    fixture.clock.advance(PAUSE_MS - 1);
    expectRefused(await fixture.send(), 'UPSTREAM_UNAUTHENTICATED', CLIENT_HINT);
    expect([fixture.identity.requests.length, fixture.sent]).toEqual([1, []]);
    fixture.clock.advance(1);
    fixture.identity.recover();
    expect((await fixture.send()).errors).toEqual([]);
    expect([fixture.identity.requests.length, fixture.sent.length]).toEqual([2, 1]);
  });

  test('with a wrong secret gets 401 from the login host', async () => {
    await using fixture = await startAzureFixture({ clientSecret: 'another' });
    expectRefused(await fixture.send(), 'UPSTREAM_UNAUTHENTICATED', CLIENT_HINT);
    expect([fixture.identity.requests.length, fixture.sent]).toEqual([1, []]);
  });

  test('is served no cached report', async () => {
    await using fixture = await startAzureFixture();
    await fixture.send();
    fixture.clock.advance(HOUR_MS);
    fixture.identity.fail(401);
    expectRefused(await fixture.send(), 'UPSTREAM_UNAUTHENTICATED', CLIENT_HINT);
    expect([fixture.identity.requests.length, fixture.sent.length]).toEqual([2, 1]);
  });
});

// Mutations that fail here: isToken() left out; a status other than 200 accepted.
// Each row: a report with a valid token, an hour, then the fault: the cached report is served, others get the error.
describe('a login host that returns no token', () => {
  const expectFault = async (
    fixture: Fixture,
    logins: () => number,
    code: string,
    hint?: string,
    meanwhile?: () => Promise<void>,
  ): Promise<void> => {
    const pending = Promise.all([fixture.send(1), fixture.send(2)]);
    await meanwhile?.();
    const [older, none] = await pending;
    expect([nameIn(older), older.data.workloadCosts.isStale]).toEqual(['report 1', true]);
    expectRefused(none, code, hint);
    expect(none.errors[0]!.message).not.toMatch(/filter/i);
    expect([logins(), fixture.sent.length]).toEqual([2, 1]);
  };

  test.each<[string, string, string | undefined, SetFault]>([
    [
      'redirects',
      'UPSTREAM_BAD_RESPONSE',
      HOST_HINT,
      (identity) => {
        identity.redirect();
      },
    ],
    [
      'redirects with the form',
      'UPSTREAM_BAD_RESPONSE',
      HOST_HINT,
      (identity) => {
        identity.redirect(307);
      },
    ],
    [
      'redirects with a token',
      'UPSTREAM_BAD_RESPONSE',
      HOST_HINT,
      failing(302, { access_token: 'good', expires_in: 3_599 }, { location: '/' }),
    ],
    ['responds with 204', 'UPSTREAM_BAD_RESPONSE', HOST_HINT, failing(204, '')],
    [
      'responds with a page',
      'UPSTREAM_BAD_RESPONSE',
      HOST_HINT,
      (identity) => {
        identity.html();
      },
    ],
    [
      'omits the token',
      'UPSTREAM_BAD_RESPONSE',
      HOST_HINT,
      (identity) => {
        identity.omitToken();
      },
    ],
    ['responds with null', 'UPSTREAM_BAD_RESPONSE', HOST_HINT, failing(200, 'null')],
    ['responds with an empty body', 'UPSTREAM_BAD_RESPONSE', HOST_HINT, failing(200, '')],
    ['responds with a list', 'UPSTREAM_BAD_RESPONSE', HOST_HINT, failing(200, '["canary"]')],
    ['truncates its JSON', 'UPSTREAM_BAD_RESPONSE', HOST_HINT, failing(200, '{"access_token":"can')],
    ['responds with 500', 'UPSTREAM_ERROR', undefined, failing(500)],
    ['responds with 503', 'UPSTREAM_UNAVAILABLE', undefined, failing(503)],
    ['responds with 429', 'UPSTREAM_RATE_LIMITED', undefined, failing(429, {}, { 'retry-after': '9' })],
    [
      'resets the connection',
      'UPSTREAM_UNAVAILABLE',
      undefined,
      (identity) => {
        identity.reset();
      },
    ],
    ...[7, null, '', 'a b', 'a\r\nb', 'ä', {}, ['t']].map((token): [string, string, string, SetFault] => [
      `responds with the token ${JSON.stringify(token)}`,
      'UPSTREAM_BAD_RESPONSE',
      HOST_HINT,
      failing(200, { access_token: token, expires_in: 3_599 }),
    ]),
  ])('because it %s is %s', async (_title, code, hint, setFault) => {
    await using fixture = await startAzureFixture();
    await fixture.send(1);
    fixture.clock.advance(HOUR_MS);
    setFault(fixture.identity);
    await expectFault(fixture, () => fixture.identity.requests.length, code, hint);
  });

  test('because it redirects to another host is an error, and that host receives nothing', async () => {
    await using other = await startFaultServer();
    await using fixture = await startAzureFixture();
    await fixture.send(1);
    fixture.clock.advance(HOUR_MS);
    fixture.identity.redirect(307, other.url);
    await expectFault(fixture, () => fixture.identity.requests.length, 'UPSTREAM_BAD_RESPONSE', HOST_HINT);
    expect(other.bytesReceived()).toBe(0);
  });

  test('because it hangs times out after 10 s', async () => {
    await using fixture = await startAzureFixture();
    await fixture.send(1);
    fixture.clock.advance(HOUR_MS);
    fixture.identity.hang();
    await expectFault(
      fixture,
      () => fixture.identity.requests.length,
      'UPSTREAM_TIMEOUT',
      undefined,
      async () => {
        await until(() => fixture.identity.requests.length === 2 && fixture.clock.pending() === 3);
        fixture.clock.advance(9_999);
        expect(fixture.clock.pending()).toBe(3);
        fixture.clock.advance(1);
        await fixture.identity.requests[1]!.closed;
      },
    );
  });

  const drip = faults.createDrip();
  test.each<[string, string, Fault, string?]>([
    ['sends one byte at a time', 'UPSTREAM_TIMEOUT', drip.fault],
    ['stops in the body', 'UPSTREAM_TIMEOUT', faults.stopInBody],
    ['stops in the headers', 'UPSTREAM_TIMEOUT', faults.stopInHeaders],
    ['resets the connection in the body', 'UPSTREAM_UNAVAILABLE', faults.resetInBody],
    ['closes the connection', 'UPSTREAM_UNAVAILABLE', faults.closeBeforeHeaders],
    ['does not speak HTTP', 'UPSTREAM_BAD_RESPONSE', faults.garbage],
    ['sends endless headers', 'UPSTREAM_BAD_RESPONSE', faults.hugeHeaders],
    ['sends an endless body', 'UPSTREAM_BAD_RESPONSE', faults.tooLong(), HOST_HINT],
    ['sends a decompression bomb', 'UPSTREAM_BAD_RESPONSE', faults.gzipBomb(), HOST_HINT],
    ['sends corrupt gzip', 'UPSTREAM_BAD_RESPONSE', faults.corruptGzip],
  ])('because it %s is %s', async (_title, code, fault, hint) => {
    await using host = await startFaultServer();
    host.respond('/oauth2/token', faults.json({ access_token: 'good', expires_in: 3_599 }));
    await using fixture = await startFixture({ env: azureEnv(host.url) });
    fixture.live.add('good');
    await fixture.send(1);
    fixture.clock.advance(HOUR_MS);
    host.respond('/oauth2/token', fault);
    const meanwhile = async (): Promise<void> => {
      await until(() => host.requests.length === 2 && fixture.clock.pending() === 3);
      drip.drop();
      fixture.clock.advance(9_999);
      expect(fixture.clock.pending()).toBe(3);
      fixture.clock.advance(1);
      await host.requests[1]!.closed;
    };
    const hangs = code === 'UPSTREAM_TIMEOUT' ? meanwhile : undefined;
    await expectFault(fixture, () => host.requests.length, code, hint, hangs);
    expectNothingLeaks(fixture.gateway, [], [host.port]);
  });

  test('because its port is closed is UPSTREAM_UNAVAILABLE', async () => {
    await using host = await startFaultServer();
    await using fixture = await startFixture({ env: azureEnv(host.url) });
    await host.stop();
    expectRefused(await fixture.send(), 'UPSTREAM_UNAVAILABLE');
    expect([host.requests, fixture.sent]).toEqual([[], []]);
  });
});
