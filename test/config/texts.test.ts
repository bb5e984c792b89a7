// The output of `--help` and `--check-config` about settings.

import { describe, expect, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { describeConfig } from '../../src/config/describe-config.js';
import { explainSetting, explainSettings } from '../../src/config/settings/help.js';
import type { Setting } from '../../src/config/settings/rules.js';
import { SETTING_GROUPS, SETTINGS } from '../../src/config/settings/settings.js';

const ENV = { SCALEOPS_URL: 'https://scaleops.test/prefix', SCALEOPS_TOKEN: 'token-canary' };
const describeEnv = (env: Record<string, string> = {}) => {
  const all = { ...ENV, ...env };
  return describeConfig(all, readConfig(all).config);
};
const lineOf = (text: string, name: string) => text.split('\n').find((line) => line.includes(` ${name} `));

describe('--help', () => {
  test('lists each setting once, in groups', () => {
    const grouped = Object.values(SETTING_GROUPS).flatMap((settings) => Object.keys(settings));
    expect(grouped).toEqual(Object.keys(SETTINGS));
    const text = explainSettings(['--help']);
    expect([...text.matchAll(/^[A-Z_]{4,}(?= \(|$)/gm)].map(([name]) => name)).toEqual(grouped);
    for (const title of Object.keys(SETTING_GROUPS)) expect(text).toContain(`\n\n${title}\n\n`);
  });

  test('explains one setting with default, allowed values and related settings', () => {
    expect(explainSetting('cache_max_mb')).toBe(
      [
        'CACHE_MAX_MB',
        `    ${SETTINGS.CACHE_MAX_MB.description}`,
        '    Default: auto',
        '    Allowed: auto or a whole number from 1 to 1048576',
        '    Group: Cache',
        `    See also: ${Object.keys(SETTING_GROUPS.Cache)
          .filter((name) => name !== 'CACHE_MAX_MB')
          .join(', ')}`,
        '',
      ].join('\n'),
    );
    expect(explainSetting('SCALEOPS_PASSWORD')).toMatch(/Default: it is not set\n[^]*See also: SCALEOPS_AUTH\n/);
    expect(explainSetting('GATEWAY_FEDERATION_ACCESS')).toMatch(
      /nor does every router[^]*See also: .*\bGATEWAY_AUTH\b/,
    );
  });

  test('does not repeat a text that cannot be a name', () => {
    expect(() => explainSetting('Hunter2-hunter2')).toThrow('This is not a setting of the gateway.');
  });
});

describe('--check-config', () => {
  test('prints which settings are set, and the values in effect', () => {
    const text = describeEnv({ CACHE_TTL_SECONDS: ' 30 ', HOST: '0.0.0.0' });
    expect(lineOf(text, 'CACHE_TTL_SECONDS')).toBe('  * CACHE_TTL_SECONDS = 30');
    expect(lineOf(text, 'CACHE_STALE_SECONDS')).toBe('    CACHE_STALE_SECONDS = 300');
    expect(lineOf(text, 'GATEWAY_SCOPES')).toBe('    GATEWAY_SCOPES is not set');
    // Without authentication the gateway listens on loopback, whatever HOST says.
    expect(lineOf(text, 'HOST')).toBe('  * HOST = 127.0.0.1');
    expect(lineOf(text, 'GATEWAY_AUTH')).toBe('    GATEWAY_AUTH = none');
  });

  test('prints of secrets only whether they are set', () => {
    const secrets = Object.entries<Setting<unknown>>(SETTINGS).filter(([, setting]) => setting.secret);
    expect(secrets.length).toBeGreaterThan(5);
    const canaries: Record<string, string> = {
      CACHE_REDIS_URL: 'redis://user:canary@redis.test',
      GATEWAY_API_KEYS: 'name:canary-canary-canary-canary-canary',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=canary',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=canary',
    };
    const env = Object.fromEntries(secrets.map(([name]) => [name, canaries[name] ?? 'canary']));
    const text = describeEnv({ ...env, GATEWAY_AUTH: 'api-key' });
    for (const [name] of secrets) expect(lineOf(text, name)).toBe(`  * ${name} is set`);
    expect(text).not.toContain('canary');
    expect(lineOf(describeEnv(), 'SCALEOPS_PASSWORD')).toBe('    SCALEOPS_PASSWORD is not set');
  });

  test('prints the proxies in use, without user and password', () => {
    const HTTPS_PROXY = 'http://canary-user:canary@proxy.test:3128';
    expect(describeEnv({ HTTPS_PROXY, http_proxy: 'other.test:3128', NO_PROXY: '.internal' })).toContain(
      'Proxies, from HTTPS_PROXY, HTTP_PROXY and NO_PROXY\n' +
        '  for https: http://proxy.test:3128\n  for http: http://other.test:3128\n  not for: .internal\n',
    );
    expect(describeEnv({ HTTPS_PROXY })).toMatch(
      /for https: http:\/\/proxy[^]* for http: none\n {2}not for: no host\n/,
    );
    expect(describeEnv({ HTTPS_PROXY })).not.toContain('canary');
    expect(describeEnv()).not.toContain('Proxies');
  });

  test('prints the URLs of the reports', () => {
    const byDefault = describeEnv();
    expect(byDefault).toContain(
      'aggregated report: POST https://scaleops.test/prefix/detailedCostReport/getAggregatedWorkloads (the default of SCALEOPS_AGGREGATED_PATH)\n',
    );
    expect(byDefault).toContain('If it answers 404, set SCALEOPS_AGGREGATED_PATH.');
    const bySetting = describeEnv({ SCALEOPS_AGGREGATED_PATH: '/v2/sums' });
    expect(bySetting).toContain('POST https://scaleops.test/prefix/v2/sums (by SCALEOPS_AGGREGATED_PATH)\n');
    expect(bySetting).not.toContain('404');
  });

  const warningsOf = (env: Record<string, string>) =>
    readConfig({ ...ENV, ...env }).warnings.filter((warning) => warning.startsWith('GATEWAY_FEDERATION_ACCESS'));

  test('warns that not every router enforces GATEWAY_FEDERATION_ACCESS', () => {
    const [warning] = warningsOf({ GATEWAY_FEDERATION_ACCESS: 'authenticated' });
    expect(warning).toMatch(/enforced only by routers, and not by every router.* Without GATEWAY_AUTH, costs are open/);
    const keys = { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `router:${'k'.repeat(32)}` };
    expect(warningsOf({ GATEWAY_FEDERATION_ACCESS: 'costs:read', ...keys })).toEqual([
      expect.not.stringContaining('open'),
    ]);
    expect(warningsOf({ GATEWAY_FEDERATION_ACCESS: 'off' })).toEqual([]);
  });
});
