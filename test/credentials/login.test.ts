// SCALEOPS_AUTH=login through the whole gateway over real sockets: the login request, its response, and the time of
// logins. Every test counts logins and calls, on a clock that the test moves.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';

import { ERROR_CODES } from '../../src/errors.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { createManualClock, type ManualClock } from '../kit/time/clock.js';
import {
  expectNothingLeaks,
  expectRefused,
  LOGIN,
  nameIn,
  query,
  startFixture,
  until,
} from '../kit/identity/credentials.js';
import * as faults from '../kit/upstream/fault-server.js';
import { CANARY, startFaultServer, type Fault } from '../kit/upstream/fault-server.js';
import { createGate } from '../kit/time/gate.js';
import { startGateway } from '../kit/gateway.js';
import { makeJwt } from '../kit/upstream/tenants.js';

const HINT = 'Check SCALEOPS_USERNAME and SCALEOPS_PASSWORD.';
const HOUR_MS = 3_600_000;
/** How long before its end a token of an hour is renewed. */
const AHEAD_MS = 300_000;
const PAUSE_MS = 30_000;

/** A login that waits at a gate. */
function held(fault: Fault, pass: () => Promise<void>): Fault {
  return (socket) => {
    void pass().then(() => {
      fault(socket);
    });
  };
}

