// SCALEOPS_AUTH=token through the whole gateway over real sockets, mainly with a token file that changes. Then the
// parts without a socket: the expiry of a JWT, the token cache on a manual clock, and secret settings. Other modes:
// login.test.ts, azure.test.ts, forward.test.ts, none.test.ts.

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/settings/reader.js';
import { UpstreamError } from '../../src/errors.js';
import { createCredentials, type AuthSettings } from '../../src/upstream/auth/credentials.js';
import { parseExpiry } from '../../src/upstream/auth/jwt-expiry.js';
import { TokenCache, type ObtainedToken } from '../../src/upstream/auth/token-cache.js';
import { isToken, type Principal } from '../../src/upstream/principal.js';
import { createManualClock } from '../kit/time/clock.js';
import { expectRefused, nameIn, startFixture, type Fixture } from '../kit/identity/credentials.js';
import * as faults from '../kit/upstream/fault-server.js';
import { CANARY } from '../kit/upstream/fault-server.js';
import { makeJwt } from '../kit/upstream/tenants.js';

const HINT = 'Check SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE.';
const OLD = `${CANARY}-old-token`;
const NEW = `${CANARY}-new-token`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), `${CANARY}-`));
  file = join(folder, 'token');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(content: string | Buffer): () => void {
  return () => {
    writeFileSync(file, content);
  };
}

function startOn(env: Record<string, string>): Promise<Fixture> {
  return startFixture({ env: { CACHE_STALE_IF_ERROR_SECONDS: '86400', ...env } });
}

async function startOnFile(content = OLD): Promise<Fixture> {
  writeFileSync(file, content);
  const fixture = await startOn({ SCALEOPS_TOKEN: '', SCALEOPS_TOKEN_FILE: file });
  fixture.live.add(OLD).add(NEW);
  return fixture;
}

