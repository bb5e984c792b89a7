// Reads the settings of ScaleOps: credentials and resilience.

import type { AuthSettings } from '../../upstream/auth/credentials.js';
import { isToken } from '../../upstream/principal.js';
import type { ResilienceSettings } from '../../upstream/client/resilience.js';
import { checkRequirements } from './requirements.js';
import type { Reader, Source } from './reader.js';

export function readAuth(source: Source): AuthSettings {
  const { read } = source;
  const kind = read('SCALEOPS_AUTH');
  // Also read without use, so that a value that breaks its rule is a problem.
  const [authority, token] = [read('SCALEOPS_AZURE_AUTHORITY'), read('SCALEOPS_TOKEN')];
  checkRequirements(source, 'SCALEOPS_AUTH', kind);
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
    case 'token': {
      const file = read('SCALEOPS_TOKEN_FILE');
      if (file === undefined) return { kind, source: { token: token ?? '' } };
      if (token === undefined) checkTokenFile(source, file);
      return { kind, source: { file } };
    }
  }
}

/** Adds a problem if the file contains no token. It is read again later, so it may change. */
function checkTokenFile({ readFile, problems }: Source, file: string): void {
  const content = readFile('SCALEOPS_TOKEN_FILE', file);
  if (content === undefined || isToken(content.trim())) return;
  problems.push('SCALEOPS_TOKEN_FILE must name a file with a token: visible ASCII characters without spaces.');
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
