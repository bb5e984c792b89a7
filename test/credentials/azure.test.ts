// SCALEOPS_AUTH=azure through the whole gateway over real sockets, against a strict login host (see kit/identity.ts) or a
// broken one. Storage and renewal of tokens are the same as for SCALEOPS_AUTH=login, and tested there. Every test counts
// logins and calls.

import { describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import {
  expectNothingLeaks,
  expectRefused,
  nameIn,
  startStand,
  until,
  type Stand,
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

type Harm = (identity: Identity) => void;

function failing(...how: Parameters<Identity['fail']>): Harm {
  return (identity) => {
    identity.fail(...how);
  };
}

interface AzureStand extends Stand {
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

async function startAzureStand(options: IdentityOptions = {}): Promise<AzureStand> {
  const identity = await startIdentity({ issue: () => `${CANARY}-token-${identity.issued.length + 1}`, ...options });
  const stand = await startStand({ env: azureEnv(identity.url) });
  // Every token that this host has issued.
  stand.live.has = (token) => identity.issued.includes(token);
  return Object.assign(stand, {
    identity,
    [Symbol.asyncDispose]: closeBoth(stand, identity),
  });
}

/** Closes both; the stand's check for leaks includes the address of the login host. */
function closeBoth(stand: Stand, host: AsyncDisposable & { readonly url: string }): () => Promise<void> {
  const closeStand = stand[Symbol.asyncDispose].bind(stand);
  return async () => {
    await closeStand();
    await host[Symbol.asyncDispose]();
    expectNothingLeaks(stand.gateway, [], [Number(new URL(host.url).port)]);
  };
}

describe('the request for a token', () => {
  test('is the form of the client-credentials grant, and nothing else', async () => {
    await using stand = await startAzureStand();
    expect(nameIn(await stand.ask())).toBe('report 1');
    const [request] = stand.identity.requests;
    expect(stand.identity.requests).toHaveLength(1);
    expect([request!.method, request!.path]).toEqual(['POST', `/${TENANT}/oauth2/token`]);
    const form = [
      'grant_type=client_credentials',
      `client_id=${CLIENT_ID}`,
      `client_secret=${CANARY}%7Esecret%2B%2F%3D%26%252B`,
      'scope=https%3A%2F%2Fgraph.microsoft.com%2F.default',
    ].join('&');
    expect(request!.body).toBe(form);
    expect(request!.headers).toEqual({
      host: new URL(stand.identity.url).host,
      connection: 'keep-alive',
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(form.length),
    });
    expect(stand.sent).toEqual([`${CANARY}-token-1`]);
  });

  test('uses the path of the authority', async () => {
    await using host = await startFaultServer();
    host.answer('/oauth2/token', faults.json({ access_token: 'good' }));
    // A trailing slash makes no difference.
    for (const authority of [host.url, `${host.url}/`]) {
      await using stand = await startStand({ env: azureEnv(authority) });
      stand.live.add('good');
      expect((await stand.ask()).errors).toEqual([]);
    }
    const path = `/${CANARY}-in-base-path/${TENANT}/oauth2/token`;
    expect(host.requests.map((request) => request.path)).toEqual([path, path]);
  });

  test('is made once for 20 different questions, and once more when all are refused', async () => {
    let gate = createGate();
    await using stand = await startAzureStand({ latency: () => gate.pass() });
    const asked = stand.askNew(20);
    await gate.arrivals(1);
    gate.open();
    for (const answer of await asked) expect(answer.errors).toEqual([]);
    expect([stand.identity.requests.length, stand.sent.length]).toEqual([1, 20]);
    gate = createGate();
    stand.live.has = (token) => token === `${CANARY}-token-2`;
    const refused = stand.askNew(8);
    // All are refused before the new token is there.
    await stand.upstream.arrivals(28);
    gate.open();
    for (const answer of await refused) expect(answer.errors).toEqual([]);
    expect([stand.identity.requests.length, stand.sent.length]).toEqual([2, 36]);
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
    await using stand = await startAzureStand();
    const answerWith = (token: string): void => {
      stand.identity.fail(200, { token_type: 'Bearer', access_token: token, expires_in: expiresIn });
    };
    stand.live.has = () => true;
    answerWith(`${CANARY}-one`);
    await stand.ask();
    answerWith(`${CANARY}-two`);
    stand.clock.advance(renewMs - 1);
    await stand.askNew(2);
    await stand.quiet();
    expect(stand.identity.requests).toHaveLength(1);
    stand.clock.advance(1);
    await stand.askNew(1);
    await stand.quiet();
    await stand.askNew(1);
    expect(stand.sent.map((token) => token.slice(CANARY.length + 1))).toEqual(['one', 'one', 'one', 'one', 'two']);
    expect(stand.identity.requests).toHaveLength(2);
  });

  test('ends with its exp when that is earlier', async () => {
    const clock = createManualClock();
    const token = makeJwt({ sub: CANARY, exp: clock.now() / 1000 + 600 });
    await using stand = await startAzureStand({ issue: () => token });
    await stand.ask();
    stand.clock.advance(539_999);
    await stand.askNew(1);
    await stand.quiet();
    expect(stand.identity.requests).toHaveLength(1);
    stand.clock.advance(1);
    await stand.askNew(1);
    await stand.quiet();
    expect([stand.identity.requests.length, stand.sent.length]).toEqual([2, 3]);
  });
});

describe('a refused account', () => {
  // Mutations that fail here: the response text as the reason of the refusal; only 401 treated as a refusal.
  test.each<[string, Harm]>([
    ['400', failing(400)],
    ['401', failing(401)],
    ['403', failing(403)],
    ['400 with a token', failing(400, { access_token: 'good' })],
    ['401 that is no JSON', failing(401, `<html>${CANARY}`)],
  ])('with %s is UPSTREAM_UNAUTHENTICATED, and makes no login for 30 s', async (_title, refuse) => {
    await using stand = await startAzureStand();
    refuse(stand.identity);
    expectRefused(await stand.ask(), 'UPSTREAM_UNAUTHENTICATED', CLIENT_HINT);
    for (const answer of await stand.askNew(20)) expectRefused(answer, 'UPSTREAM_UNAUTHENTICATED', CLIENT_HINT);
    stand.clock.advance(PAUSE_MS - 1);
    expectRefused(await stand.ask(), 'UPSTREAM_UNAUTHENTICATED', CLIENT_HINT);
    expect([stand.identity.requests.length, stand.sent]).toEqual([1, []]);
    stand.clock.advance(1);
    stand.identity.recover();
    expect((await stand.ask()).errors).toEqual([]);
    expect([stand.identity.requests.length, stand.sent.length]).toEqual([2, 1]);
  });

  test('has a wrong secret: the strict host answers 401', async () => {
    await using stand = await startAzureStand({ clientSecret: 'another' });
    expectRefused(await stand.ask(), 'UPSTREAM_UNAUTHENTICATED', CLIENT_HINT);
    expect([stand.identity.requests.length, stand.sent]).toEqual([1, []]);
  });

  test('is served no cached report', async () => {
    await using stand = await startAzureStand();
    await stand.ask();
    stand.clock.advance(HOUR_MS);
    stand.identity.fail(401);
    expectRefused(await stand.ask(), 'UPSTREAM_UNAUTHENTICATED', CLIENT_HINT);
    expect([stand.identity.requests.length, stand.sent.length]).toEqual([2, 1]);
  });
});

// Mutations that fail here: isToken() left out; a status other than 200 accepted.
// Each row: a report with a valid token, an hour, then the fault: the cached report is served, others get the error.
describe('a login host that gives no token', () => {
  const expectFault = async (
    stand: Stand,
    logins: () => number,
    code: string,
    hint?: string,
    meanwhile?: () => Promise<void>,
  ): Promise<void> => {
    const asked = Promise.all([stand.ask(1), stand.ask(2)]);
    await meanwhile?.();
    const [older, none] = await asked;
    expect([nameIn(older), older.data.workloadCosts.isStale]).toEqual(['report 1', true]);
    expectRefused(none, code, hint);
    expect(none.errors[0]!.message).not.toMatch(/filter/i);
    expect([logins(), stand.sent.length]).toEqual([2, 1]);
  };

  test.each<[string, string, string | undefined, Harm]>([
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
    ['answers 204', 'UPSTREAM_BAD_RESPONSE', HOST_HINT, failing(204, '')],
    [
      'answers with a page',
      'UPSTREAM_BAD_RESPONSE',
      HOST_HINT,
      (identity) => {
        identity.html();
      },
    ],
    [
      'leaves the token out',
      'UPSTREAM_BAD_RESPONSE',
      HOST_HINT,
      (identity) => {
        identity.omitToken();
      },
    ],
    ['answers null', 'UPSTREAM_BAD_RESPONSE', HOST_HINT, failing(200, 'null')],
    ['answers with an empty body', 'UPSTREAM_BAD_RESPONSE', HOST_HINT, failing(200, '')],
    ['answers with a list', 'UPSTREAM_BAD_RESPONSE', HOST_HINT, failing(200, '["canary"]')],
    ['truncates its JSON', 'UPSTREAM_BAD_RESPONSE', HOST_HINT, failing(200, '{"access_token":"can')],
    ['answers 500', 'UPSTREAM_ERROR', undefined, failing(500)],
    ['answers 503', 'UPSTREAM_UNAVAILABLE', undefined, failing(503)],
    ['answers 429', 'UPSTREAM_RATE_LIMITED', undefined, failing(429, {}, { 'retry-after': '9' })],
    [
      'resets the connection',
      'UPSTREAM_UNAVAILABLE',
      undefined,
      (identity) => {
        identity.reset();
      },
    ],
    ...[7, null, '', 'a b', 'a\r\nb', 'ä', {}, ['t']].map((token): [string, string, string, Harm] => [
      `answers with the token ${JSON.stringify(token)}`,
      'UPSTREAM_BAD_RESPONSE',
      HOST_HINT,
      failing(200, { access_token: token, expires_in: 3_599 }),
    ]),
  ])('because it %s is %s', async (_title, code, hint, harm) => {
    await using stand = await startAzureStand();
    await stand.ask(1);
    stand.clock.advance(HOUR_MS);
    harm(stand.identity);
    await expectFault(stand, () => stand.identity.requests.length, code, hint);
  });

  test('because it redirects to another host is an error, and that host receives nothing', async () => {
    await using other = await startFaultServer();
    await using stand = await startAzureStand();
    await stand.ask(1);
    stand.clock.advance(HOUR_MS);
    stand.identity.redirect(307, other.url);
    await expectFault(stand, () => stand.identity.requests.length, 'UPSTREAM_BAD_RESPONSE', HOST_HINT);
    expect(other.bytesReceived()).toBe(0);
  });

  test('because it hangs times out after 10 s', async () => {
    await using stand = await startAzureStand();
    await stand.ask(1);
    stand.clock.advance(HOUR_MS);
    stand.identity.hang();
    await expectFault(
      stand,
      () => stand.identity.requests.length,
      'UPSTREAM_TIMEOUT',
      undefined,
      async () => {
        await until(() => stand.identity.requests.length === 2 && stand.clock.pending() === 3);
        stand.clock.advance(9_999);
        expect(stand.clock.pending()).toBe(3);
        stand.clock.advance(1);
        await stand.identity.requests[1]!.closed;
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
    host.answer('/oauth2/token', faults.json({ access_token: 'good', expires_in: 3_599 }));
    await using stand = await startStand({ env: azureEnv(host.url) });
    stand.live.add('good');
    await stand.ask(1);
    stand.clock.advance(HOUR_MS);
    host.answer('/oauth2/token', fault);
    const meanwhile = async (): Promise<void> => {
      await until(() => host.requests.length === 2 && stand.clock.pending() === 3);
      drip.drop();
      stand.clock.advance(9_999);
      expect(stand.clock.pending()).toBe(3);
      stand.clock.advance(1);
      await host.requests[1]!.closed;
    };
    const hangs = code === 'UPSTREAM_TIMEOUT' ? meanwhile : undefined;
    await expectFault(stand, () => host.requests.length, code, hint, hangs);
    expectNothingLeaks(stand.gateway, [], [host.port]);
  });

  test('because its port is closed is UPSTREAM_UNAVAILABLE', async () => {
    await using host = await startFaultServer();
    await using stand = await startStand({ env: azureEnv(host.url) });
    await host.stop();
    expectRefused(await stand.ask(), 'UPSTREAM_UNAVAILABLE');
    expect([host.requests, stand.sent]).toEqual([[], []]);
  });
});