// Mutations that fail here: the file read once; only its size as its version; trim() left out; the principal kept when the
// token changes; the last token kept when the file is gone.
describe('a token file', () => {
  test('provides the token without a login', async () => {
    await using fixture = await startOnFile();
    expect(nameIn(await fixture.send(1))).toBe('report 1');
    expect(nameIn(await fixture.send(1))).toBe('report 1');
    expect(fixture.sent).toEqual([OLD]);
    expect(fixture.logins).toEqual([]);
  });

  const changes: readonly (readonly [string, () => void])[] = [
    ['rewritten in place', write(NEW)],
    [
      'replaced by a rename',
      () => {
        writeFileSync(`${file}.tmp`, NEW);
        renameSync(`${file}.tmp`, file);
      },
    ],
    [
      'deleted and created again',
      () => {
        unlinkSync(file);
        writeFileSync(file, NEW);
      },
    ],
    ['rewritten with a newline at its end', write(`${NEW}\n`)],
    ['rewritten on Windows', write(`\uFEFF${NEW}\r\n`)],
  ];
  test.each(changes)('%s is read again: another token is another principal', async (_title, change) => {
    await using fixture = await startOnFile();
    expect(nameIn(await fixture.send(1))).toBe('report 1');
    change();
    expect(nameIn(await fixture.send(1))).toBe('report 2');
    expect(nameIn(await fixture.send(1))).toBe('report 2');
    expect(fixture.sent).toEqual([OLD, NEW]);
  });

  test('with the same length is read correctly after each of many quick changes', async () => {
    await using fixture = await startOnFile();
    const expected: string[] = [];
    for (let index = 0; index < 40; index += 1) {
      const token = `${CANARY}-${String(index).padStart(4, '0')}`;
      fixture.live.add(token);
      expected.push(token);
      writeFileSync(file, token);
      expect((await fixture.send(1)).errors).toEqual([]);
    }
    expect(fixture.sent).toEqual(expected);
  });

  test('mounted by Kubernetes is read again when the link to its folder is replaced', async () => {
    // Like the kubelet: token → ..data/token, ..data → a dated folder, and a rename over ..data.
    for (const [name, token] of [
      ['..2026_01', OLD],
      ['..2026_02', NEW],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'token'), token);
    }
    const pointTo = (name: string): void => {
      symlinkSync(name, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    pointTo('..2026_01');
    symlinkSync('..data/token', join(folder, 'mounted'));
    await using fixture = await startOn({ SCALEOPS_TOKEN: '', SCALEOPS_TOKEN_FILE: join(folder, 'mounted') });
    fixture.live.add(OLD).add(NEW);
    await fixture.send(1);
    pointTo('..2026_02');
    await fixture.send(1);
    pointTo('..2026_01');
    // With the earlier token, the principal is the earlier one: its report is still fresh.
    expect(nameIn(await fixture.send(1))).toBe('report 1');
    expect(fixture.sent).toEqual([OLD, NEW]);
  });

  test('with only a new modification time keeps its principal', async () => {
    await using fixture = await startOnFile();
    await fixture.send(1);
    writeFileSync(file, `  ${OLD}\n\n`);
    expect(nameIn(await fixture.send(1))).toBe('report 1');
    expect(fixture.sent).toEqual([OLD]);
  });

  test.each<[string, () => void]>([
    [
      'is deleted',
      () => {
        unlinkSync(file);
      },
    ],
    ['is empty', write('')],
    ['contains only a newline', write('\n')],
    ['contains two lines', write(`${OLD}\n${NEW}\n`)],
    ['contains a blank', write(`Bearer ${OLD}`)],
    ['contains a NUL', write(`${OLD}\0`)],
    ['contains bytes that are no UTF-8', write(Buffer.from([0xff, 0xfe, 0x80, 0x41]))],
    ['contains an umlaut', write('tökén')],
    [
      'is a folder',
      () => {
        unlinkSync(file);
        mkdirSync(file);
      },
    ],
    [
      'is a link to nowhere',
      () => {
        unlinkSync(file);
        symlinkSync('nowhere', file);
      },
    ],
    [
      'is a link to itself',
      () => {
        unlinkSync(file);
        symlinkSync('token', file);
      },
    ],
  ])('that %s provides no token until it is restored', async (_title, corrupt) => {
    await using fixture = await startOnFile();
    await fixture.send(1);
    corrupt();
    for (const response of [await fixture.send(1), await fixture.send(2)]) {
      expectRefused(response, 'UPSTREAM_UNAUTHENTICATED', 'Check SCALEOPS_TOKEN_FILE.');
    }
    expect(fixture.sent).toEqual([OLD]);
    rmSync(file, { recursive: true, force: true });
    writeFileSync(file, OLD);
    expect(nameIn(await fixture.send(1))).toBe('report 1');
    expect((await fixture.send(2)).errors).toEqual([]);
    expect(fixture.sent).toEqual([OLD, OLD]);
  });

  test.each<[string, (() => void) | undefined]>([
    ['that does not exist', undefined],
    ['that is empty', write('\n')],
    ['that contains several words', write(`${CANARY} ${CANARY}`)],
    [
      'that is a folder',
      () => {
        mkdirSync(file);
      },
    ],
  ])('%s prevents the start, and the error names the setting', async (_title, make) => {
    write(OLD)();
    await using fixture = await startOn({ SCALEOPS_TOKEN: '', SCALEOPS_TOKEN_FILE: file });
    rmSync(file);
    make?.();
    expect(() => readConfig({ SCALEOPS_URL: 'http://scaleops', SCALEOPS_TOKEN_FILE: file })).toThrow(
      /- SCALEOPS_TOKEN_FILE (names a file that cannot be read|must name a file with a token)[^\n]*$/,
    );
    const error = await fixture.gateway.gateway.listen().then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error!.message).toContain('Check SCALEOPS_TOKEN_FILE.');
    expect(error!.message).not.toContain(CANARY);
    expect(fixture.upstream.requests).toEqual([]);
  });
});

