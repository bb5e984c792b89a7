// The rate limits of a gateway: per address before authentication, per caller after it, and a lower one for failed
// authentications, which prevents the guessing of tokens and keys.

import { LRUCache } from 'lru-cache';

import type { Clock } from '../clock.js';
import { RateLimiter } from './rate-limiter.js';

/** Behind a proxy all callers share one address: the address limit must leave room for several of them. */
const CALLERS_PER_ADDRESS = 10;
/** Failed attempts per address, as a share of the limit of one caller; at least `MIN_FAILURES` per minute. */
const FAILURE_SHARE = 0.5;
const MIN_FAILURES = 5;
/** The bound of the table of accepted callers: some 1.5 MB. */
const MAX_ACCEPTED = 10_000;

export type RequestLimits = ReturnType<typeof createRequestLimits>;

/**
 * Each `count…` counts a request and returns how many milliseconds it has to wait; 0: it may pass. A caller key identifies
 * a caller without a secret: a hash of a token, the name of an API key.
 * @param options `perMinute` is GATEWAY_RATE_LIMIT, the requests of one caller.
 */
export function createRequestLimits({ perMinute, clock }: { readonly perMinute: number; readonly clock: Clock }) {
  const addresses = new RateLimiter(perMinute * CALLERS_PER_ADDRESS, clock);
  const callers = new RateLimiter(perMinute, clock);
  const failures = new RateLimiter(Math.max(MIN_FAILURES, perMinute * FAILURE_SHARE), clock);
  const accepted = new LRUCache<string, true>({ max: MAX_ACCEPTED });
  const isAccepted = (callerKey: string): boolean => accepted.get(callerKey) === true;
  return {
    /** Before authentication: ten times the limit of a caller. */
    countAddress: (address: string): number => addresses.take(address),
    /** After authentication. */
    countCaller: (callerKey: string): number => callers.take(callerKey),
    /**
     * Before the first call to ScaleOps with a caller's token (SCALEOPS_AUTH=forward). A caller that was accepted earlier
     * always passes. Any other counts as failed until `recordAuthenticationSuccess`, so that concurrent guesses are
     * limited too.
     */
    countAttempt: (address: string, callerKey: string): number => (isAccepted(callerKey) ? 0 : failures.take(address)),
    /** ScaleOps accepted the caller's token. */
    recordAuthenticationSuccess(address: string, callerKey: string): void {
      if (isAccepted(callerKey)) return;
      accepted.set(callerKey, true);
      failures.refund(address);
    },
    /** The attempt made no call to ScaleOps, which therefore did not check the token. */
    refundAttempt(address: string, callerKey: string): void {
      if (!isAccepted(callerKey)) failures.refund(address);
    },
    /**
     * The gateway rejected the credentials, or ScaleOps did, for the caller with this key. Returns how many milliseconds
     * the address has to wait; more than 0 turns UNAUTHENTICATED into RATE_LIMITED.
     */
    recordAuthenticationFailure(address: string, callerKey?: string): number {
      // `countAttempt` has counted a caller that was not accepted before.
      if (callerKey !== undefined && !accepted.delete(callerKey)) return 0;
      return failures.take(address);
    },
  };
}
