// Describes the configuration in effect, for `--check-config`. Of a secret it says only whether it is set.

import { pathUnder } from '../upstream/http/connections.js';
import type { Config } from './config.js';
import { isSet, type Environment } from './settings/reader.js';
import type { Setting } from './settings/rules.js';
import { SETTING_GROUPS } from './settings/settings.js';

/** All settings by group, the URLs of the reports, and the proxies. */
export function describeConfig(env: Environment, config: Config): string {
  // Another setting may decide these two.
  const effective: Readonly<Record<string, string>> = { HOST: config.host, GATEWAY_AUTH: config.access.kind };
  const groups = Object.entries(SETTING_GROUPS).map(([title, settings]) => {
    const lines = Object.entries<Setting<unknown>>(settings).map(([name, setting]) => {
      const mark = isSet(env, name) ? '*' : ' ';
      return `  ${mark} ${name} ${describeValue(env, name, setting, effective[name])}\n`;
    });
    return `${title}\n${lines.join('')}`;
  });
  return [
    'Settings in effect; * marks those that are set, the others have their defaults.\n',
    ...groups,
    describePaths(env, config),
    describeProxies(config),
  ].join('');
}

function describeValue(env: Environment, name: string, setting: Setting<unknown>, effective?: string): string {
  if (setting.secret) return isSet(env, name) ? 'is set' : 'is not set';
  const value = effective ?? (isSet(env, name) ? env[name]?.trim() : setting.default);
  return value === undefined ? 'is not set' : `= ${value}`;
}

function describePaths(env: Environment, { upstream: { url, paths } }: Config): string {
  const describe = (report: string, path: string, setting: string): string => {
    const { href } = new URL(pathUnder(new URL(url), path), url);
    return `  ${report} report: POST ${href} (${isSet(env, setting) ? `by ${setting}` : `the default of ${setting}`})\n`;
  };
  return [
    'ScaleOps is called at\n',
    describe('aggregated', paths.aggregated, 'SCALEOPS_AGGREGATED_PATH'),
    describe('workload', paths.workloads, 'SCALEOPS_WORKLOADS_PATH'),
    ...(isSet(env, 'SCALEOPS_AGGREGATED_PATH')
      ? []
      : ['  ScaleOps documents no path of the aggregated report. If it answers 404, set SCALEOPS_AGGREGATED_PATH.\n']),
  ].join('');
}

/** Without user and password. */
function describeProxies({ proxy }: Config): string {
  if (proxy === undefined) return '';
  const { httpProxy, httpsProxy = httpProxy, noProxy = 'no host' } = proxy;
  const describe = (url: string | undefined): string => (url === undefined ? 'none' : new URL(url).origin);
  return [
    'Proxies, from HTTPS_PROXY, HTTP_PROXY and NO_PROXY\n',
    `  for https: ${describe(httpsProxy)}\n`,
    `  for http: ${describe(httpProxy)}\n`,
    `  not for: ${noProxy}\n`,
  ].join('');
}