describe('a configured token', () => {
  test('that is refused is sent once and never renewed; its cached reports are purged', async () => {
    await using fixture = await startOn({ SCALEOPS_TOKEN: OLD });
    fixture.live.add(OLD);
    await fixture.send(1);
    fixture.live.clear();
    expectRefused(await fixture.send(2), 'UPSTREAM_UNAUTHENTICATED', HINT);
    expect(fixture.sent).toHaveLength(2);
    // The cached report is still fresh by its age.
    fixture.clock.advance(1);
    expectRefused(await fixture.send(1), 'UPSTREAM_UNAUTHENTICATED', HINT);
    fixture.live.add(OLD);
    expect(nameIn(await fixture.send(1))).toBe('report 4');
    expect([fixture.sent.length, fixture.logins]).toEqual([4, []]);
  });

  test('that is a JWT limits the use of cached reports by its exp, even while ScaleOps fails', async () => {
    const clock = createManualClock();
    const token = makeJwt({ sub: CANARY, exp: clock.now() / 1000 + 30 });
    await using fixture = await startFixture({
      clock,
      env: { SCALEOPS_TOKEN: token, CACHE_STALE_SECONDS: '300', CACHE_STALE_IF_ERROR_SECONDS: '3600' },
    });
    fixture.live.add(token);
    await fixture.send(1);
    clock.advance(29_999);
    expect(nameIn(await fixture.send(1))).toBe('report 1');
    clock.advance(1);
    fixture.report = faults.status(503);
    expectRefused(await fixture.send(1), 'UPSTREAM_UNAVAILABLE');
    fixture.live.clear();
    expectRefused(await fixture.send(1), 'UPSTREAM_UNAUTHENTICATED', HINT);
    expect([fixture.sent.length, fixture.logins]).toEqual([3, []]);
  });
});

describe('parseExpiry', () => {
  const encode = (text: string): string => Buffer.from(text).toString('base64url');
  const jwt = (payload: string): string => `${encode('{"alg":"none"}')}.${encode(payload)}.x`;

  test.each<[string, string, number | undefined]>([
    ['whole seconds', makeJwt({ exp: 1_800_000_000 }), 1_800_000_000_000],
    ['parts of a second', jwt('{"exp":1.5}'), 1_500],
    ['zero', jwt('{"exp":0}'), 0],
    ['a negative number', jwt('{"exp":-1}'), -1_000],
    ['an empty signature', `${encode('{}')}.${encode('{"exp":7}')}.`, 7_000],
    ['other text in it', jwt('{"exp":7,"name":"Ünal 😀"}'), 7_000],
    ['base64 with padding and another alphabet', `e30=.${btoa('{"exp":7,"a":"???>>>"}')}.x`, 7_000],
  ])('reads an exp of %s', (_title, token, expected) => {
    expect(parseExpiry(token)).toBe(expected);
  });

  test.each<[string, string]>([
    ['an opaque text', 'canary'],
    ['nothing', ''],
    ['dots', '..'],
    ['two parts', `${encode('{}')}.${encode('{"exp":7}')}`],
    ['no JSON', jwt('exp=7')],
    ['JSON cut short', jwt('{"exp":7')],
    ['null', jwt('null')],
    ['a list', jwt('[7]')],
    ['a number', jwt('7')],
    ['no exp', jwt('{"iat":7}')],
    ['an exp in a text', jwt('{"exp":"7"}')],
    ['an exp of null', jwt('{"exp":null}')],
    ['an exp beyond numbers', jwt('{"exp":1e999}')],
    ['an exp of the prototype', jwt('{"__proto__":{"exp":7}}')],
    ['bytes', `x.${Buffer.from([0xff, 0x00, 0x80]).toString('base64url')}.x`],
    ['a JWE', `${encode('{"enc":"A128GCM"}')}.${encode('key')}.iv.text.tag`],
    ['100 kB', jwt('['.repeat(100_000))],
  ])('returns undefined for %s', (_title, token) => {
    expect(parseExpiry(token)).toBeUndefined();
  });
});

describe('isToken', () => {
  test('accepts visible ASCII and nothing else', () => {
    for (let code = 0; code < 0x180; code += 1) {
      expect(isToken(`a${String.fromCharCode(code)}b`), code.toString(16)).toBe(code > 0x20 && code < 0x7f);
    }
    expect([isToken(''), isToken('a\n'), isToken('\u{1f600}')]).toEqual([false, false, false]);
  });
});

