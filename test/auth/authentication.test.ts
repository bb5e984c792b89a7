// GATEWAY_AUTH over real sockets on both sides. Every secret and every text of the issuer contains a canary, which must
// not appear in a response or in the log.

import { CompactSign } from 'jose';
import { createHmac, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { createKeyFinder, parseApiKeys } from '../../src/auth/api-keys.js';
import { readConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/settings/reader.js';
import { createManualClock, type ManualClock } from '../kit/time/clock.js';
import { CANARY } from '../kit/upstream/fault-server.js';
import { codesOf, sendQuery, TOKEN, type GraphqlResponse } from '../kit/gateway.js';
import {
  AUDIENCE,
  claimsAt,
  createSigningKey,
  ISSUER,
  signToken,
  startIssuer,
  type Issuer,
  type SigningKey,
} from '../kit/identity/issuer.js';
import { startRestrictedGateway, type RestrictedGateway } from '../kit/restricted-gateway.js';
import { startFleetUpstream, type FleetUpstream } from '../kit/upstream/visible-fleet.js';

const QUERY = '{ workloadCosts { rows { totalCount } } }';
const KEY = `${CANARY}-Key-0123456789`;
interface Fixture {
  readonly upstream: FleetUpstream;
  readonly gateway: RestrictedGateway;
  /** The URL of the gateway. */
  readonly url: string;
  readonly clock: ManualClock;
  send(headers?: Record<string, string>, query?: string): Promise<GraphqlResponse>;
  /** Everything that the gateway sent and logged. */
  readonly output: string[];
}

/** Closed at the end of the test, which then looks for canaries. */
async function startFixture(env: Record<string, string>, permissions?: object): Promise<Fixture> {
  const upstream = await startFleetUpstream();
  const clock = createManualClock();
  const gateway = startRestrictedGateway({
    url: upstream.url,
    permissions,
    env: { CACHE_TTL_SECONDS: '0', ...env },
    clock,
  });
  const url = await gateway.gateway.listen();
  const output: string[] = [];
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
    const all = [...output, JSON.stringify(gateway.log)].join('\n');
    expect(all).not.toMatch(new RegExp(CANARY, 'i'));
    expect(all).not.toContain(TOKEN);
  });
  return {
    upstream,
    gateway,
    url,
    clock,
    output,
    async send(headers = {}, query = QUERY) {
      const response = await sendQuery(fetch, query, undefined, { headers }, `${url}/graphql`);
      output.push(response.text, JSON.stringify([...response.headers]));
      return response;
    },
  };
}

/** A raw request: status line, headers and body. */
async function sendRaw({ url, output }: Fixture, headers: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const body = JSON.stringify({ query: QUERY });
  const socket = createConnection(Number(port), hostname);
  const lines = [
    'POST /graphql HTTP/1.1',
    `host: ${hostname}`,
    'connection: close',
    'content-type: application/json',
    'accept: application/graphql-response+json',
    `content-length: ${body.length}`,
  ];
  socket.end([...lines, ...headers, '', body].join('\r\n'));
  const text = await readText(socket);
  output.push(text);
  return text;
}

function expectUnauthenticated(response: GraphqlResponse, fixture: Fixture): void {
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe('Bearer');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.data).toBeUndefined();
  expect(codesOf(response)).toEqual(['UNAUTHENTICATED']);
  expect(fixture.upstream.received).toEqual([]);
}

function expectGood(response: GraphqlResponse): void {
  expect(response.errors).toEqual([]);
  expect(response.status).toBe(200);
  expect(response.data).toEqual({ workloadCosts: { rows: { totalCount: 0 } } });
}

/** Paths that need no credentials. */
async function expectOpen({ url, output }: Fixture): Promise<void> {
  const get = (path: string) => fetch(url + path, { headers: { accept: 'text/html' }, redirect: 'manual' });
  const [live, start, page] = await Promise.all([get('/health/live'), get('/'), get('/graphql')]);
  expect([live.status, start.status, page.status]).toEqual([200, 302, 200]);
  output.push(await page.text(), await start.text(), await live.text());
}

