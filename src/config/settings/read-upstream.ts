// Reads the settings of ScaleOps: credentials and resilience.

import type { AuthSettings } from '../../upstream/auth/credentials.js';
import { isToken } from '../../upstream/principal.js';
import type { ResilienceSettings } from '../../upstream/client/resilience.js';
import type { Environment, Reader, ReadText } from './reader.js';
import type { SettingName } from './settings.js';

/** The settings that each SCALEOPS_AUTH needs; of an inner list exactly one. */
const NEEDS: Readonly<Record<string, readonly (SettingName | readonly [SettingName, SettingName])[]>> = {
  token: [['SCALEOPS_TOKEN', 'SCALEOPS_TOKEN_FILE']],
  login: ['SCALEOPS_USERNAME', 'SCALEOPS_PASSWORD'],
  azure: ['SCALEOPS_AZURE_TENANT_ID', 'SCALEOPS_AZURE_CLIENT_ID', 'SCALEOPS_AZURE_CLIENT_SECRET'],
  forward: [],
  none: [],
};

export function readAuth(read: Reader, problems: string[], readText: ReadText): AuthSettings {
  const kind = read('SCALEOPS_AUTH');
  const authority = read('SCALEOPS_AZURE_AUTHORITY');
  const isSet = (name: SettingName): boolean => read(name) !== undefined;
  for (const need of NEEDS[kind] ?? []) {
    if (typeof need === 'string') {
      if (!isSet(need)) problems.push(`${need} must be set with SCALEOPS_AUTH=${kind}.`);
    } else if (need.every(isSet)) problems.push(`${need.join(' and ')} exclude each other.`);
    else if (!need.some(isSet)) problems.push(`${need.join(' or ')} must be set.`);
  }
  switch (kind) {
    case 'login':
      return { kind, username: read('SCALEOPS_USERNAME') ?? '', password: read('SCALEOPS_PASSWORD') ?? '' };
    case 'azure':
      return {
        kind,
        authority,
        tenantId: read('SCALEOPS_AZURE_TENANT_ID') ?? '',
        clientId: read('SCALEOPS_AZURE_CLIENT_ID') ?? '',
        clientSecret: read('SCALEOPS_AZURE_CLIENT_SECRET') ?? '',
      };
    case 'forward':
    case 'none':
      return { kind };
    default: {
      const file = read('SCALEOPS_TOKEN_FILE');
      if (file !== undefined && !isSet('SCALEOPS_TOKEN')) problems.push(...findTokenProblem(file, readText));
      return { kind: 'token', source: file === undefined ? { token: read('SCALEOPS_TOKEN') ?? '' } : { file } };
    }
  }
}

/** Why a file contains no token now. It is read again later, so it may change. */
function findTokenProblem(file: string, readText: ReadText): string[] {
  try {
    if (isToken(readText(file).trim())) return [];
    return ['SCALEOPS_TOKEN_FILE must name a file with a token: visible ASCII characters without spaces.'];
  } catch {
    return ['SCALEOPS_TOKEN_FILE must name a file that can be read.'];
  }
}

export function readResilience(read: Reader): ResilienceSettings {
  return {
    maxInFlight: read('SCALEOPS_MAX_IN_FLIGHT'),
    maxQueued: read('SCALEOPS_MAX_QUEUED'),
    maxAttempts: read('SCALEOPS_MAX_ATTEMPTS'),
    retryRatio: read('SCALEOPS_RETRY_PERCENT') / 100,
    minRetries: read('SCALEOPS_RETRY_MIN'),
    breaker: {
      failuresInARow: read('SCALEOPS_BREAKER_FAILURES'),
      failureRatio: read('SCALEOPS_BREAKER_PERCENT') / 100,
      minCalls: read('SCALEOPS_BREAKER_MIN_CALLS'),
      windowMs: 1000 * read('SCALEOPS_BREAKER_WINDOW_SECONDS'),
      openMs: 1000 * read('SCALEOPS_BREAKER_OPEN_SECONDS'),
      maxOpenMs: 1000 * read('SCALEOPS_BREAKER_MAX_OPEN_SECONDS'),
    },
  };
}

/** Credentials that the chosen SCALEOPS_AUTH does not use. */
export function findUnusedCredentials(env: Environment, { kind }: AuthSettings): string[] {
  const needed = NEEDS[kind]?.flat() ?? [];
  return Object.values(NEEDS)
    .flat(2)
    .filter((name) => !needed.includes(name) && (env[name]?.trim() ?? '') !== '')
    .map((name) => `${name} has no effect with SCALEOPS_AUTH=${kind}.`);
}
