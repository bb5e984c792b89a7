import { describe, expect, test } from 'vitest';

import { ConfigError, readConfig, SETTINGS } from '../src/config.js';

const MINIMAL = { SCALEOPS_URL: 'https://scaleops.test', SCALEOPS_TOKEN: 'abc' };

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('readConfig', () => {
  test('takes the documented defaults', () => {
    const { config, warnings } = readConfig(MINIMAL);
    expect(warnings).toEqual([]);
    expect(config).toEqual({
      host: '127.0.0.1',
      port: 4000,
      graphiql: true,
      maxPageRows: undefined,
      logLevel: 'info',
      upstream: {
        url: 'https://scaleops.test',
        token: { token: 'abc' },
        paths: {
          workloads: '/detailedCostReport/getWorkloads',
          aggregated: '/detailedCostReport/getAggregatedWorkloads',
        },
        multiClusterByDefault: false,
        timeoutMs: 30_000,
        maxResponseBytes: 268_435_456,
      },
      cache: { ttlMs: 60_000, maxBytes: 268_435_456 },
    });
  });

  test('takes every setting', () => {
    const { config } = readConfig({
      SCALEOPS_URL: 'http://localhost:8080/scaleops',
      SCALEOPS_TOKEN_FILE: '/run/secrets/token',
      SCALEOPS_WORKLOADS_PATH: '/w',
      SCALEOPS_AGGREGATED_PATH: '/a',
      SCALEOPS_MULTI_CLUSTER: 'on',
      SCALEOPS_TIMEOUT_MS: '1000',
      SCALEOPS_MAX_RESPONSE_MB: '1',
      CACHE_TTL_SECONDS: '0',
      CACHE_MAX_MB: '2',
      HOST: '::',
      PORT: '0',
      GRAPHIQL: 'off',
      GATEWAY_MAX_PAGE_ROWS: '500',
      LOG_LEVEL: 'silent',
    });
    expect(config).toEqual({
      host: '::',
      port: 0,
      graphiql: false,
      maxPageRows: 500,
      logLevel: 'silent',
      upstream: {
        url: 'http://localhost:8080/scaleops',
        token: { tokenFile: '/run/secrets/token' },
        paths: { workloads: '/w', aggregated: '/a' },
        multiClusterByDefault: true,
        timeoutMs: 1000,
        maxResponseBytes: 1_048_576,
      },
      cache: { ttlMs: 0, maxBytes: 2_097_152 },
    });
  });

  test('freezes the configuration, all the way down', () => {
    const { config } = readConfig(MINIMAL);
    expect([config, config.upstream, config.upstream.paths, config.cache].every(Object.isFrozen)).toBe(true);
  });

  test('counts an empty variable as not set', () => {
    expect(readConfig({ ...MINIMAL, PORT: '', HOST: ' ' }).config).toMatchObject({ port: 4000, host: '127.0.0.1' });
    expect(problemsOf({ ...MINIMAL, SCALEOPS_URL: '' })).toHaveLength(1);
  });

  test('names all problems at once', () => {
    expect(problemsOf({ PORT: '65536', LOG_LEVEL: 'loud', GRAPHIQL: 'yes', CACHE_MAX_MB: '1e3' })).toEqual([
      'PORT must be a whole number from 0 to 65535.',
      'GRAPHIQL must be on or off.',
      'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.',
      `SCALEOPS_URL is not set. ${SETTINGS.SCALEOPS_URL.meaning}`,
      'SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE must be set.',
      'CACHE_MAX_MB must be a whole number from 1 to 1048576.',
    ]);
  });

  test.each([
    ['PORT', 'abc'],
    ['PORT', '-1'],
    ['HOST', 'a b'],
    ['SCALEOPS_URL', 'scaleops.test'],
    ['SCALEOPS_URL', 'ftp://scaleops.test'],
    ['SCALEOPS_URL', 'https://user:canary@scaleops.test'],
    ['SCALEOPS_URL', 'https://scaleops.test/?token=canary'],
    ['SCALEOPS_TOKEN', 'canary canary'],
    ['SCALEOPS_TOKEN', 'canary\ncanary'],
    ['SCALEOPS_TOKEN_FILE', 'canary'],
    ['SCALEOPS_WORKLOADS_PATH', 'canary'],
    ['SCALEOPS_AGGREGATED_PATH', '/a?canary'],
    ['SCALEOPS_MULTI_CLUSTER', 'true'],
    ['SCALEOPS_TIMEOUT_MS', '0'],
    ['SCALEOPS_MAX_RESPONSE_MB', '501'],
    ['CACHE_TTL_SECONDS', '86401'],
    ['GATEWAY_MAX_PAGE_ROWS', '0'],
    ['LOG_LEVEL', 'canary'],
  ])('refuses %s = %j without repeating it', (name, value) => {
    const problems = problemsOf({ ...MINIMAL, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
    expect(problems[0]).not.toContain('canary');
  });

  test('warns about names of ours that are no settings, with the nearest one', () => {
    const env = {
      ...MINIMAL,
      SCALEOPS_TOKN: 'canary',
      cache_ttl_seconds: '5',
      CACHE_TTL: '5',
      GATEWAY_SERVICE_HOST: '10.0.0.1',
      PATH: '/bin',
      PORTAL: 'x',
    };
    expect(readConfig(env).warnings).toEqual([
      'SCALEOPS_TOKN is not a setting of the gateway; did you mean SCALEOPS_TOKEN?',
      'cache_ttl_seconds is not a setting of the gateway; did you mean CACHE_TTL_SECONDS?',
      'CACHE_TTL is not a setting of the gateway; did you mean CACHE_TTL_SECONDS?',
      'GATEWAY_SERVICE_HOST is not a setting of the gateway.',
    ]);
  });
});
