import { describe, expect, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { deriveMemoryLimits, type ProcessMemory } from '../../src/config/memory.js';
import { ConfigError } from '../../src/config/settings/reader.js';
import { SETTINGS } from '../../src/config/settings/settings.js';

const MIB = 1_048_576;
const MINIMAL = { SCALEOPS_URL: 'https://scaleops.test', SCALEOPS_TOKEN: 'abc' };

const AZURE = {
  SCALEOPS_AZURE_TENANT_ID: 'tenant',
  SCALEOPS_AZURE_CLIENT_ID: 'client',
  SCALEOPS_AZURE_CLIENT_SECRET: 'secret',
};
const PASSWORD_MISSING = 'SCALEOPS_PASSWORD must be set with SCALEOPS_AUTH=login.';

/** All files hold a token except one. */
function readText(path: string): string {
  if (path === '/nowhere') throw new Error('ENOENT: canary');
  return path === '/rubbish' ? 'canary canary' : 'token\n';
}

function errorOf(env: Record<string, string | undefined>, read = readText, machine?: ProcessMemory): ConfigError {
  try {
    readConfig(env, read, machine);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration is valid');
}

const problemsOf = (env: Record<string, string | undefined>): readonly string[] => errorOf(env).problems;

describe('readConfig', () => {
  test('uses the documented defaults', () => {
    const { config, warnings } = readConfig(MINIMAL);
    expect(warnings).toEqual([]);
    expect(config).toEqual({
      host: '127.0.0.1',
      port: 4000,
      memory: deriveMemoryLimits({ availableBytes: 4096 * MIB, heapLimitBytes: 4096 * MIB }),
      access: { kind: 'none' },
      trustedDocuments: undefined,
      persistedQueries: true,
      graphiql: true,
      schema: { federation: true, access: undefined, cacheTags: false },
      maxPageRows: undefined,
      maxResponseRows: 250_000,
      shutdown: { delayMs: 0, limitMs: 8_000 },
      protection: {
        documents: {
          tokens: 2_000,
          depth: 20,
          aliases: 50,
          rootFields: 20,
          directives: 50,
          fragments: 100,
          repeatedFields: 100,
        },
        maxBodyBytes: 2_097_152,
        maxCost: 5_000_000,
        maxUpstreamCalls: 100,
        maxIntervals: 100,
        timeoutMs: 60_000,
        rateLimit: undefined,
        corsOrigins: [],
        introspection: true,
      },
      logLevel: 'info',
      logSamplePercent: 100,
      telemetry: { metrics: true, operations: [], tracing: undefined },
      cacheControl: 'private',
      proxy: undefined,
      upstream: {
        url: 'https://scaleops.test',
        auth: { kind: 'token', source: { token: 'abc' } },
        paths: {
          workloads: '/detailedCostReport/getWorkloads',
          aggregated: '/detailedCostReport/getAggregatedWorkloads',
        },
        multiClusterByDefault: true,
        timeoutMs: 30_000,
        maxResponseBytes: 134_217_728,
        // Decided in the architecture document, which is not in this repository.
        resilience: {
          maxInFlight: 8,
          maxQueued: 256,

          maxAttempts: 3,
          retryRatio: 0.1,
          minRetries: 3,
          breaker: {
            consecutiveFailures: 5,
            failureRatio: 0.5,
            minCalls: 10,
            windowMs: 30_000,
            openMs: 15_000,
            maxOpenMs: 120_000,
          },
        },
      },
      cache: {
        ttlMs: 60_000,
        settlingTtlMs: 900_000,
        settledTtlMs: 86_400_000,
        settledAfterMs: 604_800_000,
        staleMs: 300_000,
        staleIfErrorMs: 3_600_000,
        recheckMs: 60_000,
        maxBytes: 201_326_592,
        maxResponseBytes: 67_108_864,
        redisUrl: undefined,
      },
    });
  });

  test('reads every setting', () => {
    const env = {
      SCALEOPS_URL: 'http://localhost:8080/scaleops',
      SCALEOPS_TOKEN_FILE: '/run/secrets/token',
      SCALEOPS_WORKLOADS_PATH: '/w',
      SCALEOPS_AGGREGATED_PATH: '/a',
      SCALEOPS_MULTI_CLUSTER: 'off',
      SCALEOPS_TIMEOUT_MS: '1000',
      SCALEOPS_MAX_RESPONSE_MB: '1',
      SCALEOPS_MAX_IN_FLIGHT: '4',
      SCALEOPS_MAX_QUEUED: '0',
      SCALEOPS_MAX_ATTEMPTS: '1',
      SCALEOPS_RETRY_PERCENT: '50',
      SCALEOPS_RETRY_MIN: '6',
      SCALEOPS_BREAKER_FAILURES: '7',
      SCALEOPS_BREAKER_PERCENT: '80',
      SCALEOPS_BREAKER_MIN_CALLS: '9',
      SCALEOPS_BREAKER_WINDOW_SECONDS: '10',
      SCALEOPS_BREAKER_OPEN_SECONDS: '11',
      SCALEOPS_BREAKER_MAX_OPEN_SECONDS: '12',
      CACHE_TTL_SECONDS: '0',
      CACHE_SETTLING_TTL_SECONDS: '13',
      CACHE_SETTLED_TTL_SECONDS: '14',
      CACHE_SETTLED_AFTER_SECONDS: '15',
      CACHE_STALE_SECONDS: '14',
      CACHE_STALE_IF_ERROR_SECONDS: '15',
      CACHE_RECHECK_SECONDS: '16',
      CACHE_CONTROL: 'public',
      CACHE_REDIS_URL: 'rediss://user:canary@valkey.test:6380/1',
      CACHE_MAX_MB: '4',
      GATEWAY_APQ: 'off',
      GATEWAY_AUTH: 'none',
      HOST: '::',
      PORT: '0',
      GRAPHIQL: 'off',
      GATEWAY_MAX_PAGE_ROWS: '500',
      GATEWAY_MAX_ANSWER_ROWS: 'off',
      GATEWAY_FEDERATION: 'off',
      GATEWAY_FEDERATION_ACCESS: 'costs:read finops, admin',
      GATEWAY_FEDERATION_CACHE_TAGS: 'on',
      GATEWAY_SHUTDOWN_DELAY_SECONDS: '17',
      GATEWAY_SHUTDOWN_LIMIT_SECONDS: '18',
      GATEWAY_MAX_TOKENS: '101',
      GATEWAY_MAX_DEPTH: '102',
      GATEWAY_MAX_ALIASES: '103',
      GATEWAY_MAX_ROOT_FIELDS: '104',
      GATEWAY_MAX_DIRECTIVES: '105',
      GATEWAY_MAX_FRAGMENTS: 'off',
      GATEWAY_MAX_REPEATED_FIELDS: '109',
      GATEWAY_MAX_UPSTREAM_CALLS: '110',
      GATEWAY_MAX_INTERVALS: '111',
      GATEWAY_MAX_BODY_KIB: '112',
      GATEWAY_MAX_COST: '106',
      GATEWAY_TIMEOUT_MS: '107000',
      GATEWAY_RATE_LIMIT: '108',
      GATEWAY_INTROSPECTION: 'off',
      GATEWAY_CORS_ORIGINS: 'https://a.test, http://localhost:3000',
      LOG_LEVEL: 'silent',
      LOG_SAMPLE_PERCENT: '5',
      GATEWAY_METRICS: 'off',
      GATEWAY_METRICS_OPERATIONS: 'TopSavings, _cost2,',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.test:4318/base/',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20canary==, x-key = a',
      OTEL_SERVICE_NAME: 'costs',
      OTEL_TRACES_SAMPLER_ARG: '0.05',
    };
    const { config } = readConfig(env, readText);
    expect(config).toEqual({
      host: '::',
      port: 0,
      memory: deriveMemoryLimits({ availableBytes: 4096 * MIB, heapLimitBytes: 4096 * MIB }, 4 * MIB),
      access: { kind: 'none' },
      trustedDocuments: undefined,
      persistedQueries: false,
      graphiql: false,
      schema: { federation: false, access: [['costs:read', 'finops'], ['admin']], cacheTags: true },
      maxPageRows: 500,
      maxResponseRows: undefined,
      shutdown: { delayMs: 17_000, limitMs: 18_000 },
      protection: {
        documents: {
          tokens: 101,
          depth: 102,
          aliases: 103,
          rootFields: 104,
          directives: 105,
          fragments: undefined,
          repeatedFields: 109,
        },
        maxBodyBytes: 114_688,
        maxCost: 106,
        maxUpstreamCalls: 110,
        maxIntervals: 111,
        timeoutMs: 107_000,
        rateLimit: 108,
        corsOrigins: ['https://a.test', 'http://localhost:3000'],
        introspection: false,
      },
      logLevel: 'silent',
      logSamplePercent: 5,
      telemetry: {
        metrics: false,
        operations: ['TopSavings', '_cost2'],
        tracing: {
          url: 'http://collector.test:4318/base/v1/traces',
          headers: { authorization: 'Bearer canary==', 'x-key': 'a' },
          resourceAttributes: { 'service.name': 'costs' },
          sampler: { kind: 'parentbased_traceidratio', ratio: 0.05 },
        },
      },
      cacheControl: 'public',
      proxy: undefined,
      upstream: {
        url: 'http://localhost:8080/scaleops',
        auth: { kind: 'token', source: { file: '/run/secrets/token' } },
        paths: { workloads: '/w', aggregated: '/a' },
        multiClusterByDefault: false,
        timeoutMs: 1000,
        maxResponseBytes: 1_048_576,
        resilience: {
          maxInFlight: 4,
          maxQueued: 0,
          maxAttempts: 1,
          retryRatio: 0.5,
          minRetries: 6,
          breaker: {
            consecutiveFailures: 7,
            failureRatio: 0.8,
            minCalls: 9,
            windowMs: 10_000,
            openMs: 11_000,
            maxOpenMs: 12_000,
          },
        },
      },
      cache: {
        ttlMs: 0,
        settlingTtlMs: 13_000,
        settledTtlMs: 14_000,
        settledAfterMs: 15_000,
        staleMs: 14_000,
        staleIfErrorMs: 15_000,
        recheckMs: 16_000,
        maxBytes: 3_145_728,
        maxResponseBytes: 1_048_576,
        redisUrl: 'rediss://user:canary@valkey.test:6380/1',
      },
    });
  });

  test.each([
    [
      { SCALEOPS_AUTH: 'login', SCALEOPS_USERNAME: 'ann', SCALEOPS_PASSWORD: 'a b' },
      { kind: 'login', username: 'ann', password: 'a b' },
    ],
    [
      { SCALEOPS_AUTH: 'azure', ...AZURE },
      {
        kind: 'azure',
        tenantId: 'tenant',
        clientId: 'client',
        clientSecret: 'secret',
        authority: 'https://login.microsoftonline.com',
      },
    ],
    [{ SCALEOPS_AUTH: 'forward' }, { kind: 'forward' }],
  ])('reads the credentials of ScaleOps: %j', (env, auth) => {
    const { config, warnings } = readConfig({ SCALEOPS_URL: MINIMAL.SCALEOPS_URL, ...env });
    expect(config.upstream.auth).toEqual(auth);
    expect(warnings).toEqual([]);
  });

  test.each<[Record<string, string>, string[]]>([
    [{}, ['SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE must be set with SCALEOPS_AUTH=token.']],
    [
      { SCALEOPS_TOKEN: 'a', SCALEOPS_TOKEN_FILE: '/b' },
      ['SCALEOPS_TOKEN and SCALEOPS_TOKEN_FILE exclude each other.'],
    ],
    [{ SCALEOPS_AUTH: 'login' }, ['SCALEOPS_USERNAME must be set with SCALEOPS_AUTH=login.', PASSWORD_MISSING]],
    [{ SCALEOPS_AUTH: 'login', SCALEOPS_USERNAME: 'ann' }, [PASSWORD_MISSING]],
    [
      { SCALEOPS_AUTH: 'azure', SCALEOPS_AZURE_TENANT_ID: 'a/../b', SCALEOPS_AZURE_CLIENT_ID: 'c' },
      [
        'SCALEOPS_AZURE_TENANT_ID must be letters, digits, dots and hyphens, a letter or digit first.',
        'SCALEOPS_AZURE_CLIENT_SECRET must be set with SCALEOPS_AUTH=azure.',
      ],
    ],
    [
      { SCALEOPS_AUTH: 'forward', CACHE_CONTROL: 'public' },
      ['CACHE_CONTROL must be private with SCALEOPS_AUTH=forward: each response belongs to one caller.'],
    ],
    [{ SCALEOPS_TOKEN_FILE: '/nowhere' }, ['SCALEOPS_TOKEN_FILE names a file that cannot be read.']],
    [
      { SCALEOPS_TOKEN_FILE: '/rubbish' },
      ['SCALEOPS_TOKEN_FILE must name a file with a token: visible ASCII characters without spaces.'],
    ],
    [{ SCALEOPS_AUTH: 'canary' }, ['SCALEOPS_AUTH must be one of token, login, azure, forward, none.']],
  ])('refuses %j', (env, problems) => {
    expect(problemsOf({ SCALEOPS_URL: MINIMAL.SCALEOPS_URL, ...env })).toEqual(problems);
  });

  test('warns about credentials that the chosen authentication does not use', () => {
    const { warnings } = readConfig({ ...MINIMAL, SCALEOPS_AUTH: 'forward', SCALEOPS_PASSWORD: 'canary' });
    expect(warnings).toEqual([
      'SCALEOPS_TOKEN has no effect without SCALEOPS_AUTH=token.',
      'SCALEOPS_PASSWORD has no effect without SCALEOPS_AUTH=login.',
    ]);
  });

  test('warns about headers without a receiver of traces', () => {
    const { warnings } = readConfig({ ...MINIMAL, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=canary' });
    expect(warnings).toEqual(['OTEL_EXPORTER_OTLP_HEADERS has no effect without OTEL_EXPORTER_OTLP_ENDPOINT.']);
  });

  test('warns about GATEWAY_TIMEOUT_MS below SCALEOPS_TIMEOUT_MS', () => {
    expect(readConfig({ ...MINIMAL, GATEWAY_TIMEOUT_MS: '29999' }).warnings).toEqual([
      'GATEWAY_TIMEOUT_MS is less than SCALEOPS_TIMEOUT_MS: reports that take longer never arrive.',
    ]);
    expect(readConfig({ ...MINIMAL, GATEWAY_TIMEOUT_MS: '30000' }).warnings).toEqual([]);
    expect(readConfig({ ...MINIMAL, SCALEOPS_TIMEOUT_MS: '600000', GATEWAY_TIMEOUT_MS: 'off' }).warnings).toEqual([]);
  });

  test('warns about GraphiQL without introspection', () => {
    expect(readConfig({ ...MINIMAL, GATEWAY_INTROSPECTION: 'off' }).warnings).toEqual([
      'GRAPHIQL is on, but without documentation and completion: GATEWAY_INTROSPECTION is off.',
    ]);
    expect(readConfig({ ...MINIMAL, GATEWAY_INTROSPECTION: 'off', GRAPHIQL: 'off' }).warnings).toEqual([]);
  });

  test('freezes the configuration deeply', () => {
    const { config } = readConfig(MINIMAL);
    expect([config, config.upstream, config.upstream.paths, config.cache].every(Object.isFrozen)).toBe(true);
  });

  test('treats an empty variable as not set', () => {
    expect(readConfig({ ...MINIMAL, PORT: '', HOST: ' ' }).config).toMatchObject({ port: 4000, host: '127.0.0.1' });
    expect(problemsOf({ ...MINIMAL, SCALEOPS_URL: '' })).toHaveLength(1);
  });

  test('reports all problems at once', () => {
    expect(problemsOf({ PORT: '65536', LOG_LEVEL: 'loud', GRAPHIQL: 'yes', CACHE_MAX_MB: '1e3' })).toEqual([
      `SCALEOPS_URL is not set. ${SETTINGS.SCALEOPS_URL.description}`,
      'SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE must be set with SCALEOPS_AUTH=token.',
      'PORT must be a whole number from 0 to 65535.',
      'GRAPHIQL must be on or off.',
      'CACHE_MAX_MB must be auto or a whole number from 1 to 1048576.',
      'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.',
    ]);
  });

  test('reports warnings with problems', () => {
    const { warnings } = errorOf({ SCALEOPS_URL: MINIMAL.SCALEOPS_URL, SCALEOPS_PASSWORD: 'canary' });
    expect(warnings).toEqual(['SCALEOPS_PASSWORD has no effect without SCALEOPS_AUTH=login.']);
  });

  test.each([
    ['SCALEOPS_AUTH', { SCALEOPS_AUTH: 'constructor' }],
    ['GATEWAY_AUTH', { GATEWAY_AUTH: 'canary', GATEWAY_API_KEYS: `ann:${'k'.repeat(16)}`, CACHE_CONTROL: 'public' }],
    ['GATEWAY_AUTH', { GATEWAY_AUTH: 'canary', HOST: '0.0.0.0', GATEWAY_SCOPES: 'scopes.json' }],
    ['SCALEOPS_TIMEOUT_MS', { SCALEOPS_TIMEOUT_MS: '30s', GATEWAY_TIMEOUT_MS: '5000' }],
    ['SCALEOPS_BREAKER_OPEN_SECONDS', { SCALEOPS_BREAKER_OPEN_SECONDS: '5s', SCALEOPS_BREAKER_MAX_OPEN_SECONDS: '2' }],
    ['GATEWAY_INTROSPECTION', { GATEWAY_INTROSPECTION: 'false' }],
  ])('reports no consequence of a wrong %s: %j', (name, env) => {
    const { problems, warnings } = errorOf({ ...MINIMAL, ...env }, () => '{"callers":{"ann":"all"}}');
    expect([problems.map((problem) => problem.split(' ')[0]), warnings]).toEqual([[name], []]);
  });

  test('reports nothing about memory when CACHE_MAX_MB is wrong', () => {
    const small = { availableBytes: 256 * MIB, heapLimitBytes: 256 * MIB };
    expect(readConfig(MINIMAL, readText, small).warnings).toHaveLength(1);
    const { problems, warnings } = errorOf({ ...MINIMAL, CACHE_MAX_MB: '512Mi' }, readText, small);
    expect([problems, warnings]).toEqual([['CACHE_MAX_MB must be auto or a whole number from 1 to 1048576.'], []]);
  });

  test('names callers without an API key, and API keys without an entry', () => {
    const keys = ['ann', 'bob'].map((name) => `${name}:${name.repeat(6)}`).join();
    const env = { ...MINIMAL, GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: keys, GATEWAY_SCOPES: 'scopes' };
    expect(readConfig(env, () => '{"callers":{"ann":"all","eve\\n":"all"}}').warnings).toEqual([
      'GATEWAY_SCOPES has callers without an API key of that name: "eve\\n".',
      'GATEWAY_SCOPES has no entry for the API keys "bob": their callers see nothing.',
    ]);
  });

  test('reports no caller without a key when the file of keys cannot be read', () => {
    const env = { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS_FILE: 'keys', GATEWAY_SCOPES: 'scopes' };
    const { problems, warnings } = errorOf({ ...MINIMAL, ...env }, (path) => {
      if (path === 'keys') throw new Error('canary');
      return '{"callers":{"ann":"all"}}';
    });
    expect([problems, warnings]).toEqual([['GATEWAY_API_KEYS_FILE names a file that cannot be read.'], []]);
  });

  test.each([
    ['PORT', 'abc'],
    ['PORT', '-1'],
    ['HOST', 'a b'],
    ['HOST', '0.0.0.0:4000'],
    ['HOST', '[::1]'],
    ['HOST', '10.0.0.256'],
    ['SCALEOPS_URL', 'scaleops.test'],
    ['SCALEOPS_URL', 'ftp://scaleops.test'],
    ['SCALEOPS_URL', 'https://user:canary@scaleops.test'],
    ['SCALEOPS_URL', 'https://scaleops.test/?token=canary'],
    ['SCALEOPS_TOKEN', 'canary canary'],
    ['SCALEOPS_TOKEN', 'canary\ncanary'],
    ['SCALEOPS_TOKEN_FILE', 'canary'],
    ['GATEWAY_SHUTDOWN_DELAY_SECONDS', '301'],
    ['GATEWAY_SHUTDOWN_LIMIT_SECONDS', '0'],
    ['SCALEOPS_WORKLOADS_PATH', 'canary'],
    ['SCALEOPS_AGGREGATED_PATH', '/a?canary'],
    ['SCALEOPS_MULTI_CLUSTER', 'true'],
    ['SCALEOPS_TIMEOUT_MS', '0'],
    ['SCALEOPS_MAX_RESPONSE_MB', '501'],
    ['CACHE_TTL_SECONDS', '86401'],
    ['CACHE_RECHECK_SECONDS', '0'],
    ['CACHE_CONTROL', 'canary'],
    ['CACHE_REDIS_URL', 'http://canary'],
    ['CACHE_REDIS_URL', 'canary:6379'],
    ['CACHE_REDIS_URL', 'redis://canary/abc'],
    ['CACHE_REDIS_URL', 'redis://%zz@canary'],
    ['CACHE_REDIS_URL', 'redis://user:%E0%A4%A@canary/0'],
    ['SCALEOPS_WORKLOADS_PATH', '//canary/x'],
    ['SCALEOPS_BREAKER_MAX_OPEN_SECONDS', '14'],
    ['SCALEOPS_AZURE_AUTHORITY', 'canary'],
    ['GATEWAY_MAX_PAGE_ROWS', '0'],
    ['GATEWAY_CORS_ORIGINS', '*'],
    ['GATEWAY_CORS_ORIGINS', 'null'],
    ['GATEWAY_CORS_ORIGINS', 'https://*.canary'],
    ['GATEWAY_CORS_ORIGINS', 'https://canary/'],
    ['GATEWAY_CORS_ORIGINS', 'canary.test'],
    ['GATEWAY_CORS_ORIGINS', 'https://CANARY'],
    ['GATEWAY_CORS_ORIGINS', 'ftp://canary'],
    ['GATEWAY_CORS_ORIGINS', 'https://canary,'],
    ['GATEWAY_CORS_ORIGINS', 'https://canary:443'],
    ['GATEWAY_MAX_DEPTH', '0'],
    ['GATEWAY_MAX_COST', 'canary'],
    ['LOG_LEVEL', 'canary'],
    ['LOG_SAMPLE_PERCENT', '101'],
    ['LOG_SAMPLE_PERCENT', '0.5'],
    ['GATEWAY_METRICS', 'canary'],
    ['GATEWAY_METRICS_OPERATIONS', 'Good,canary-1'],
    ['GATEWAY_METRICS_OPERATIONS', Array.from({ length: 201 }, (_, index) => `canary${index}`).join()],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'canary:4317'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://user:canary@collector.test'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'canary'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'can ary=1'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%zzcanary'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=canary%0d%0ab: c'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.1'],
    ['OTEL_TRACES_SAMPLER_ARG', '-0'],
    ['OTEL_TRACES_SAMPLER_ARG', 'canary'],
  ])('refuses %s = %j without repeating it', (name, value) => {
    const problems = problemsOf({ ...MINIMAL, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
    expect(problems[0]).not.toContain('canary');
  });

  test.each(['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost', 'gateway-0.example.com', '3-a'])(
    'accepts HOST=%s',
    (HOST) => {
      expect(readConfig({ ...MINIMAL, HOST, GATEWAY_AUTH: 'none' }).config.host).toBe(HOST);
    },
  );

  // Without its setting, a gateway could start without permissions.
  test.each([
    ['SCALEOPS_TOKN', 'SCALEOPS_TOKEN'],
    ['cache_ttl_seconds', 'CACHE_TTL_SECONDS'],
    ['CACHE_TTL', 'CACHE_TTL_SECONDS'],
    ['GATEWAY_SCOPE', 'GATEWAY_SCOPES'],
    ['GATEWAY_ATUH', 'GATEWAY_AUTH'],
    ['GATEWAY_PORT', 'PORT'],
    ['GATEWAY_LOG_LEVEL', 'LOG_LEVEL'],
  ])('refuses %s, which is close to %s', (name, nearest) => {
    expect(problemsOf({ ...MINIMAL, [name]: 'canary' })).toEqual([
      `${name} is not a setting of the gateway; did you mean ${nearest}?`,
    ]);
  });

  test('warns about other unknown names with prefixes of the gateway, also when they are empty', () => {
    const env = { ...MINIMAL, GATEWAY_NAME: 'x', LOG_LEVL: 'x', GATEWAY_SCOPE: '', PATH: '/bin', PORTAL: 'x' };
    expect(readConfig(env).warnings).toEqual([
      'GATEWAY_NAME is not a setting of the gateway.',
      'LOG_LEVL is not a setting of the gateway; did you mean LOG_LEVEL?',
      'GATEWAY_SCOPE is not a setting of the gateway; did you mean GATEWAY_SCOPES?',
    ]);
  });

  test.each(['SCALEOPS', 'GATEWAY', 'CACHE', 'GATEWAY_AUTH', 'SCALEOPS_URL'])(
    'only warns about variables that Kubernetes sets for a service %s',
    (prefix) => {
      const env = {
        [`${prefix}_SERVICE_HOST`]: '10.0.0.1',
        [`${prefix}_SERVICE_PORT`]: '4000',
        [`${prefix}_SERVICE_PORT_HTTP`]: '4000',
        [`${prefix}_PORT`]: 'tcp://10.0.0.1:4000',
        [`${prefix}_PORT_4000_TCP`]: 'tcp://10.0.0.1:4000',
        [`${prefix}_PORT_4000_TCP_PROTO`]: 'tcp',
        [`${prefix}_PORT_4000_TCP_PORT`]: '4000',
        [`${prefix}_PORT_4000_TCP_ADDR`]: '10.0.0.1',
      };
      const { warnings } = readConfig({ ...MINIMAL, ...env });
      expect(warnings).toEqual(Object.keys(env).map((name) => `${name} is not a setting of the gateway.`));
    },
  );
});
