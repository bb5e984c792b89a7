// The tokens that the simulator accepts: a fixed one until it is revoked, and those of logins for their lifetime. A token is
// valid because it is in this store: the JWTs have a true `exp` for clients to read, and a random signature.

import { randomBytes } from 'node:crypto';

export type TokenFormat = 'opaque' | 'jwt';

export type TokenStore = ReturnType<typeof createTokenStore>;

/** @param fixed a token that is accepted until it is revoked. */
export function createTokenStore(fixed: string, format: TokenFormat, lifetimeMs: number, now: () => number) {
  const expiries = new Map([[fixed, Infinity]]);
  const isLive = (token: string): boolean => now() < (expiries.get(token) ?? -Infinity);
  return {
    /** Creates a unique token. */
    issue(username: string): string {
      const issuedMs = now();
      const expiresMs = issuedMs + lifetimeMs;
      const token = format === 'jwt' ? createJwt(username, issuedMs, expiresMs) : createOpaqueToken();
      expiries.set(token, expiresMs);
      return token;
    },
    isLive,
    /** The fixed token, then the others in order of issue. */
    live: (): string[] => [...expiries.keys()].filter(isLive),
    /** Revokes this token, or all tokens. */
    revoke(token?: string): void {
      if (token === undefined) expiries.clear();
      else expiries.delete(token);
    },
  };
}

/** Base64 that always contains "+", "/" and "=", which the login must encode in its URL. */
export function createOpaqueToken(): string {
  return Buffer.concat([Buffer.from('+/+/', 'base64'), randomBytes(25)]).toString('base64');
}

function createJwt(username: string, issuedMs: number, expiresMs: number): string {
  const claims = { sub: username, iat: Math.floor(issuedMs / 1000), exp: Math.floor(expiresMs / 1000) };
  const parts = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)));
  return [...parts, randomBytes(32)].map((part) => part.toString('base64url')).join('.');
}
