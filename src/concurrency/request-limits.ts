// The rate limits of a gateway: per address before authentication, per caller after it, and a lower one for callers that
// fail to authenticate, which is what stops the guessing of tokens and keys.

import { LRUCache } from 'lru-cache';

import type { Clock } from '../clock.js';
import { RateLimiter } from './rate-limiter.js';

interface RequestLimitsOptions {
  /** GATEWAY_RATE_LIMIT: requests per minute of one caller. */
  readonly perMinute: number;
  readonly clock: Clock;
}

/** Behind a proxy all callers share one address: the address limit must leave room for several of them. */
const CALLERS_PER_ADDRESS = 10;
/** Failed attempts per address, as a share of what one caller may send; at least `MIN_FAILURES` per minute. */
const FAILURE_SHARE = 0.5;
const MIN_FAILURES = 5;
/** Callers that are remembered as accepted. Some 1.5 MB. */
const MAX_ACCEPTED = 10_000;

export type RequestLimits = ReturnType<typeof createRequestLimits>;

/**
 * Each `take…` counts a request and returns how many milliseconds it has to wait; 0: it may pass. A caller key names a
 * caller, and must hold no secret: a hash of a token, the name of an API key.
 */
export function createRequestLimits({ perMinute, clock }: RequestLimitsOptions) {
  const addresses = new RateLimiter({ perMinute: perMinute * CALLERS_PER_ADDRESS, clock });
  const callers = new RateLimiter({ perMinute, clock });
  const failures = new RateLimiter({ perMinute: Math.max(MIN_FAILURES, perMinute * FAILURE_SHARE), clock });
  const accepted = new LRUCache<string, true>({ max: MAX_ACCEPTED });
  const isAccepted = (callerKey: string): boolean => accepted.get(callerKey) === true;
  return {
    /** Before authentication: ten times the limit of a caller. */
    takeAddress: (address: string): number => addresses.take(address),
    /** After authentication. */
    takeCaller: (callerKey: string): number => callers.take(callerKey),
    /**
     * For a caller whose token ScaleOps checks (SCALEOPS_AUTH=forward), before anything is asked of ScaleOps. A caller
     * that was accepted before always passes, also at an address from which others guess tokens. Any other counts as a
     * failed attempt until `recordAuthenticationSuccess`, so that many concurrent ones are limited too.
     */
    takeAttempt: (address: string, callerKey: string): number => (isAccepted(callerKey) ? 0 : failures.take(address)),
    /** ScaleOps accepted the caller's token. */
    recordAuthenticationSuccess(address: string, callerKey: string): void {
      if (isAccepted(callerKey)) return;
      accepted.set(callerKey, true);
      failures.refund(address);
    },
    /** The attempt asked ScaleOps nothing, so it told nothing about the token. */
    refundAttempt(address: string, callerKey: string): void {
      if (!isAccepted(callerKey)) failures.refund(address);
    },
    /**
     * The gateway, or ScaleOps for the caller with this key, refused the credentials. Returns how long this address has
     * to wait; over 0, RATE_LIMITED is answered in place of UNAUTHENTICATED.
     */
    recordAuthenticationFailure(address: string, callerKey?: string): number {
      // An attempt of a caller that was not accepted is counted already.
      if (callerKey !== undefined && !accepted.delete(callerKey)) return 0;
      return failures.take(address);
    },
  };
}
