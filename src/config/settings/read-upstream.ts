// Reads the settings of ScaleOps: paths, credentials, resilience, and the proxy of the environment.

import type { AuthSettings } from '../../upstream/auth/credentials.js';
import { isToken } from '../../upstream/principal.js';
import type { ResilienceSettings } from '../../upstream/client/resilience.js';
import type { ProxySettings } from '../../upstream/http/proxy.js';
import { checkRequirements } from './requirements.js';
import type { Reader, Source } from './reader.js';

const MIB = 1_048_576;

export function readUpstream(source: Source) {
  const { read } = source;
  return {
    url: read('SCALEOPS_URL'),
    auth: readAuth(source),
    paths: { workloads: read('SCALEOPS_WORKLOADS_PATH'), aggregated: read('SCALEOPS_AGGREGATED_PATH') },
    multiClusterByDefault: read('SCALEOPS_MULTI_CLUSTER'),
    timeoutMs: read('SCALEOPS_TIMEOUT_MS'),
    maxResponseBytes: MIB * read('SCALEOPS_MAX_RESPONSE_MB'),
    resilience: readResilience(read),
  };
}

function readAuth(source: Source): AuthSettings {
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

function readResilience(read: Reader): ResilienceSettings {
  return {
    maxInFlight: read('SCALEOPS_MAX_IN_FLIGHT'),
    maxQueued: read('SCALEOPS_MAX_QUEUED'),
    maxAttempts: read('SCALEOPS_MAX_ATTEMPTS'),
    retryRatio: read('SCALEOPS_RETRY_PERCENT') / 100,
    minRetries: read('SCALEOPS_RETRY_MIN'),
    breaker: {
      consecutiveFailures: read('SCALEOPS_BREAKER_FAILURES'),
      failureRatio: read('SCALEOPS_BREAKER_PERCENT') / 100,
      minCalls: read('SCALEOPS_BREAKER_MIN_CALLS'),
      windowMs: 1000 * read('SCALEOPS_BREAKER_WINDOW_SECONDS'),
      openMs: 1000 * read('SCALEOPS_BREAKER_OPEN_SECONDS'),
      maxOpenMs: 1000 * read('SCALEOPS_BREAKER_MAX_OPEN_SECONDS'),
    },
  };
}

/**
 * From HTTPS_PROXY, HTTP_PROXY and NO_PROXY; the lower-case name wins, as in curl. Undefined without a proxy. A problem
 * names the variable, never its value: it may contain a password.
 */
export function readProxy({ env, problems }: Source): ProxySettings | undefined {
  const read = (name: string): string | undefined =>
    [env[name.toLowerCase()], env[name]].map((value) => value?.trim()).find(Boolean);
  const readUrl = (name: string): string | undefined => {
    const text = read(name);
    if (text === undefined) return undefined;
    const url = text.includes('://') ? text : `http://${text}`;
    if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
    problems.push(`${name} must be the http:// or https:// URL of a proxy.`);
    return undefined;
  };
  const httpProxy = readUrl('HTTP_PROXY');
  const httpsProxy = readUrl('HTTPS_PROXY');
  if (httpProxy === undefined && httpsProxy === undefined) return undefined;
  return { httpProxy, httpsProxy, noProxy: read('NO_PROXY') };
}
