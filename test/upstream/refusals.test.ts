// Rejections by ScaleOps: of the gateway's own account, which tries one new token, and of a caller's token, which has no
// replacement. The cached reports of the rejected principal are purged, and no others.

import { describe, expect, test } from 'vitest';

import type { UpstreamErrorCode } from '../../src/errors.js';
import { FAULT_AT } from '../kit/upstream/fault-rows.js';
import * as faults from '../kit/upstream/fault-server.js';
import type { Fault } from '../kit/upstream/fault-server.js';
import {
  AGGREGATED,
  CLUSTER_QUERY,
  DOWN,
  expectFault,
  expectNothingLeaks,
  expectStale,
  GOOD,
  goodWorkloads,
  namespaceQuery,
  ONE,
  QUERY,
  settle,
  startFixture,
  WORKLOADS,
  type Fixture,
} from '../kit/upstream/fault-fixture.js';
import type { GraphqlResponse } from '../kit/gateway.js';

const REFUSALS: readonly (readonly [string, Fault])[] = [
  ['a 401', faults.status(401)],
  ['a 302 to the login', faults.redirect('/login')],
  ['a login page with 200', faults.loginPage],
];
const AGE_MS = 361_000;

/** The fault depends on the token of the request. */
const byToken =
  (fixture: () => Fixture, ofToken: (token: string) => Fault): Fault =>
  (socket) => {
    ofToken(/Bearer (.*)$/.exec(fixture().upstream.requests.at(-1)!.headers.authorization ?? '')![1]!)(socket);
  };

const LOGIN = '/auth/callback';
const LOGIN_ENV = {
  SCALEOPS_AUTH: 'login',
  SCALEOPS_TOKEN: '',
  SCALEOPS_USERNAME: 'canary-user',
  SCALEOPS_PASSWORD: 'canary-password',
};

/** A gateway with an account, whose n-th login returns the token `canary-token-n`. */
async function startWithAccount(): Promise<Fixture> {
  const fixture = await startFixture({ startMs: FAULT_AT, env: LOGIN_ENV });
  fixture.upstream.respond(LOGIN, (socket) => {
    faults.redirect(`/?token=canary-token-${fixture.arrivedAt(LOGIN)}`)(socket);
  });
  return fixture;
}