describe('api-key', () => {
  const NEXT = `${CANARY}-next-Key-0123456789`;
  const start = (keys = `ann:${KEY},bob:${CANARY}-key-of-bob-1234,ann:${NEXT}`) =>
    startFixture({ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: keys });

  test.each<[string, Record<string, string>]>([
    ['no credentials', {}],
    ['an empty key', { 'x-api-key': '' }],
    ['another scheme', { authorization: `Basic ${Buffer.from(`ann:${KEY}`).toString('base64')}` }],
    ['no scheme', { authorization: KEY }],
    ['a scheme in the header of keys', { 'x-api-key': `Bearer ${KEY}` }],
    ['only a scheme', { authorization: 'Bearer' }],
    ['an unknown key', { 'x-api-key': `${KEY.slice(0, -1)}0` }],
    ['the beginning of a key', { 'x-api-key': KEY.slice(0, -1) }],
    ['a key with one more character', { 'x-api-key': `${KEY}9` }],
    ['a key in another case', { 'x-api-key': KEY.toLowerCase() }],
    ['a key with a null byte at its end', { 'x-api-key': `${KEY}%00` }],
    ['only the name of a key', { 'x-api-key': 'ann' }],
    ['a name and its key', { 'x-api-key': `ann:${KEY}` }],
    ['all keys in one header', { 'x-api-key': `${KEY},${NEXT}` }],
    ['a very long key', { 'x-api-key': KEY.repeat(300) }],
    ['a valid bearer key beside a wrong key', { 'x-api-key': 'wrong', authorization: `Bearer ${KEY}` }],
    ['a bearer key and another word', { authorization: `Bearer ${KEY} x` }],
    ['two bearer keys in one header', { authorization: `Bearer ${KEY}, Bearer ${NEXT}` }],
    ["ScaleOps' own token", { authorization: `Bearer ${TOKEN}` }],
  ])('rejects a request with %s', async (_what, headers) => {
    const fixture = await start();
    expectUnauthenticated(await fixture.send(headers), fixture);
  });

  test.each([
    ['x-api-key', [`x-api-key: ${KEY}`, `x-api-key: ${KEY}`]],
    ['x-api-key, one of them valid', ['x-api-key: wrong-wrong-wrong', `x-api-key: ${KEY}`]],
    ['authorization', [`authorization: Bearer ${KEY}`, `Authorization: Bearer ${KEY}`]],
    ['authorization, one of them valid', [`authorization: Bearer ${KEY}`, 'authorization: Bearer wrong']],
  ])('rejects a request with two headers %s', async (_what, headers) => {
    const fixture = await start();
    const text = await sendRaw(fixture, headers);
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
    expect(text).toMatch(/\r\nwww-authenticate: Bearer\r\n/i);
    expect(text).toContain('"UNAUTHENTICATED"');
    expect(fixture.upstream.received).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ['x-api-key', { 'x-api-key': KEY }],
    ['another key of the same name', { 'x-api-key': NEXT }],
    ['a key between blanks', { 'x-api-key': `  ${KEY}  ` }],
    ['authorization', { authorization: `Bearer ${KEY}` }],
    ['a scheme in small letters', { authorization: `bearer   ${KEY}` }],
    ['a header in capitals', { 'X-API-KEY': KEY }],
  ])('accepts a key: %s', async (_what, headers) => {
    const fixture = await start();
    expectGood(await fixture.send(headers));
  });

  test('serves public paths without a key, and no GraphQL', async () => {
    const fixture = await start();
    await expectOpen(fixture);
    expect((await fetch(`${fixture.url}/health/ready`)).status).toBe(200);
    for (const query of ['{ __typename }', '{ _service { sdl } }', '{ __schema { types { name } } }', '{', '']) {
      expectUnauthenticated(await fixture.send({}, query), fixture);
    }
    const url = `${fixture.url}/graphql?query=${encodeURIComponent(QUERY)}`;
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']) {
      const response = await fetch(url, { method, headers: { accept: 'application/json' } });
      expect(`${method} ${response.status}`).toMatch(/ (?:401|403|405|415)$/);
      expect(await response.text()).not.toContain('"data"');
    }
    expect(fixture.upstream.received).toEqual([]);
  });

  test('tells the caller and logs whether a key was missing or unknown, and logs no key', async () => {
    const fixture = await start();
    const responses = [await fixture.send(), await fixture.send({ 'x-api-key': `${CANARY}-unknown` })];
    expect(responses.map(({ errors: [error] }) => error!.message)).toEqual([
      'An API key is required, as `x-api-key: …` or `authorization: Bearer …`.',
      'The API key is not valid.',
    ]);
    const lines = fixture.gateway.log.filter(({ msg }) => msg === 'operation');
    expect(lines.map(({ errorCodes, errorReasons }) => [errorCodes, errorReasons])).toEqual([
      [['UNAUTHENTICATED'], ['no API key']],
      [['UNAUTHENTICATED'], ['unknown API key']],
    ]);
  });

  test('varies responses by both headers, and makes them private to the client', async () => {
    const fixture = await startFixture({
      GATEWAY_AUTH: 'api-key',
      GATEWAY_API_KEYS: `ann:${KEY}`,
      CACHE_TTL_SECONDS: '60',
    });
    const { headers } = await fixture.send({ 'x-api-key': KEY });
    expect(headers.get('cache-control')).toMatch(/^private, max-age=\d+$/);
    expect(headers.get('vary')?.split(/, */)).toEqual(expect.arrayContaining(['accept', 'authorization', 'x-api-key']));
  });

  test('reads keys from a file with comments and any line ends', () => {
    const { config } = readConfig(
      { SCALEOPS_URL: 'http://x', SCALEOPS_TOKEN: 't', GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS_FILE: '/keys' },
      () => `\ufeff# ours\r\nann:${KEY}\r\n\r\n  # bob:${KEY}\n bob:${NEXT} \nann:with:colons-0123456789`,
    );
    expect(config.access).toMatchObject({
      kind: 'api-key',
      keys: [
        { name: 'ann', key: KEY },
        { name: 'bob', key: NEXT },
        { name: 'ann', key: 'with:colons-0123456789' },
      ],
    });
  });

  test('compares digests of equal length in constant time', () => {
    const source = readFileSync(new URL('../../src/auth/api-keys.ts', import.meta.url), 'utf8');
    const finder = source.slice(source.indexOf('export function createKeyFinder'));
    expect(finder).toContain('timingSafeEqual(digest, keyDigest)');
    // Neither another comparison, nor an early return.
    expect(finder).not.toMatch(/===|==|\.includes\(|\.indexOf\(|\.find\(|break|\.get\(|\.has\(/);
    expect(finder.match(/return/g)).toHaveLength(3);
    const find = createKeyFinder([
      { name: 'ann', key: KEY },
      { name: 'bob', key: NEXT },
      { name: 'ann', key: 'third-0123456789' },
    ]);
    expect([KEY, NEXT, 'third-0123456789', '', 'ann', 'x'.repeat(100_000)].map(find)).toEqual([
      'ann',
      'bob',
      'ann',
      undefined,
      undefined,
      undefined,
    ]);
  });

  test.each<[string, string, RegExp]>([
    ['nothing', '', /holds no key/],
    ['only comments', '# a:b\n#', /holds no key/],
    ['no colon', `${CANARY}-without-a-name`, /number 1/],
    ['a short key', `ann:${CANARY}-1`, /number 1: .* at least 16/],
    ['a blank in a key', `ann:${CANARY} with a blank in it`, /number 1/],
    ['an invalid name', `a b:${CANARY}-0123456789`, /number 1: a name/],
    ['a name of 65 characters', `${'x'.repeat(65)}:${CANARY}-0123456789`, /number 1: a name/],
    ['no name', `:${CANARY}-0123456789`, /number 1/],
    ['a letter that is not ASCII', `ann:${CANARY}-ö-0123456789`, /number 1/],
    ['an invalid entry after a valid one', `ann:${KEY},bob:x`, /number 2/],
    ['one key for two names', `ann:${KEY},bob:${KEY}`, /same key twice/],
  ])('refuses a key list with %s, without repeating a value', (_what, text, problem) => {
    const problems: string[] = [];
    parseApiKeys(text, problems);
    expect(problems.join('\n')).toMatch(problem);
    expect(problems.join('\n')).not.toContain(CANARY);
  });
});

test('GATEWAY_AUTH=none accepts every request and reads no credentials', async () => {
  const fixture = await startFixture({ GATEWAY_AUTH: 'none' });
  expectGood(await fixture.send());
  expectGood(await fixture.send({ authorization: 'Bearer x', 'x-api-key': 'y' }));
  await expectOpen(fixture);
});

test('GATEWAY_AUTH=forward requires a token, serves public paths without one, and passes the token to ScaleOps', async () => {
  const fixture = await startFixture({ SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' });
  expectUnauthenticated(await fixture.send(), fixture);
  expectUnauthenticated(await fixture.send({ 'x-api-key': KEY }), fixture);
  expectGood(await fixture.send({ authorization: `Bearer ${CANARY}-own` }));
  await expectOpen(fixture);
});

describe('jwt', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  interface JwtFixture extends Fixture {
    readonly issuer: Issuer;
    readonly key: SigningKey;
    /** Sends a query with a token that has these claims. */
    sendWith(claims?: object, by?: SigningKey, header?: object): Promise<GraphqlResponse>;
    sendWithToken(token: string): Promise<GraphqlResponse>;
    readiness(): Promise<number>;
  }

  const SECOND_MS = 1_000;
  /** The minimum pause between two fetches of keys, whatever keys tokens name. */
  const COOLDOWN_MS = 30_000;

  async function startJwt(
    env: Record<string, string> = {},
    { permissions, key, issuer }: { permissions?: object; key?: SigningKey; issuer?: Issuer } = {},
  ): Promise<JwtFixture> {
    const own = key ?? (await createSigningKey('one'));
    const used = issuer ?? (await startIssuer(own));
    onTestFinished(() => used[Symbol.asyncDispose]());
    const fixture = await startFixture(
      {
        GATEWAY_AUTH: 'jwt',
        GATEWAY_JWT_ISSUER: ISSUER,
        GATEWAY_JWT_AUDIENCE: AUDIENCE,
        GATEWAY_JWT_JWKS_URL: used.url,
        ...env,
      },
      permissions,
    );
    const sendWithToken = async (token: string): Promise<GraphqlResponse> => {
      const response = await fixture.send({ authorization: `Bearer ${token}` });
      expect(response.text).not.toContain(token.slice(0, 40) || '-');
      expect(JSON.stringify(fixture.gateway.log)).not.toContain(token.slice(-40) || '-');
      return response;
    };
    return {
      ...fixture,
      issuer: used,
      key: own,
      sendWithToken,
      sendWith: async (claims = {}, by = own, header = {}) =>
        sendWithToken(await signToken(by, claimsAt(fixture.clock.now(), { ...claims }), { ...header })),
      readiness: async () => (await fetch(`${fixture.url}/health/ready`)).status,
    };
  }

  /** Moves both clocks: of the gateway, and of the JWT library. */
  function advance({ clock }: Fixture, ms: number): void {
    const now = Date.now();
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(now + ms);
    clock.advance(ms);
  }

  const expectRefused = (fixture: JwtFixture, response: GraphqlResponse, reason?: string): void => {
    expectUnauthenticated(response, fixture);
    const [line] = fixture.gateway.log.filter(({ msg }) => msg === 'operation').slice(-1);
    if (reason !== undefined) expect(line?.errorReasons).toEqual([reason]);
  };

  test('accepts valid tokens, and fetches the keys once', async () => {
    const fixture = await startJwt();
    for (let count = 0; count < 3; count += 1) expectGood(await fixture.sendWith());
    expectGood(await fixture.sendWith({ aud: ['others', AUDIENCE] }));
    expect(fixture.issuer.requests).toHaveLength(1);
    await expectOpen(fixture);
  });

  test('accepts one of several audiences', async () => {
    const fixture = await startJwt({ GATEWAY_JWT_AUDIENCE: `first, ${AUDIENCE}` });
    expectGood(await fixture.sendWith({ aud: 'first' }));
    expectGood(await fixture.sendWith());
    expectRefused(asNew(fixture), await fixture.sendWith({ aud: 'third' }), 'wrong audience');
  });
  /** The same fixture, with an empty list of requests to ScaleOps. */
  const asNew = (fixture: JwtFixture): JwtFixture => {
    fixture.upstream.received.length = 0;
    return fixture;
  };

  test.each<[string, Record<string, unknown>, string]>([
    ['wrong issuer', { iss: `${ISSUER}/` }, 'wrong issuer'],
    ['no issuer', { iss: undefined }, 'wrong issuer'],
    ['wrong audience', { aud: 'others' }, 'wrong audience'],
    ['no audience', { aud: undefined }, 'wrong audience'],
    ['an audience in another case', { aud: AUDIENCE.toUpperCase() }, 'wrong audience'],
    ['no exp', { exp: undefined }, 'no exp'],
    ['an exp that is a string', { exp: '99999999999' }, 'no exp'],
    ['no subject', { sub: undefined }, 'no subject'],
    ['a subject that is no string', { sub: 7 }, 'no subject'],
    ['a subject that is a list', { sub: ['ann'] }, 'no subject'],
    ['an empty subject', { sub: '' }, 'no subject'],
  ])('rejects a token with %s', async (_what, claims, reason) => {
    const fixture = await startJwt();
    expectRefused(fixture, await fixture.sendWith(claims), reason);
  });

  test.each<[string, number, number, boolean]>([
    ['expired exactly the clock tolerance ago', -30, 30, false],
    ['expired less than the clock tolerance ago', -29, 30, true],
    ['expired just now, without a clock tolerance', 0, 0, false],
    ['a second left, without a clock tolerance', 1, 0, true],
  ])('accepts or rejects a token at the edge of its lifetime: %s', async (_what, seconds, skew, isGood) => {
    const fixture = await startJwt({ GATEWAY_JWT_CLOCK_SKEW_SECONDS: `${skew}` });
    const response = await fixture.sendWith({ exp: fixture.clock.now() / SECOND_MS + seconds });
    if (isGood) expectGood(response);
    else {
      expectRefused(fixture, response, 'expired');
      expect(response.errors[0]?.message).toBe('The token has expired.');
    }
  });

  test.each<[number, number, boolean]>([
    [30, 30, true],
    [31, 30, false],
    [0, 0, true],
    [1, 0, false],
  ])('checks a token with nbf in %s seconds and a clock tolerance of %s', async (seconds, skew, isGood) => {
    const fixture = await startJwt({ GATEWAY_JWT_CLOCK_SKEW_SECONDS: `${skew}` });
    const response = await fixture.sendWith({ nbf: fixture.clock.now() / SECOND_MS + seconds });
    if (isGood) expectGood(response);
    else expectRefused(fixture, response, 'not yet valid');
  });

  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  test.each<[string, (fixture: JwtFixture) => Promise<string> | string]>([
    ['no token', () => ''],
    ['no JWT', () => `${CANARY}-opaque`],
    ['two parts', ({ clock }) => `${encode({ alg: 'ES256', kid: 'one' })}.${encode(claimsAt(clock.now()))}`],
    ['five parts', () => 'a.b.c.d.e'],
    ['no algorithm', ({ clock }) => `${encode({ kid: 'one' })}.${encode(claimsAt(clock.now()))}.x`],
    ['the algorithm none', ({ clock }) => `${encode({ alg: 'none', kid: 'one' })}.${encode(claimsAt(clock.now()))}.`],
    ['the algorithm None', ({ clock }) => `${encode({ alg: 'None', kid: 'one' })}.${encode(claimsAt(clock.now()))}.`],
    [
      'the public key as a secret',
      ({ key, clock }) => {
        const head = `${encode({ alg: 'HS256', kid: 'one' })}.${encode(claimsAt(clock.now()))}`;
        const pem = createPublicKey({ key: key.jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
        return `${head}.${createHmac('sha256', pem).update(head).digest('base64url')}`;
      },
    ],
    [
      'the published public key as a secret',
      ({ key, clock }) => {
        const head = `${encode({ alg: 'HS256', kid: 'one' })}.${encode(claimsAt(clock.now()))}`;
        return `${head}.${createHmac('sha256', JSON.stringify(key.jwk)).update(head).digest('base64url')}`;
      },
    ],
    [
      'the signature of another key with the same name',
      async ({ clock }) => signToken(await createSigningKey('one'), claimsAt(clock.now())),
    ],
    [
      'its own key in its header',
      async ({ clock }) => {
        const own = await createSigningKey('own');
        return signToken(own, claimsAt(clock.now()), { jwk: own.jwk, kid: 'one' });
      },
    ],
    [
      'the address of its own keys in its header',
      async ({ clock, issuer }) =>
        signToken(await createSigningKey('own'), claimsAt(clock.now()), { jku: issuer.url, x5u: issuer.url }),
    ],
    [
      'changed claims',
      async ({ key, clock }) => {
        const [head, , signature] = (await signToken(key, claimsAt(clock.now()))).split('.');
        return `${head}.${encode(claimsAt(clock.now(), { sub: 'admin' }))}.${signature}`;
      },
    ],
    ['no signature', async ({ key, clock }) => (await signToken(key, claimsAt(clock.now()))).replace(/\.[^.]*$/, '.')],
    [
      'a critical header',
      ({ key, clock }) =>
        new CompactSign(Buffer.from(JSON.stringify(claimsAt(clock.now()))))
          .setProtectedHeader({ alg: key.alg, kid: key.kid, crit: ['unheard-of'], 'unheard-of': true })
          .sign(key.privateKey, { crit: { 'unheard-of': true } }),
    ],
    ['8 kB of random letters', () => `${'a'.repeat(4_000)}.${'b'.repeat(4_000)}.c`],
  ])('rejects a request with an invalid token: %s', async (_what, toToken) => {
    const fixture = await startJwt();
    const token = await toToken(fixture);
    expectRefused(fixture, await (token === '' ? fixture.send() : fixture.sendWithToken(token)));
    expect(fixture.gateway.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  test('accepts the listed algorithms and no others', async () => {
    const keys = await Promise.all(['RS256', 'PS256', 'ES384', 'EdDSA'].map((alg) => createSigningKey(alg, alg)));
    const [rs, ps, es, ed] = keys as [SigningKey, SigningKey, SigningKey, SigningKey];
    const issuer = await startIssuer(...keys);
    const fixture = await startJwt({ GATEWAY_JWT_ALGORITHMS: 'RS256,EdDSA' }, { issuer, key: rs });
    expectGood(await fixture.sendWith());
    expectGood(await fixture.sendWith({}, ed));
    expectRefused(asNew(fixture), await fixture.sendWith({}, ps));
    expectRefused(fixture, await fixture.sendWith({}, es));
    // The same key with another algorithm: the issuer defines the algorithm of a key.
    const ps256 = { ...ps, kid: 'RS256', privateKey: ps.privateKey };
    expectRefused(fixture, await fixture.sendWith({}, ps256));
  });

  test('accepts no symmetric algorithm by default', () => {
    const { config } = readConfig({
      SCALEOPS_URL: 'http://x',
      SCALEOPS_TOKEN: 't',
      GATEWAY_AUTH: 'jwt',
      GATEWAY_JWT_ISSUER: ISSUER,
      GATEWAY_JWT_AUDIENCE: AUDIENCE,
      GATEWAY_JWT_JWKS_URL: 'https://issuer.test/keys',
    });
    expect(config.access).toMatchObject({ algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'], clockSkewSeconds: 30 });
  });

  test('accepts every key with the same `kid`, and tokens without `kid`', async () => {
    const [one, sameName] = [await createSigningKey('one'), await createSigningKey('one')];
    const issuer = await startIssuer(one, sameName);
    const fixture = await startJwt({}, { issuer, key: one });
    expectGood(await fixture.sendWith());
    expectGood(await fixture.sendWith({}, sameName));
    expectGood(await fixture.sendWith({}, sameName, { kid: undefined }));
    expectRefused(asNew(fixture), await fixture.sendWith({}, await createSigningKey('one')));
    expectRefused(fixture, await fixture.sendWith({ exp: 1 }, sameName), 'expired');
    expectRefused(fixture, await fixture.sendWith({ sub: 7 }, sameName), 'no subject');
    expect(issuer.requests).toHaveLength(1);
  });

  test('fetches the keys once more for a new key, and then rejects the withdrawn key without a fetch', async () => {
    const fixture = await startJwt();
    expectGood(await fixture.sendWith());
    const next = await createSigningKey('two');
    fixture.issuer.publish(next);
    advance(fixture, COOLDOWN_MS);
    expectGood(await fixture.sendWith({}, next));
    expect(fixture.issuer.requests).toHaveLength(2);
    expectRefused(asNew(fixture), await fixture.sendWith());
    expect(fixture.issuer.requests).toHaveLength(2);
  });

  test('rejects a key that was withdrawn ten minutes ago, for every caller', async () => {
    const fixture = await startJwt();
    const other = await createSigningKey('two');
    expectGood(await fixture.sendWith());
    fixture.issuer.publish(other);
    advance(fixture, 599_000);
    expectGood(await fixture.sendWith());
    expect(fixture.issuer.requests).toHaveLength(1);
    advance(fixture, 1_000);
    // All requests after that wait for the keys.
    const responses = await Promise.all([fixture.sendWith(), fixture.sendWith(), fixture.sendWith()]);
    expect(responses.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(fixture.issuer.requests).toHaveLength(2);
    expectGood(await fixture.sendWith({}, other));
  });

  test('is not ready without keys, tells callers so, and becomes ready through probes only', async () => {
    const key = await createSigningKey('one');
    const issuer = await startIssuer(key);
    await issuer.stop();
    const fixture = await startJwt({}, { issuer, key });
    await logged(fixture, 'the signing keys of the issuer cannot be fetched');
    expect(await fixture.readiness()).toBe(503);
    const response = await fixture.sendWith();
    expect(response.status).toBe(503);
    expect(codesOf(response)).toEqual(['OVERLOADED']);
    expect(response.errors[0]?.extensions).toMatchObject({ retryable: true, retryAfterMs: 5_000 });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(fixture.upstream.received).toEqual([]);
    await expectOpen(fixture);

    await issuer.start();
    expect(await fixture.readiness()).toBe(503);
    expect(issuer.requests).toHaveLength(0);
    advance(fixture, 5_000);
    expect(await fixture.readiness()).toBe(503);
    await issuer.arrivals(1);
    await logged(fixture, 'the signing keys of the issuer are available again');
    expect(await fixture.readiness()).toBe(200);
    expectGood(await fixture.sendWith());
    expect(issuer.requests).toHaveLength(1);
    expect(response.errors[0]?.message).toBe('The keys of the issuer cannot be fetched; try again later.');
    const warnings = fixture.gateway.log.filter(({ level }) => level === 40);
    expect(warnings).toMatchObject([{ reason: 'ECONNREFUSED' }, { msg: 'operation', errorCodes: ['OVERLOADED'] }]);
  });

  /** Resolves when the log has this line. */
  const logged = (fixture: Fixture, message: string) =>
    vi.waitFor(
      () => {
        expect(fixture.gateway.log.map(({ msg }) => msg)).toContain(message);
      },
      { interval: 1 },
    );

  test.each<[string, string, (issuer: Issuer) => void]>([
    [
      '500',
      'HTTP 500',
      (issuer) => {
        issuer.fail(500);
      },
    ],
    [
      '404',
      'HTTP 404',
      (issuer) => {
        issuer.fail(404);
      },
    ],
    [
      'text that is no JSON',
      'not a key set',
      (issuer) => {
        issuer.respondWithText(`<html>${CANARY}</html>`);
      },
    ],
    [
      'JSON that is no key set',
      'not a key set',
      (issuer) => {
        issuer.respondWithText(`{"keys":"${CANARY}"}`);
      },
    ],
    [
      'a list',
      'not a key set',
      (issuer) => {
        issuer.respondWithText(`["${CANARY}"]`);
      },
    ],
    [
      'nothing',
      'not a key set',
      (issuer) => {
        issuer.respondWithText('');
      },
    ],
  ])('is not ready when the issuer responds with %s, and logs %s', async (_what, reason, act) => {
    const key = await createSigningKey('one');
    const issuer = await startIssuer(key);
    act(issuer);
    const fixture = await startJwt({}, { issuer, key });
    await logged(fixture, 'the signing keys of the issuer cannot be fetched');
    expect(await fixture.readiness()).toBe(503);
    expect(fixture.gateway.log.find(({ msg }) => String(msg).includes('cannot be fetched'))).toMatchObject({ reason });
    expect([(await fixture.sendWith()).status, (await fixture.sendWith()).status]).toEqual([503, 503]);
    // Neither requests nor probes cause another fetch at once.
    expect(issuer.requests).toHaveLength(1);
    issuer.recover();
    advance(fixture, 5_000);
    expectGood(await fixture.sendWith());
    expect(await fixture.readiness()).toBe(200);
  });

  test('does not follow a redirect to another host for keys', async () => {
    const key = await createSigningKey('one');
    const other = await startIssuer(key);
    const issuer = await startIssuer();
    issuer.redirect(other.url);
    const fixture = await startJwt({}, { issuer, key });
    await logged(fixture, 'the signing keys of the issuer cannot be fetched');
    expect((await fixture.sendWith()).status).toBe(503);
    expect([issuer.requests.length, other.requests.length]).toEqual([1, 0]);
    await other[Symbol.asyncDispose]();
  });

  test('makes concurrent requests wait for one fetch of the keys, and reports its failure to all', async () => {
    const key = await createSigningKey('one');
    const issuer = await startIssuer(key);
    issuer.hang();
    const fixture = await startJwt({}, { issuer, key });
    await issuer.arrivals(1);
    const responses = Array.from({ length: 20 }, () => fixture.sendWith());
    expect(await fixture.readiness()).toBe(503);
    await vi.waitFor(() => {
      expect(issuer.requests).toHaveLength(1);
    });
    await issuer.stop();
    const statuses = (await Promise.all(responses)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect(issuer.requests).toHaveLength(1);
  });

  test('continues with its keys while the issuer is down, hangs or sends invalid data', async () => {
    const fixture = await startJwt();
    expectGood(await fixture.sendWith());
    for (const act of [
      () => {
        fixture.issuer.fail();
      },
      () => {
        fixture.issuer.hang();
      },
      () => {
        fixture.issuer.respondWithText('{}');
      },
    ]) {
      act();
      advance(fixture, 3_600_000);
      expectGood(await fixture.sendWith());
      expectGood(await fixture.sendWith());
    }
    await fixture.issuer.stop();
    advance(fixture, 3_600_000);
    expectGood(await fixture.sendWith());
    expect(await fixture.readiness()).toBe(200);
  });

  test('fetches keys once per cooldown, however many tokens have an unknown key', async () => {
    const fixture = await startJwt();
    expectGood(await fixture.sendWith());
    fixture.upstream.received.length = 0;
    const flood = async () => {
      const unknown = await Promise.all(Array.from({ length: 25 }, (_, index) => createSigningKey(`unknown-${index}`)));
      const responses = await Promise.all(unknown.map((key) => fixture.sendWith({}, key)));
      expect(responses.map(({ status }) => status)).toEqual(unknown.map(() => 401));
    };
    await flood();
    expect(fixture.issuer.requests).toHaveLength(1);
    advance(fixture, COOLDOWN_MS);
    await flood();
    await flood();
    expect(fixture.issuer.requests).toHaveLength(2);
    expect(fixture.upstream.received).toEqual([]);
  });

  test('fetches keys from a failing issuer at most once in five seconds, whatever tokens arrive', async () => {
    const fixture = await startJwt();
    expectGood(await fixture.sendWith());
    advance(fixture, COOLDOWN_MS);
    fixture.issuer.fail();
    const unknown = await createSigningKey('unknown');
    for (let count = 0; count < 10; count += 1) expect((await fixture.sendWith({}, unknown)).status).toBe(503);
    expect(fixture.issuer.requests).toHaveLength(2);
    expectGood(await fixture.sendWith());
    advance(fixture, 5_000);
    expect((await fixture.sendWith({}, unknown)).status).toBe(503);
    expect(fixture.issuer.requests).toHaveLength(3);
  });

  test('takes permissions from the groups and subject of a token, and refuses a caller without any', async () => {
    const permissions = { callers: { ann: 'all' }, claims: { ops: [{ clusters: ['a'] }] } };
    const fixture = await startJwt({}, { permissions });
    expectGood(await fixture.sendWith());
    fixture.upstream.received.length = 0;
    const nobody = await fixture.sendWith({ sub: 'nobody', groups: ['others', 7, null] });
    expect(nobody.status).toBe(403);
    expect(codesOf(nobody)).toEqual(['FORBIDDEN']);
    expect(nobody.data).toBeUndefined();
    expect(nobody.headers.get('www-authenticate')).toBeNull();
    expect(fixture.upstream.received).toEqual([]);
    expectGood(await fixture.sendWith({ sub: 'bob', groups: 'ops' }));
    expect(fixture.upstream.received[0]?.parameters).toMatchObject({ clusterFilters: ['a'] });
  });

  test.each<[string, Record<string, unknown>, boolean]>([
    ['groups', { groups: ['ops'] }, true],
    ['groups', {}, false],
    ['groups', { groups: null }, false],
    ['groups', { groups: 7 }, false],
    ['groups', { groups: [7, true, null, ['ops'], {}] }, false],
    ['groups', { groups: { ops: true } }, false],
    ['groups', { groups: ['ops others'] }, false],
    ['groups', { groups: 'ops others' }, false],
    ['scope', { scope: 'costs ops' }, true],
    ['realm_access.roles', { realm_access: { roles: ['ops'] } }, true],
    ['realm_access.roles', { 'realm_access.roles': ['ops'] }, true],
    ['https://costs.test/groups', { 'https://costs.test/groups': ['ops'] }, true],
    ['realm_access.roles', { realm_access: 'ops' }, false],
    ['__proto__.roles', { roles: ['ops'] }, false],
    ['constructor.name', {}, false],
  ])('reads the claim %s of %j', async (claim, claims, isAdmitted) => {
    const permissions = {
      claims: { ops: 'all', Function: 'all', undefined: 'all', null: 'all', 7: 'all', true: 'all' },
    };
    const fixture = await startJwt({ GATEWAY_SCOPES_CLAIM: claim }, { permissions });
    expect((await fixture.sendWith(claims)).status).toBe(isAdmitted ? 200 : 403);
  });
});

describe('the configuration', () => {
  const UPSTREAMS: Readonly<Record<string, Record<string, string>>> = {
    token: { SCALEOPS_TOKEN: 'abc' },
    login: { SCALEOPS_AUTH: 'login', SCALEOPS_USERNAME: 'u', SCALEOPS_PASSWORD: 'p' },
    azure: {
      SCALEOPS_AUTH: 'azure',
      SCALEOPS_AZURE_TENANT_ID: 't',
      SCALEOPS_AZURE_CLIENT_ID: 'c',
      SCALEOPS_AZURE_CLIENT_SECRET: 's',
    },
    forward: { SCALEOPS_AUTH: 'forward' },
  };
  const ACCESS: Readonly<Record<string, Record<string, string>>> = {
    'not said': {},
    none: { GATEWAY_AUTH: 'none' },
    'api-key': { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `ann:${KEY}` },
    jwt: {
      GATEWAY_AUTH: 'jwt',
      GATEWAY_JWT_ISSUER: ISSUER,
      GATEWAY_JWT_AUDIENCE: AUDIENCE,
      GATEWAY_JWT_JWKS_URL: 'https://issuer.test/keys',
    },
    forward: { GATEWAY_AUTH: 'forward' },
  };
  const HOSTS = ['127.0.0.1', '127.8.9.1', 'localhost', '::1', '0.0.0.0', '::', '10.1.2.3', 'gateway.internal'];
  const LOOPBACK = HOSTS.slice(0, 4);

  function read(env: Record<string, string>, file?: string) {
    try {
      const result = readConfig({ SCALEOPS_URL: 'http://x', SCALEOPS_TOKEN: 't', ...env }, () => {
        if (file === undefined) throw new Error(`${CANARY}: no such file`);
        return file;
      });
      return { ...result, problems: [] as readonly string[] };
    } catch (error) {
      if (error instanceof ConfigError) return { problems: error.problems };
      throw error;
    }
  }

  test.each(
    Object.keys(UPSTREAMS).flatMap((upstream) =>
      Object.keys(ACCESS).flatMap((access) => HOSTS.map((host) => [upstream, access, host] as const)),
    ),
  )(
    'listens on the configured address or loopback with SCALEOPS_AUTH %s, GATEWAY_AUTH %s and HOST %s',
    (upstream, access, host) => {
      const env = { SCALEOPS_TOKEN: '', ...UPSTREAMS[upstream], ...ACCESS[access], HOST: host };
      const isForward = upstream === 'forward';
      if (access !== 'not said' && (access === 'forward') !== isForward) {
        expect(read(env).problems).toEqual([expect.stringMatching(/^GATEWAY_AUTH .*forward/)]);
        return;
      }
      const { config, warnings } = readConfig({ SCALEOPS_URL: 'http://x', ...env });
      const isHeld = access === 'not said' && !isForward && !LOOPBACK.includes(host);
      expect(config.host).toBe(isHeld ? '127.0.0.1' : host);
      expect(warnings).toEqual(
        isHeld ? [expect.stringMatching(/^HOST has no effect.*127\.0\.0\.1.*GATEWAY_AUTH/)] : [],
      );
      expect(config.access.kind).toBe(access === 'not said' ? (isForward ? 'forward' : 'none') : access);
    },
  );

  test.each([
    [{}, '127.0.0.1'],
    [{ GATEWAY_AUTH: 'none' }, '0.0.0.0'],
  ] as const)('with HOST 0.0.0.0 and %j it listens on %s', async (access, host) => {
    const upstream = await startFleetUpstream();
    const gateway = startRestrictedGateway({
      url: upstream.url,
      permissions: undefined,
      env: { ...access, HOST: '0.0.0.0' },
    });
    expect(new URL(await gateway.gateway.listen()).hostname).toBe(host);
    await gateway[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  const API_KEY = { GATEWAY_AUTH: 'api-key' };
  const GOOD_KEY = { ...API_KEY, GATEWAY_API_KEYS: `ann:${KEY}` };
  const RESTRICTED = { ...GOOD_KEY, GATEWAY_SCOPES: `/${CANARY}` };

  test.each<[string, Record<string, string>, string | undefined, readonly RegExp[]]>([
    ['no keys', API_KEY, undefined, [/^GATEWAY_API_KEYS or GATEWAY_API_KEYS_FILE must be set/]],
    [
      'keys set twice',
      { ...GOOD_KEY, GATEWAY_API_KEYS_FILE: '/keys' },
      `ann:${KEY}`,
      [/^GATEWAY_API_KEYS and GATEWAY_API_KEYS_FILE exclude each other/],
    ],
    ['invalid keys', { ...API_KEY, GATEWAY_API_KEYS: CANARY }, undefined, [/^GATEWAY_API_KEYS must have `name:key`/]],
    [
      'no file of keys',
      { ...API_KEY, GATEWAY_API_KEYS_FILE: `/${CANARY}` },
      undefined,
      [/^GATEWAY_API_KEYS_FILE names a file that cannot be read/],
    ],
    [
      'an empty file of keys',
      { ...API_KEY, GATEWAY_API_KEYS_FILE: `/${CANARY}` },
      '\n',
      [/^GATEWAY_API_KEYS_FILE holds no key/],
    ],
    [
      'no settings of an issuer',
      { GATEWAY_AUTH: 'jwt' },
      undefined,
      [/^GATEWAY_JWT_ISSUER must/, /^GATEWAY_JWT_AUDIENCE must/, /^GATEWAY_JWT_JWKS_URL must/],
    ],
    [
      'only invalid settings of an issuer',
      {
        ...ACCESS.jwt,
        GATEWAY_JWT_JWKS_URL: `ftp://${CANARY}`,
        GATEWAY_JWT_ALGORITHMS: `RS256,HS256,${CANARY}`,
        GATEWAY_JWT_CLOCK_SKEW_SECONDS: '-1',
        GATEWAY_JWT_AUDIENCE: `${CANARY}, ,x`,
      },
      undefined,
      [
        /^GATEWAY_JWT_AUDIENCE must/,
        /^GATEWAY_JWT_JWKS_URL must/,
        /^GATEWAY_JWT_ALGORITHMS must/,
        /^GATEWAY_JWT_CLOCK_SKEW_SECONDS must/,
      ],
    ],
    ['the algorithm none', { ...ACCESS.jwt, GATEWAY_JWT_ALGORITHMS: 'none' }, undefined, [/^GATEWAY_JWT_ALGORITHMS/]],
    [
      'a user name in the URL of the keys',
      { ...ACCESS.jwt, GATEWAY_JWT_JWKS_URL: `https://${CANARY}:x@issuer.test/` },
      undefined,
      [/^GATEWAY_JWT_JWKS_URL must be .* without user/],
    ],
    ['an unknown GATEWAY_AUTH', { GATEWAY_AUTH: CANARY }, undefined, [/^GATEWAY_AUTH must be one of/]],
    ['no file of permissions', RESTRICTED, undefined, [/^GATEWAY_SCOPES names a file that cannot be read/]],
    ['permissions that are no JSON', RESTRICTED, `{${CANARY}`, [/^GATEWAY_SCOPES must hold a JSON object/]],
    ['permissions that are a list', RESTRICTED, '[]', [/^GATEWAY_SCOPES must hold a JSON object/]],
    [
      'permissions without GATEWAY_AUTH',
      { GATEWAY_SCOPES: '/s' },
      '{"callers":{"ann":"all"}}',
      [/^GATEWAY_SCOPES needs GATEWAY_AUTH/],
    ],
    [
      'permissions with none',
      { GATEWAY_SCOPES: '/s', GATEWAY_AUTH: 'none' },
      '{"callers":{"ann":"all"}}',
      [/^GATEWAY_SCOPES needs GATEWAY_AUTH/],
    ],
    [
      'permissions with forward',
      { GATEWAY_SCOPES: '/s', SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' },
      '{"callers":{"ann":"all"}}',
      [/^GATEWAY_SCOPES needs GATEWAY_AUTH/],
    ],
    [
      'public responses with keys',
      { ...GOOD_KEY, CACHE_CONTROL: 'public' },
      undefined,
      [/^CACHE_CONTROL must be private/],
    ],
    [
      'public responses with tokens',
      { ...ACCESS.jwt, CACHE_CONTROL: 'public' },
      undefined,
      [/^CACHE_CONTROL must be private/],
    ],
    [
      'several settings at once',
      { ...API_KEY, GATEWAY_API_KEYS: CANARY, GATEWAY_SCOPES: '/s', CACHE_CONTROL: 'public', PORT: CANARY },
      `{"callers":{"${CANARY}":[]}, "${CANARY}": 1}`,
      [/^CACHE_CONTROL/, /^GATEWAY_API_KEYS/, /^GATEWAY_SCOPES may/, /^GATEWAY_SCOPES entry 1/, /^PORT/],
    ],
  ])('reports a problem with %s, and no value', (_what, env, file, expected) => {
    const { problems } = read(env, file);
    expect(problems).toHaveLength(expected.length);
    for (const pattern of expected) expect(problems).toContainEqual(expect.stringMatching(pattern));
    expect(problems.join('\n')).not.toContain(CANARY);
  });

  test('warns about credentials that have no effect', () => {
    const { warnings } = readConfig({
      SCALEOPS_URL: 'http://x',
      SCALEOPS_TOKEN: 't',
      GATEWAY_API_KEYS: `ann:${KEY}`,
      GATEWAY_JWT_ISSUER: ISSUER,
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^GATEWAY_API_KEYS has no effect without GATEWAY_AUTH=api-key/),
      expect.stringMatching(/^GATEWAY_JWT_ISSUER has no effect without GATEWAY_AUTH=jwt/),
    ]);
  });
});
