// The cache key of a report: a hash of the upstream, the principal and the report request.

import { hash } from 'node:crypto';

import { toRequestKey, type ReportRequest } from '../report/request.js';
import type { Principal } from '../upstream/principal.js';

/** Hashed, so that a key reveals neither principal nor request, and all keys have the same length. */
export function toCacheKey(upstream: string, principal: Principal, request: ReportRequest): string {
  return hash('sha256', JSON.stringify([upstream, principal.id, toRequestKey(request)]), 'base64url');
}