// Mutations that fail here: another cookie; the slash of the base path kept.
describe('the login request', () => {
  test('is exactly the documented one, below the base path', async () => {
    const seen: { request: IncomingMessage; body: string }[] = [];
    const server = createServer((request, response) => {
      void readText(request).then((body) => {
        seen.push({ request, body });
        const isLogin = request.url === `/${CANARY}/base/auth/callback`;
        if (isLogin) response.writeHead(302, { location: '/?token=t' }).end();
        else response.end(JSON.stringify(faults.goodReport()));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    // A trailing slash of the base path makes no difference.
    await using gateway = startGateway(`http://127.0.0.1:${port}/${CANARY}/base/`, LOGIN);
    const reply = await gateway.send(query());
    server.closeAllConnections();
    server.close();

    const [login, report] = seen;
    expect(seen).toHaveLength(2);
    expect([login!.request.method, login!.request.url]).toEqual(['POST', `/${CANARY}/base/auth/callback`]);
    expect(login!.request.headers).toEqual({
      host: `127.0.0.1:${port}`,
      connection: 'keep-alive',
      cookie: 'auth_state=TOKEN',
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(login!.body)),
    });
    expect(login!.body).toBe(JSON.stringify({ username: LOGIN.SCALEOPS_USERNAME, password: LOGIN.SCALEOPS_PASSWORD }));
    expect(report!.request.headers.authorization).toBe('Bearer t');
    expect(report!.request.headers.cookie).toBeUndefined();
    expect(nameIn(reply)).toBe('api');
    expectNothingLeaks(gateway, [reply], [port]);
  });

  test('succeeds at the simulator, whose tokens expire and can be revoked', async () => {
    const clock = createManualClock();
    const simulator = createSimulator({
      workloads: 50,
      token: `${CANARY}-fixed`,
      login: {
        users: { [LOGIN.SCALEOPS_USERNAME]: LOGIN.SCALEOPS_PASSWORD },
        tokenFormat: 'jwt',
        tokenLifetimeMs: 600_000,
      },
      now: () => clock.now(),
    });
    const url = await simulator.listen();
    await using gateway = startGateway(url, LOGIN, clock);
    const granted: number[] = [];
    const send = async (about: number): Promise<void> => {
      expect((await gateway.send(query(about))).errors).toEqual([]);
      granted.push(simulator.logins.granted);
    };
    await send(1);
    await send(2);
    simulator.revoke();
    await send(3);
    clock.advance(599_999);
    await send(4);
    expect(granted).toEqual([1, 1, 2, 3]);
    expect(simulator.logins.refused).toBe(0);
    await simulator.close();
  });
});

describe('the response to a login', () => {
  // Mutation that fails here: decodeURIComponent() on the token, which decodes twice.
  test.each([
    ['in base64', 'a+b/c=='],
    ['with a percent sign', '100%'],
    ['that looks encoded', 'a%2Bb%20c'],
    ['that looks like a query', 'a&b=c#d?e'],
    ['with every allowed character', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'],
    ['that is a JWT', makeJwt({ sub: CANARY })],
    ['of 8 kB', CANARY.padEnd(8_000, 'x')],
  ])('contains a URL-encoded token %s, which is sent decoded', async (_title, token) => {
    await using fixture = await startFixture({ issue: () => token });
    expect((await fixture.send()).errors).toEqual([]);
    expect(fixture.sent).toEqual([token]);
    expect(fixture.logins).toHaveLength(1);
  });

  test.each([
    ['of any status', 303, '/?token=good'],
    ['that is permanent', 301, '/?token=good'],
    ['that would repeat the password', 307, '/auth/callback?token=good'],
    ['with other parameters', 302, '/app/?next=%2Fcosts&token=good&state=TOKEN#fragment'],
    ['relative to the page', 302, '?token=good'],
  ])('is a redirect %s, which is not followed', async (_title, status, location) => {
    await using fixture = await startFixture();
    fixture.live.add('good');
    fixture.login = faults.redirect(location, status);
    expect((await fixture.send()).errors).toEqual([]);
    expect(fixture.sent).toEqual(['good']);
    expect(fixture.upstream.requests).toHaveLength(2);
  });

  test.each(['http://', '//'])(
    'is not followed to another host by %s, and that host receives nothing',
    async (scheme) => {
      await using other = await startFaultServer();
      await using fixture = await startFixture();
      fixture.live.add('good');
      fixture.login = faults.redirect(`${scheme}127.0.0.1:${other.port}/?token=good`);
      expect((await fixture.send()).errors).toEqual([]);
      expect([fixture.upstream.requests.length, other.bytesReceived()]).toEqual([2, 0]);
    },
  );

  // Mutations that fail here: a pause of 29 s or of 31 s; isToken() left out of readToken(); the Location in the reason.
  test.each<[string, Fault]>([
    ['a redirect to the login page', faults.redirect(`/login?error=${CANARY}`)],
    ['a redirect to nowhere', faults.respond(302, CANARY)],
    ['a redirect that is no URL', faults.redirect(`http://[${CANARY}?token=good`)],
    ['a redirect with an empty token', faults.redirect('/?token=')],
    ['a token with a blank', faults.redirect('/?token=good%20bad')],
    ['a token with a plus that is not encoded', faults.redirect('/?token=good+bad')],
    ['a token with a line break', faults.redirect('/?token=good%0D%0Ax-injected:%20bad')],
    ['a token with a NUL', faults.redirect('/?token=good%00')],
    ['a token with a DEL', faults.redirect('/?token=good%7F')],
    ['a token with an umlaut', faults.redirect('/?token=g%C3%B6%C3%B6d')],
    ['401', faults.status(401)],
    ['403', faults.status(403)],
    ['400', faults.status(400)],
    ['the login page with 200', faults.loginPage],
    ['JSON with 200', faults.json({ token: 'good' })],
    ['nothing with 204', faults.bareStatus(204)],
    ['the login page with 200, of 300 kB', faults.html(`<input type="password">${CANARY.padEnd(300_000, ' ')}`)],
  ])('is a refusal when it is %s: no login for 30 s', async (_title, fault) => {
    await using fixture = await startFixture();
    const grant = fixture.login;
    fixture.login = fault;
    expectRefused(await fixture.send(), 'UPSTREAM_UNAUTHENTICATED', HINT);
    const [first, ...others] = await fixture.sendNew(20);
    for (const response of [first!, ...others]) expectRefused(response, 'UPSTREAM_UNAUTHENTICATED', HINT);
    expect(first!.errors[0]!.extensions.retryable).toBe(false);

    fixture.clock.advance(PAUSE_MS - 1);
    expectRefused((await fixture.sendNew(1))[0]!, 'UPSTREAM_UNAUTHENTICATED', HINT);
    expect([fixture.logins.length, fixture.sent]).toEqual([1, []]);
    fixture.clock.advance(1);
    expectRefused((await fixture.sendNew(1))[0]!, 'UPSTREAM_UNAUTHENTICATED', HINT);
    expect([fixture.logins.length, fixture.sent]).toEqual([2, []]);
    fixture.clock.advance(PAUSE_MS);
    fixture.login = grant;
    expect((await fixture.send()).errors).toEqual([]);
    expect([fixture.logins.length, fixture.sent.length]).toEqual([3, 1]);
  });

  test('is a refusal for all waiting requests, and purges their cached reports', async () => {
    await using fixture = await startFixture({ env: { ...LOGIN, CACHE_STALE_IF_ERROR_SECONDS: '86400' } });
    await fixture.send(1);
    fixture.clock.advance(HOUR_MS);
    const gate = createGate();
    const grant = fixture.login;
    fixture.login = held(faults.status(401), gate.pass);
    const waiting = [fixture.send(1), ...[2, 3, 4].map((about) => fixture.send(about))];
    await gate.arrivals(1);
    gate.open();
    for (const response of await Promise.all(waiting)) expectRefused(response, 'UPSTREAM_UNAUTHENTICATED', HINT);
    expect(fixture.logins).toHaveLength(2);

    // The cached report would be served for a fault, but not after a refusal.
    fixture.login = grant;
    fixture.report = faults.status(503);
    fixture.clock.advance(PAUSE_MS);
    expectRefused(await fixture.send(1), 'UPSTREAM_UNAVAILABLE');
    expect([fixture.logins.length, fixture.sent.length]).toEqual([3, 2]);
  });

  test('names the address when it has no login page', async () => {
    await using fixture = await startFixture();
    fixture.login = faults.status(404);
    expectRefused(await fixture.send(), 'UPSTREAM_NOT_FOUND', 'Check SCALEOPS_URL.');
    expect([fixture.logins.length, fixture.sent]).toEqual([1, []]);
  });
});

// Mutation that fails here: flights.join() replaced by a call of obtain().
describe('a login', () => {
  test('is shared by 20 concurrent requests for different reports', async () => {
    await using fixture = await startFixture();
    const gate = createGate();
    fixture.login = held(fixture.login, gate.pass);
    const pending = fixture.sendNew(20);
    await gate.arrivals(1);
    gate.open();
    for (const response of await pending) expect(response.errors).toEqual([]);
    expect(fixture.logins).toHaveLength(1);
    expect(fixture.sent).toEqual(Array(20).fill(`${CANARY}-token-1`));
  });

  test('continues for clients that stay, and is cancelled when all have disconnected', async () => {
    await using fixture = await startFixture();
    const gate = createGate();
    const grant = fixture.login;
    fixture.login = held(grant, gate.pass);
    const controller = new AbortController();
    const left = [1, 2, 3].map((about) => fixture.send(about, { signal: controller.signal }).catch(() => undefined));
    const staying = fixture.send(4);
    await gate.arrivals(1);
    controller.abort();
    await Promise.all(left);
    gate.open();
    expect((await staying).errors).toEqual([]);
    expect([fixture.logins.length, fixture.sent.length]).toEqual([1, 1]);

    fixture.clock.advance(HOUR_MS);
    fixture.login = faults.neverRespond;
    const all = new AbortController();
    const gone = [5, 6].map((about) => fixture.send(about, { signal: all.signal }).catch(() => undefined));
    await until(() => fixture.logins.length === 2);
    all.abort();
    await Promise.all(gone);
    await fixture.logins[1]!.closed;
    await fixture.whenIdle();
    // A cancelled login is no refusal: the next request may log in immediately.
    fixture.login = grant;
    expect((await fixture.send(7)).errors).toEqual([]);
    expect([fixture.logins.length, fixture.sent.length]).toEqual([3, 2]);
  });

  test('is not made for a cached report, whatever the state of the token', async () => {
    await using fixture = await startFixture({ env: { ...LOGIN, CACHE_TTL_SECONDS: '86400' } });
    await fixture.send(1);
    fixture.clock.advance(HOUR_MS);
    fixture.live.clear();
    fixture.login = faults.status(401);
    expect(nameIn(await fixture.send(1))).toBe('report 1');
    expect([fixture.logins.length, fixture.sent.length]).toEqual([1, 1]);
  });
});

// Mutations that fail here: RENEW_PART 0.2; MAX_RENEW_AHEAD_MS 600_000; LEEWAY_MS 0; DEFAULT_LIFETIME_MS 7_200_000; the
// early login awaited; `expiry > now` always true; parseExpiry() left out.
describe('a token', () => {
  const jwtFor = (seconds: number) => {
    const clock = createManualClock();
    return {
      clock,
      issue: (count: number) => makeJwt({ sub: `${CANARY} ${count}`, exp: clock.now() / 1000 + seconds }),
    };
  };

  // A JWT is created with the response to its login, at the clock's time; its subject distinguishes it.
  test.each<[string, number, number]>([
    ['an hour without an exp', NaN, HOUR_MS - AHEAD_MS],
    ['ten minutes until its exp', 600, 540_000],
    ['50 minutes until its exp', 3_000, 2_700_000],
    ['an hour with an exp in a day', 86_400, HOUR_MS - AHEAD_MS],
  ])('lives for %s, and is renewed in its last tenth without a wait', async (_title, seconds, renewMs) => {
    const tokens: string[] = [];
    const { clock, issue } = jwtFor(seconds);
    const give = (count: number): string =>
      (tokens[count] ??= Number.isNaN(seconds) ? `${CANARY}-opaque-${count}` : issue(count));
    await using fixture = await startFixture({ clock, issue: give });
    await fixture.send();
    clock.advance(renewMs - 1);
    await fixture.sendNew(3);
    await fixture.whenIdle();
    expect(fixture.logins).toHaveLength(1);

    clock.advance(1);
    const gate = createGate();
    fixture.login = held(fixture.login, gate.pass);
    // Responses while the gate is closed.
    for (const response of [...(await fixture.sendNew(5)), ...(await fixture.sendNew(5))])
      expect(response.errors).toEqual([]);
    await gate.arrivals(1);
    expect(fixture.sent).toEqual(Array(14).fill(tokens[1]));
    expect(fixture.logins).toHaveLength(2);
    gate.open();
    await fixture.whenIdle();
    await fixture.sendNew(2);
    expect(fixture.sent.slice(14)).toEqual([tokens[2], tokens[2]]);
    expect(fixture.logins).toHaveLength(2);
  });

  test('is not used in its last seconds: all requests wait for one login', async () => {
    await using fixture = await startFixture();
    await fixture.send();
    fixture.clock.advance(HOUR_MS - 5_000);
    const gate = createGate();
    fixture.login = held(fixture.login, gate.pass);
    const pending = fixture.sendNew(8);
    await gate.arrivals(1);
    expect([fixture.logins.length, fixture.sent.length]).toEqual([2, 1]);
    gate.open();
    for (const response of await pending) expect(response.errors).toEqual([]);
    expect(fixture.logins).toHaveLength(2);
    expect(fixture.sent.slice(1)).toEqual(Array(8).fill(`${CANARY}-token-2`));
  });

  test('is used until just before its end while it cannot be renewed', async () => {
    await using fixture = await startFixture();
    await fixture.send();
    fixture.login = faults.status(503);
    for (const ms of [HOUR_MS - AHEAD_MS, AHEAD_MS - 5_001]) {
      fixture.clock.advance(ms);
      expect((await fixture.sendNew(1))[0]!.errors).toEqual([]);
      await fixture.whenIdle();
    }
    fixture.clock.advance(1);
    expectRefused((await fixture.sendNew(1))[0]!, 'UPSTREAM_UNAVAILABLE');
    expect(new Set(fixture.sent)).toEqual(new Set([`${CANARY}-token-1`]));
    expect([fixture.logins.length, fixture.sent.length]).toEqual([4, 3]);
  });

  test.each<[string, Fault]>([
    ['fails', faults.status(503)],
    ['resets the connection', faults.resetBeforeHeaders],
    ['does not speak HTTP', faults.garbage],
    ['responds with 404', faults.status(404)],
    ['redirects to its login page', faults.redirect('/login')],
  ])('remains in use while the login host %s, and not every request tries a login', async (_title, fault) => {
    await using fixture = await startFixture();
    await fixture.send();
    fixture.clock.advance(HOUR_MS - AHEAD_MS);
    fixture.login = fault;
    for (let index = 0; index < 20; index += 1) {
      expect((await fixture.sendNew(1))[0]!.errors).toEqual([]);
      await fixture.whenIdle();
    }
    expect(fixture.sent).toHaveLength(21);
    expect(fixture.logins.length).toBeLessThanOrEqual(4);
  });

  test('is used even when its exp is over, because clocks may differ', async () => {
    for (const seconds of [-3_600, -1, 0]) {
      const { clock, issue } = jwtFor(seconds);
      await using fixture = await startFixture({ clock, issue });
      for (const response of [...(await fixture.sendNew(3)), ...(await fixture.sendNew(3))])
        expect(response.errors).toEqual([]);
      expect([fixture.logins.length, fixture.sent.length]).toEqual([1, 6]);
    }
  });

  test('that lives for a few seconds is used for several calls', async () => {
    const { clock, issue } = jwtFor(4);
    await using fixture = await startFixture({ clock, issue });
    for (let index = 0; index < 5; index += 1) expect((await fixture.sendNew(1))[0]!.errors).toEqual([]);
    await fixture.whenIdle();
    expect([fixture.logins.length, fixture.sent.length]).toEqual([1, 5]);
  });
});

// Mutations that fail here: renew() that drops a newer token; reject() without a pause, without a purge, or not called;
// every error treated as a 401.
describe('a revoked token', () => {
  test('costs one call with a 401, one login and one more call, and purges no report', async () => {
    await using fixture = await startFixture();
    await fixture.send(1);
    fixture.live.clear();
    expect(nameIn(await fixture.send(2))).toBe('report 3');
    expect(nameIn(await fixture.send(1))).toBe('report 1');
    await fixture.send(3);
    expect(fixture.sent).toEqual([1, 1, 2, 2].map((count) => `${CANARY}-token-${count}`));
    expect(fixture.logins).toHaveLength(2);
  });

  test.each<[string, Fault]>([
    ['a redirect to the login page', faults.redirect('/login')],
    ['the login page', faults.loginPage],
  ])('costs the same when ScaleOps responds with %s', async (_title, fault) => {
    await using fixture = await startFixture();
    await fixture.send(1);
    const good = fixture.report;
    fixture.report = (socket) => {
      fixture.report = good;
      fault(socket);
    };
    expect((await fixture.send(2)).errors).toEqual([]);
    expect(fixture.sent).toEqual([1, 1, 2].map((count) => `${CANARY}-token-${count}`));
    expect(fixture.logins).toHaveLength(2);
  });

  test('causes one login when 20 calls are refused at the same time', async () => {
    await using fixture = await startFixture({ env: { ...LOGIN, SCALEOPS_MAX_IN_FLIGHT: '20' } });
    await fixture.send();
    const good = fixture.report;
    const gate = createGate();
    fixture.report = held(faults.status(401), gate.pass);
    const pending = fixture.sendNew(20);
    await gate.arrivals(20);
    fixture.report = good;
    gate.open();
    for (const response of await pending) expect(response.errors).toEqual([]);
    expect(fixture.logins).toHaveLength(2);
    expect(fixture.sent.slice(1)).toEqual([
      ...(Array(20).fill(`${CANARY}-token-1`) as string[]),
      ...(Array(20).fill(`${CANARY}-token-2`) as string[]),
    ]);
  });

  test('causes no login for a late refusal when there is already a new token', async () => {
    await using fixture = await startFixture();
    await fixture.send();
    const good = fixture.report;
    const gate = createGate();
    fixture.report = held(faults.status(401), gate.pass);
    const late = fixture.sendNew(1);
    await gate.arrivals(1);
    fixture.report = good;
    fixture.live.delete(`${CANARY}-token-1`);
    await fixture.sendNew(1);
    gate.open();
    expect((await late)[0]!.errors).toEqual([]);
    expect(fixture.sent).toEqual([1, 1, 1, 2, 2].map((count) => `${CANARY}-token-${count}`));
    expect(fixture.logins).toHaveLength(2);
  });

  test('whose replacement is refused too causes neither login nor call for 30 s', async () => {
    await using fixture = await startFixture({ env: { ...LOGIN, CACHE_STALE_IF_ERROR_SECONDS: '86400' } });
    await fixture.send(1);
    fixture.clock.advance(60_000);
    const good = fixture.report;
    fixture.report = faults.status(401);
    // No stale report in place of a refusal.
    expectRefused(await fixture.send(1), 'UPSTREAM_UNAUTHENTICATED', HINT);
    expect(fixture.sent).toEqual([1, 1, 2].map((count) => `${CANARY}-token-${count}`));
    for (const response of await fixture.sendNew(20)) expectRefused(response, 'UPSTREAM_UNAUTHENTICATED', HINT);
    fixture.clock.advance(PAUSE_MS - 1);
    expectRefused(await fixture.send(1), 'UPSTREAM_UNAUTHENTICATED', HINT);
    expect([fixture.logins.length, fixture.sent.length]).toEqual([2, 3]);

    fixture.clock.advance(1);
    fixture.report = good;
    expect((await fixture.send(1)).errors).toEqual([]);
    expect([fixture.logins.length, fixture.sent.length]).toEqual([3, 4]);
  });

  test('whose next login is refused causes neither login nor call for 30 s', async () => {
    await using fixture = await startFixture();
    await fixture.send(1);
    fixture.live.clear();
    const grant = fixture.login;
    fixture.login = faults.redirect('/login');
    expectRefused(await fixture.send(2), 'UPSTREAM_UNAUTHENTICATED', HINT);
    for (const response of await fixture.sendNew(5)) expectRefused(response, 'UPSTREAM_UNAUTHENTICATED', HINT);
    fixture.clock.advance(PAUSE_MS - 1);
    expectRefused(await fixture.send(3), 'UPSTREAM_UNAUTHENTICATED', HINT);
    expect([fixture.logins.length, fixture.sent.length]).toEqual([2, 2]);
    fixture.clock.advance(1);
    fixture.login = grant;
    expect((await fixture.send(3)).errors).toEqual([]);
    expect([fixture.logins.length, fixture.sent.length]).toEqual([3, 3]);
  });

  test('differs from a report that is not allowed, which causes no login', async () => {
    await using fixture = await startFixture();
    await fixture.send(1);
    fixture.report = faults.status(403);
    expectRefused(await fixture.send(2), 'UPSTREAM_FORBIDDEN');
    expect([fixture.logins.length, fixture.sent.length]).toEqual([1, 2]);
  });
});

describe('a login host', () => {
  interface Row {
    readonly title: string;
    readonly fault: Fault;
    readonly code: keyof typeof ERROR_CODES;
    /** The fault never ends by itself. */
    readonly hangs?: boolean;
  }
  const rows: readonly Row[] = [
    { title: 'cuts the connection', fault: faults.resetBeforeHeaders, code: 'UPSTREAM_UNAVAILABLE' },
    { title: 'closes the connection', fault: faults.closeBeforeHeaders, code: 'UPSTREAM_UNAVAILABLE' },
    { title: 'responds with 502', fault: faults.status(502), code: 'UPSTREAM_UNAVAILABLE' },
    { title: 'responds with 503', fault: faults.status(503), code: 'UPSTREAM_UNAVAILABLE' },
    { title: 'responds with 500', fault: faults.status(500), code: 'UPSTREAM_ERROR' },
    { title: 'responds with 504', fault: faults.status(504), code: 'UPSTREAM_TIMEOUT' },
    { title: 'responds with 429', fault: faults.status(429, { 'retry-after': 7 }), code: 'UPSTREAM_RATE_LIMITED' },
    { title: 'does not speak HTTP', fault: faults.garbage, code: 'UPSTREAM_BAD_RESPONSE' },
    { title: 'sends too long headers', fault: faults.hugeHeaders, code: 'UPSTREAM_BAD_RESPONSE' },
    { title: 'never responds', fault: faults.neverRespond, code: 'UPSTREAM_TIMEOUT', hangs: true },
    { title: 'stops in the headers', fault: faults.stopInHeaders, code: 'UPSTREAM_TIMEOUT', hangs: true },
  ];

  // Mutations that fail here: MAX_LOGIN_MS 20_000; 429 missing from the faults of the host; a pause after any of them.
  test.each(rows.map((row) => [row.title, row.code, row] as const))(
    'that %s causes %s; a stale report is served instead',
    async (_title, code, { fault, hangs }) => {
      await using fixture = await startFixture({ env: { ...LOGIN, CACHE_STALE_IF_ERROR_SECONDS: '86400' } });
      await fixture.send(1);
      fixture.clock.advance(HOUR_MS);
      const grant = fixture.login;
      fixture.login = fault;
      const pending = Promise.all([fixture.send(1), fixture.send(2)]);
      if (hangs) {
        await until(() => fixture.logins.length === 2 && fixture.clock.pending() === 3);
        fixture.clock.advance(9_999);
        expect(fixture.clock.pending()).toBe(3);
        fixture.clock.advance(1);
        await fixture.logins[1]!.closed;
      }
      const [older, none] = await pending;
      expect(nameIn(older)).toBe('report 1');
      expect(older.data.workloadCosts.isStale).toBe(true);
      expectRefused(none, code);
      expect(none.errors[0]!.extensions.retryable).toBe(true);
      expect([fixture.logins.length, fixture.sent.length]).toEqual([2, 1]);

      // A fault is no refusal: only a 429 with Retry-After causes a pause.
      fixture.login = grant;
      fixture.clock.advance(code === 'UPSTREAM_RATE_LIMITED' ? 7_000 : 0);
      await fixture.whenIdle();
      expect((await fixture.send(2)).errors).toEqual([]);
      expect([fixture.logins.length, fixture.sent.length]).toEqual([3, 2]);
    },
  );

  test('with a closed port causes UPSTREAM_UNAVAILABLE', async () => {
    await using fixture = await startFixture();
    await fixture.upstream.stop();
    expectRefused(await fixture.send(), 'UPSTREAM_UNAVAILABLE');
    expect(fixture.logins).toEqual([]);
    await fixture.upstream.start();
    expect((await fixture.send()).errors).toEqual([]);
    expect([fixture.logins.length, fixture.sent.length]).toEqual([1, 1]);
  });

  test('is retried as often as a report is', async () => {
    const clock = createManualClock();
    let pauses = 0;
    const watched: ManualClock = {
      ...clock,
      after(delayMs, task) {
        // Deadlines are longer: this is the time between two attempts.
        if (delayMs < 1_000) pauses += 1;
        return clock.after(delayMs, task);
      },
    };
    await using fixture = await startFixture({ clock: watched, env: { ...LOGIN, SCALEOPS_MAX_ATTEMPTS: '3' } });
    const grant = fixture.login;
    fixture.login = faults.status(503);
    const passPauses = async (count: number): Promise<void> => {
      const before = pauses;
      for (let index = 1; index <= count; index += 1) {
        await until(() => pauses === before + index);
        clock.advance(1_000);
      }
    };
    const refused = fixture.send(1);
    await passPauses(2);
    expectRefused(await refused, 'UPSTREAM_UNAVAILABLE');
    expect([fixture.logins.length, fixture.sent]).toEqual([3, []]);

    fixture.login = (socket) => {
      fixture.login = grant;
      faults.status(503)(socket);
    };
    fixture.clock.advance(60_000);
    const pending = fixture.send(1);
    await passPauses(1);
    expect((await pending).errors).toEqual([]);
    expect([fixture.logins.length, fixture.sent.length]).toEqual([5, 1]);
  });

  test('has no more time than the report', async () => {
    await using fixture = await startFixture({ env: { ...LOGIN, SCALEOPS_TIMEOUT_MS: '3000' } });
    const grant = fixture.login;
    fixture.login = faults.neverRespond;
    const pending = fixture.send();
    await until(() => fixture.logins.length === 1);
    fixture.clock.advance(3_000);
    expectRefused(await pending, 'UPSTREAM_TIMEOUT');
    await fixture.logins[0]!.closed;
    expect([fixture.logins.length, fixture.sent]).toEqual([1, []]);
    // Also in the background, where no report sets a deadline.
    fixture.login = grant;
    await fixture.send();
    fixture.clock.advance(HOUR_MS - AHEAD_MS);
    fixture.login = faults.neverRespond;
    expect((await fixture.sendNew(1))[0]!.errors).toEqual([]);
    await until(() => fixture.logins.length === 3);
    fixture.clock.advance(3_000);
    await fixture.logins[2]!.closed;
    expect([fixture.clock.pending(), fixture.sent.length]).toEqual([0, 2]);
  });

  test('does not delay the shutdown of the gateway', async () => {
    const fixture = await startFixture();
    await fixture.send();
    fixture.clock.advance(HOUR_MS - AHEAD_MS);
    fixture.login = faults.neverRespond;
    await fixture.sendNew(1);
    await until(() => fixture.logins.length === 2);
    await fixture[Symbol.asyncDispose]();
    expect(fixture.sent).toHaveLength(2);
  });
});