// Fails when no new token is tried, or more than one, or one per call; when no pause follows a rejection; and when a
// rejection of the account serves or keeps cached reports.
describe.each(REFUSALS)('an account that gets %s', (_title, refusal) => {
  const REFUSED = {
    code: 'UPSTREAM_UNAUTHENTICATED',
    hint: 'Check SCALEOPS_USERNAME and SCALEOPS_PASSWORD.',
  } as const;

  test('gets a new token and the report, and keeps its cached reports', async () => {
    await using fixture = await startWithAccount();
    const { gateway, upstream, clock, arrivedAt } = fixture;
    await gateway.send(CLUSTER_QUERY);
    upstream.respond(
      WORKLOADS,
      byToken(
        () => fixture,
        (token) => (token === 'canary-token-1' ? refusal : GOOD),
      ),
    );
    const queries = Array.from({ length: 5 }, (_, index) => gateway.send(namespaceQuery(`${index}`)));
    for (const { errors } of await Promise.all(queries)) expect(errors).toEqual([]);
    expect([arrivedAt(LOGIN), arrivedAt(WORKLOADS)]).toEqual([2, 10]);
    clock.advance(1);
    await gateway.send(CLUSTER_QUERY);
    expect(arrivedAt(AGGREGATED)).toBe(1);
    expectNothingLeaks(fixture, ...(await Promise.all(queries)));
  });

  test('again with the new token is refused, has its cached reports purged, and pauses for 30 s', async () => {
    await using fixture = await startWithAccount();
    const { gateway, upstream, clock, arrivedAt } = fixture;
    await gateway.send(QUERY);
    clock.advance(AGE_MS);
    await gateway.send(CLUSTER_QUERY);
    upstream.respond(WORKLOADS, refusal);
    const { response, waits } = await settle(gateway.send(ONE), clock);
    expectFault(response, REFUSED);
    expect([waits, arrivedAt(LOGIN), arrivedAt(WORKLOADS), arrivedAt(AGGREGATED)]).toEqual([[], 2, 1 + 2, 2]);

    clock.advance(29_999);
    expectFault(await gateway.send(ONE), REFUSED);
    expect([arrivedAt(LOGIN), arrivedAt(WORKLOADS)]).toEqual([2, 3]);
    clock.advance(1);
    upstream.respond(WORKLOADS, DOWN);
    expectFault(await gateway.send(ONE), { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
    expect([arrivedAt(LOGIN), arrivedAt(WORKLOADS)]).toEqual([3, 4]);
    await gateway.send(CLUSTER_QUERY);
    expect(arrivedAt(AGGREGATED)).toBe(3);
    expectNothingLeaks(fixture, response);
  });
});

const FORWARD = { SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' };

/** Two callers with their own tokens. */
function sendAs({ gateway }: Fixture, name: 'ann' | 'bob', query: string): Promise<GraphqlResponse> {
  return gateway.send(query, undefined, { headers: { authorization: `Bearer canary-of-${name}` } });
}

const ANN = 'canary-of-ann';

// Fails when the purge takes all principals or none, when a caller gets the error of the gateway's account, and when a
// rejection of a field becomes one of the request.
describe('a caller', () => {
  test.each<[string, Fault, UpstreamErrorCode]>([
    ...REFUSALS.map(([title, fault]): [string, Fault, UpstreamErrorCode] => [title, fault, 'UNAUTHENTICATED']),
    ['a 403', faults.status(403), 'UPSTREAM_FORBIDDEN'],
  ])('that gets %s is refused, and only its own cached reports are purged', async (_title, fault, code) => {
    await using fixture = await startFixture({ startMs: FAULT_AT, env: FORWARD });
    const { upstream, clock, arrivedAt } = fixture;
    for (const name of ['ann', 'bob'] as const) {
      await sendAs(fixture, name, CLUSTER_QUERY);
      await sendAs(fixture, name, ONE);
    }
    clock.advance(1_000);
    upstream.respond(
      WORKLOADS,
      byToken(
        () => fixture,
        (token) => (token === ANN ? fault : GOOD),
      ),
    );
    const { response, waits } = await settle(sendAs(fixture, 'ann', namespaceQuery('new')), clock);
    expectFault(response, { code });
    expect(response.headers.has('www-authenticate')).toBe(false);
    expect([waits, arrivedAt(WORKLOADS), arrivedAt(AGGREGATED)]).toEqual([[], 3, 2]);
    clock.advance(1);
    for (const query of [CLUSTER_QUERY, ONE]) expect((await sendAs(fixture, 'bob', query)).errors).toEqual([]);
    expect([arrivedAt(WORKLOADS), arrivedAt(AGGREGATED)]).toEqual([3, 2]);
    await sendAs(fixture, 'ann', CLUSTER_QUERY);
    expectFault(await sendAs(fixture, 'ann', ONE), { code });
    expect([arrivedAt(WORKLOADS), arrivedAt(AGGREGATED)]).toEqual([4, 3]);
    expectNothingLeaks(fixture, response);
  });

  test('gets a stale report during a failure only within a minute after ScaleOps accepted its token', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT, env: { ...FORWARD, CACHE_TTL_SECONDS: '10' } });
    const { upstream, clock } = fixture;
    await sendAs(fixture, 'ann', QUERY);
    upstream.respond(WORKLOADS, DOWN);
    clock.advance(59_999);
    const stale = await sendAs(fixture, 'ann', QUERY);
    expectStale(stale, FAULT_AT);
    expect(stale.data).toMatchObject({ workloadCosts: goodWorkloads(FAULT_AT, true) });
    await clock.cancelled(4);
    upstream.respond(AGGREGATED, DOWN);
    clock.advance(60_000);
    const failed = await sendAs(fixture, 'ann', QUERY);
    expect(failed.data).toEqual({ workloadCosts: null, aggregatedCosts: null });
    expectNothingLeaks(fixture, stale, failed);
  });
});