// Mutations that fail here: any part of an account left out of its principal; names joined without separators.
describe('createCredentials', () => {
  const principalOf = async (auth: AuthSettings, url = 'https://a.test', callerToken?: string): Promise<Principal> => {
    const credentials = createCredentials({ auth, url, timeoutMs: 1_000, clock: createManualClock() });
    const principal = await credentials.principal(callerToken);
    await credentials.close();
    return principal;
  };
  const login = { kind: 'login', username: 'ann', password: `${CANARY}-password` } as const;
  const azure = {
    kind: 'azure',
    authority: 'https://login.test',
    tenantId: 'tenant',
    clientId: 'client',
    clientSecret: `${CANARY}-secret`,
  } as const;

  test('assigns an account the same id in every replica, and other accounts other ids', async () => {
    const different = await Promise.all([
      principalOf(login),
      principalOf(login, 'https://b.test'),
      principalOf({ ...login, username: 'bob' }),
      principalOf({ ...login, password: 'other' }),
      principalOf({ ...login, username: `ann${CANARY}`, password: '-password' }),
      principalOf(login, 'https://a.test/x'),
      principalOf({ ...login, username: '/xann' }),
      principalOf(azure),
      principalOf({ ...azure, authority: 'https://other.test' }),
      principalOf({ ...azure, tenantId: 'other' }),
      principalOf({ ...azure, clientId: 'other' }),
      principalOf({ ...azure, tenantId: 'tenantc', clientId: 'lient' }),
      principalOf({ ...azure, clientSecret: 'other' }),
      principalOf({ kind: 'token', source: { token: 'one' } }),
      principalOf({ kind: 'token', source: { token: 'two' } }),
    ]);
    expect(new Set(different.map(({ id }) => id)).size).toBe(different.length);
    expect(new Set(different.map(({ encryptionKey }) => encryptionKey().toString('hex'))).size).toBe(different.length);
    const [ann, , , , , , , client] = different;
    // The principal of an Azure account does not include the host, which cache keys name separately.
    const again = await Promise.all([principalOf(login), principalOf(azure, 'https://b.test')]);
    expect(again.map(({ id }) => id)).toEqual([ann.id, client.id]);
    for (const { id, encryptionKey, isCaller, expiresAt } of different) {
      expect(id).toMatch(/^[\w-]{43}$/);
      expect(encryptionKey()).toHaveLength(32);
      expect(encryptionKey().toString('base64url')).not.toBe(id);
      expect([isCaller, expiresAt]).toEqual([false, undefined]);
    }
  });

  test('identifies a caller by its token alone, and reads its expiry', async () => {
    const token = makeJwt({ sub: CANARY, exp: 1_800_000_000 });
    const ann = await principalOf({ kind: 'forward' }, 'https://a.test', token);
    expect([ann.isCaller, ann.expiresAt]).toEqual([true, 1_800_000_000_000]);
    const bob = await principalOf({ kind: 'forward' }, 'https://a.test', `${token}x`);
    expect(bob.id).not.toBe(ann.id);
    expect(await ann.tokens.token(new AbortController())).toBe(token);
    expect(ann.tokens.rejectionError('why').code).toBe('UNAUTHENTICATED');
    for (const none of [undefined, '', 'a b', 'a\n']) {
      await expect(principalOf({ kind: 'forward' }, 'https://a.test', none)).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    }
  });
});

