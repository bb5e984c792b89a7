// Reads the settings of request limits and browser access.

import type { DocumentLimits } from '../../query-limits/limits.js';
import type { Reader } from './reader.js';

export function readProtection(read: Reader) {
  return {
    documents: readDocumentLimits(read),
    maxCost: read('GATEWAY_MAX_COST'),
    maxUpstreamCalls: read('GATEWAY_MAX_UPSTREAM_CALLS'),
    timeoutMs: read('GATEWAY_TIMEOUT_MS'),
    rateLimit: read('GATEWAY_RATE_LIMIT'),
    corsOrigins: read('GATEWAY_CORS_ORIGINS') ?? [],
    introspection: read('GATEWAY_INTROSPECTION'),
  };
}

function readDocumentLimits(read: Reader): DocumentLimits {
  return {
    tokens: read('GATEWAY_MAX_TOKENS'),
    depth: read('GATEWAY_MAX_DEPTH'),
    aliases: read('GATEWAY_MAX_ALIASES'),
    rootFields: read('GATEWAY_MAX_ROOT_FIELDS'),
    directives: read('GATEWAY_MAX_DIRECTIVES'),
    fragments: read('GATEWAY_MAX_FRAGMENTS'),
    repeatedFields: read('GATEWAY_MAX_REPEATED_FIELDS'),
  };
}
