// A principal: one identity at ScaleOps, to which reports belong. Its `id` is part of every cache key; its secret stays
// private.

import { createHmac } from 'node:crypto';

import { UpstreamError } from '../errors.js';
import type { AbortableCaller } from '../concurrency/abort.js';

/** Whether a text is visible ASCII, and so fits a header field. RFC 6750, section 2.1, allows fewer characters. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** Provides the token of each call. */
export interface TokenProvider {
  /** Undefined if ScaleOps requires none. @throws UpstreamError when no token can be obtained. */
  token(caller: AbortableCaller): Promise<string | undefined>;
  /** A new token in place of one that ScaleOps rejected; undefined if there is none. @throws UpstreamError */
  renew(rejected: string | undefined, caller: AbortableCaller): Promise<string | undefined>;
  /** Records that ScaleOps rejected the renewed token as well. */
  recordRejection(token: string): void;
  /** The error for a principal whose tokens ScaleOps rejects. */
  rejectionError(reason: string): UpstreamError;
}

/** @param hint which settings to check. */
export function createRejectionError(hint: string): TokenProvider['rejectionError'] {
  return (reason) => new UpstreamError('UPSTREAM_UNAUTHENTICATED', { reason, hint });
}

export interface Principal {
  /** An HMAC of the secret: equal for equal secrets in every replica, and not reversible. */
  readonly id: string;
  /** Derives 32 bytes from the secret: the key that encrypts reports in the shared cache. */
  readonly encryptionKey: () => Buffer;
  /** Whether it is a caller, whose token may be revoked at any time; false for the gateway itself. */
  readonly isCaller: boolean;
  /** When its token expires, in milliseconds since the Unix epoch: cached reports are not served afterwards. */
  readonly expiresAt: number | undefined;
  readonly tokens: TokenProvider;
}

/** @param secret cannot be guessed: a token, or a key derived from a password by a slow function. */
export function createPrincipal(secret: string | Buffer, rest: Omit<Principal, 'id' | 'encryptionKey'>): Principal {
  const derive = (use: string): Buffer => createHmac('sha256', secret).update(`scaleops-cost-gateway ${use}`).digest();
  return {
    ...rest,
    id: derive('principal').toString('base64url'),
    encryptionKey: () => derive('sealing key'),
  };
}