// Mutations that fail here: a renewal that ends with the caller that began it; a pause that a clock set back prolongs.
describe('TokenCache', () => {
  interface Flight {
    readonly signal: AbortSignal;
    readonly give: (obtained: ObtainedToken) => void;
    readonly fail: (error: Error) => void;
  }
  const refusal = (reason: string): UpstreamError => new UpstreamError('UPSTREAM_UNAUTHENTICATED', { reason });
  const never = new AbortController();

  const setUp = () => {
    const clock = createManualClock();
    const flights: Flight[] = [];
    const obtain = (signal: AbortSignal): Promise<ObtainedToken> =>
      new Promise((give, fail) => {
        flights.push({ signal, give, fail });
      });
    const tokens = new TokenCache(obtain, clock, refusal);
    return { clock, flights, tokens };
  };
  /** With a first token of this lifetime. */
  const setUpWith = async (lifetimeMs?: number) => {
    const all = setUp();
    const first = all.tokens.token(never);
    all.flights[0]!.give({ token: 'one', lifetimeMs });
    expect(await first).toBe('one');
    return all;
  };

  test('returns one token for one login until its last tenth', async () => {
    const { clock, flights, tokens } = await setUpWith(100_000);
    clock.advance(89_999);
    expect(await tokens.token(never)).toBe('one');
    expect(flights).toHaveLength(1);
    clock.advance(1);
    expect([await tokens.token(never), await tokens.token(never)]).toEqual(['one', 'one']);
    expect(flights).toHaveLength(2);
    flights[1]!.give({ token: 'two', lifetimeMs: 100_000 });
    await new Promise(setImmediate);
    expect(await tokens.token(never)).toBe('two');
    // Its lifetime counts from the response.
    clock.advance(89_999);
    expect(await tokens.token(never)).toBe('two');
    expect(flights).toHaveLength(2);
  });

  test('lets waiting callers join an early renewal', async () => {
    const { clock, flights, tokens } = await setUpWith(100_000);
    clock.advance(90_000);
    await tokens.token(never);
    clock.advance(10_000);
    const late = [tokens.token(never), tokens.token(never), tokens.renew('one', never)];
    flights[1]!.give({ token: 'two' });
    expect(await Promise.all(late)).toEqual(['two', 'two', 'two']);
    expect(flights).toHaveLength(2);
  });

  test('cancels a login only when the last waiting caller aborts', async () => {
    const { flights, tokens } = setUp();
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = [first, second].map((controller) => tokens.token(controller).catch(() => 'left'));
    first.abort();
    expect(await waiting[0]).toBe('left');
    expect(flights[0]!.signal.aborted).toBe(false);
    second.abort();
    expect(await waiting[1]).toBe('left');
    expect(flights[0]!.signal.aborted).toBe(true);
    const next = tokens.token(never);
    flights[1]!.give({ token: 'two' });
    expect([await next, flights.length]).toEqual(['two', 2]);
  });

  test('does not cancel an early renewal when the caller that started it aborts', async () => {
    const { clock, flights, tokens } = await setUpWith(100_000);
    clock.advance(90_000);
    const controller = new AbortController();
    await tokens.token(controller);
    controller.abort();
    await new Promise(setImmediate);
    expect(flights[1]!.signal.aborted).toBe(false);
    flights[1]!.give({ token: 'two' });
    await new Promise(setImmediate);
    expect([await tokens.token(never), flights.length]).toEqual(['two', 2]);
  });

  test('pauses for 30 s after a refusal, and not after a fault', async () => {
    const { clock, flights, tokens } = setUp();
    const faulty = tokens.token(never);
    flights[0]!.fail(new UpstreamError('UPSTREAM_UNAVAILABLE'));
    await expect(faulty).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    const refused = tokens.token(never);
    flights[1]!.fail(refusal('HTTP 401'));
    await expect(refused).rejects.toMatchObject({ code: 'UPSTREAM_UNAUTHENTICATED' });
    clock.advance(29_999);
    for (const again of [tokens.token(never), tokens.renew('x', never)]) {
      await expect(again).rejects.toMatchObject({ reason: 'the login was refused a moment ago' });
    }
    expect(flights).toHaveLength(2);
    clock.advance(1);
    void tokens.token(never);
    expect(flights).toHaveLength(3);
  });

  test('does not prolong the pause when the clock is set back', async () => {
    const { clock, flights, tokens } = setUp();
    const refused = tokens.token(never);
    flights[0]!.fail(refusal('HTTP 401'));
    await expect(refused).rejects.toMatchObject({ code: 'UPSTREAM_UNAUTHENTICATED' });
    clock.advance(-3_600_000);
    void tokens.token(never);
    expect(flights).toHaveLength(2);
  });

  test('uses a valid token after a refused renewal, and logs in again after the pause', async () => {
    const { clock, flights, tokens } = await setUpWith(1_000_000);
    clock.advance(900_000);
    await tokens.token(never);
    flights[1]!.fail(refusal('HTTP 401'));
    await new Promise(setImmediate);
    clock.advance(29_999);
    expect([await tokens.token(never), flights.length]).toEqual(['one', 2]);
    clock.advance(1);
    expect([await tokens.token(never), flights.length]).toEqual(['one', 3]);
  });

  test('drops a token that was refused twice, but not a newer one', async () => {
    const { clock, flights, tokens } = await setUpWith();
    tokens.recordRejection('an older one');
    expect(await tokens.token(never)).toBe('one');
    tokens.recordRejection('one');
    await expect(tokens.token(never)).rejects.toMatchObject({ code: 'UPSTREAM_UNAUTHENTICATED' });
    expect(flights).toHaveLength(1);
    clock.advance(30_000);
    void tokens.token(never);
    expect(flights).toHaveLength(2);
  });
});

