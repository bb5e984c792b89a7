// Caches the token that a login issued. Callers share one login, a token is refreshed before it expires, and a rejected login
// is not repeated for a while: repeated failures lock accounts.

import type { Clock } from '../../clock.js';
import { UpstreamError } from '../../errors.js';
import { createSingleFlight } from '../../concurrency/single-flight.js';
import { readExpiry } from './jwt-expiry.js';
import type { TokenProvider } from '../principal.js';

/** The result of a login. */
export interface ObtainedToken {
  readonly token: string;
  /** How long the token is valid, in milliseconds, if the login says so. */
  readonly lifetimeMs?: number | undefined;
}

export interface Login {
  /** @throws UpstreamError; one with `isRefusal` when the credentials are wrong. */
  obtain(signal: AbortSignal): Promise<ObtainedToken>;
  close(): Promise<void>;
}

/** The lifetime of a token that does not tell it: an hour, as the vendor's own client assumes. */
const DEFAULT_LIFETIME_MS = 3_600_000;
/** A token is refreshed in the last tenth of its lifetime, at most some minutes before it expires. */
const REFRESH_SHARE = 0.1;
const MAX_REFRESH_AHEAD_MS = 300_000;
/** A token that expires within this time may expire on its way; at most the last tenth of its lifetime. */
const LEEWAY_MS = 5_000;
/** The pause after a rejected login, and after a failed refresh. */
const PAUSE_MS = 30_000;

interface CachedToken {
  readonly token: string;
  /** Until when it is sent. */
  readonly endsAt: number;
  /** From when on a new one is fetched. */
  refreshAt: number;
}

export function createTokenCache(
  obtainToken: Login['obtain'],
  clock: Clock,
  rejectionError: TokenProvider['rejectionError'],
): TokenProvider {
  const flights = createSingleFlight<CachedToken>();
  let current: CachedToken | undefined;
  let pausedUntil = -Infinity;

  const isPaused = (): boolean => pausedUntil - clock.now() > 0 && pausedUntil - clock.now() <= PAUSE_MS;
  const obtain = async (signal: AbortSignal): Promise<CachedToken> => {
    try {
      const { token, lifetimeMs = DEFAULT_LIFETIME_MS } = await obtainToken(signal);
      current = toCachedToken(token, lifetimeMs, clock.now());
      return current;
    } catch (error) {
      if (error instanceof UpstreamError && error.isRefusal) pausedUntil = clock.now() + PAUSE_MS;
      throw error;
    }
  };
  const join = (signal?: AbortSignal): Promise<CachedToken> => {
    if (isPaused()) return Promise.reject(rejectionError('the login was refused a moment ago'));
    return flights.join('login', obtain, signal);
  };

  return {
    rejectionError,
    async token(caller) {
      const now = clock.now();
      if (current === undefined || now >= current.endsAt) return (await join(caller.signal)).token;
      // In the background: the cached token is still valid.
      const cached = current;
      if (now >= cached.refreshAt && !isPaused()) {
        join().catch(() => {
          cached.refreshAt = clock.now() + PAUSE_MS;
        });
      }
      return cached.token;
    },
    async renew(rejected, caller) {
      if (current?.token === rejected) current = undefined;
      return current?.token ?? (await join(caller.signal)).token;
    },
    reject(token) {
      if (current?.token === token) current = undefined;
      pausedUntil = clock.now() + PAUSE_MS;
    },
  };
}

function toCachedToken(token: string, lifetimeMs: number, now: number): CachedToken {
  const expiry = readExpiry(token) ?? Infinity;
  // A token that has expired on arrival means that clocks differ; ScaleOps decides.
  const endsAt = Math.min(now + lifetimeMs, expiry > now ? expiry : Infinity);
  const tenthMs = (endsAt - now) * REFRESH_SHARE;
  const refreshAt = endsAt - Math.min(tenthMs, MAX_REFRESH_AHEAD_MS);
  return { token, endsAt: endsAt - Math.min(tenthMs, LEEWAY_MS), refreshAt };
}