describe('the settings of credentials', () => {
  const canaries = (...names: string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [`SCALEOPS_${name}`, `${CANARY} \n ${CANARY}`]));
  const ALL = ['TOKEN', 'TOKEN_FILE', 'USERNAME', 'PASSWORD', 'AZURE_TENANT_ID', 'AZURE_CLIENT_ID'];

  test.each(['token', 'login', 'azure', 'forward', CANARY])('are not repeated in a problem or warning: %s', (auth) => {
    const env = {
      ...canaries(...ALL, 'AZURE_CLIENT_SECRET', 'AZURE_AUTHORITY', 'URL', 'PASWORD'),
      SCALEOPS_AUTH: auth,
    };
    let problems: readonly string[] = [];
    try {
      readConfig(env);
    } catch (error) {
      problems = (error as ConfigError).problems;
    }
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).not.toContain(CANARY);
  });

  test.each<[string, string[], string[]]>([
    ['token', [], ['SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE must be set with SCALEOPS_AUTH=token.']],
    ['token', ['TOKEN', 'TOKEN_FILE'], ['SCALEOPS_TOKEN and SCALEOPS_TOKEN_FILE exclude each other.']],
    ['login', ['USERNAME'], ['SCALEOPS_PASSWORD must be set with SCALEOPS_AUTH=login.']],
    ['login', ['PASSWORD'], ['SCALEOPS_USERNAME must be set with SCALEOPS_AUTH=login.']],
    [
      'azure',
      ['AZURE_CLIENT_ID'],
      [
        'SCALEOPS_AZURE_TENANT_ID must be set with SCALEOPS_AUTH=azure.',
        'SCALEOPS_AZURE_CLIENT_SECRET must be set with SCALEOPS_AUTH=azure.',
      ],
    ],
    ['forward', [], []],
  ])('for %s with %j have these problems', (auth, given, expected) => {
    const env: Record<string, string> = { SCALEOPS_URL: 'http://host.test', SCALEOPS_AUTH: auth };
    for (const name of given) env[`SCALEOPS_${name}`] = CANARY;
    let problems: readonly string[] = [];
    try {
      readConfig(env);
    } catch (error) {
      problems = (error as ConfigError).problems;
    }
    expect(problems).toEqual(expected);
  });

  test('of another mode have no effect, and a warning says so without their values', () => {
    const owners = [
      ...['TOKEN', 'TOKEN_FILE'].map((name) => [name, 'token'] as const),
      ...['USERNAME', 'PASSWORD'].map((name) => [name, 'login'] as const),
      ...['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET'].map((name) => [name, 'azure'] as const),
    ];
    const env = Object.fromEntries(owners.map(([name]) => [`SCALEOPS_${name}`, CANARY]));
    const { warnings } = readConfig({ SCALEOPS_URL: 'http://host.test', SCALEOPS_AUTH: 'forward', ...env });
    expect(warnings).toEqual(
      owners.map(([name, kind]) => `SCALEOPS_${name} has no effect without SCALEOPS_AUTH=${kind}.`),
    );
  });
});
