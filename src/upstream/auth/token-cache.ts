// Tokens that are obtained by a login and end after a while. One login serves all who wait, a new token is fetched before
// the old one ends, and a login that was refused is not repeated for a while: accounts are locked for less.

import type { Clock } from '../../clock.js';
import { UpstreamError } from '../../errors.js';
import { createSingleFlight } from '../../concurrency/single-flight.js';
import { readExpiry } from './jwt-expiry.js';
import type { Tokens } from '../principal.js';

/** What a login gave. */
export interface ObtainedToken {
  readonly token: string;
  /** How long it is valid, in milliseconds, where the login says so. */
  readonly lifetimeMs?: number | undefined;
}

export interface Login {
  /** @throws UpstreamError; a refusal where the credentials are wrong. */
  obtain(signal: AbortSignal): Promise<ObtainedToken>;
  close(): Promise<void>;
}

/** How long a token lives that does not say it. The vendor's own client takes it for an hour. */
const DEFAULT_LIFETIME_MS = 3_600_000;
/** A new token is fetched in the last tenth of a token's life, and not sooner than a few minutes before its end. */
const RENEW_PART = 0.1;
const MAX_RENEW_AHEAD_MS = 300_000;
/** A token that ends within this time may have ended when it arrives; of one that lives shorter, the last tenth. */
const LEEWAY_MS = 5_000;
const PAUSE_MS = 30_000;

interface Held {
  readonly token: string;
  /** Up to when it is sent. */
  readonly endsAt: number;
  /** From when on another one is fetched. */
  renewAt: number;
}

export function createObtainedTokens(login: Login, clock: Clock, refusal: Tokens['refusal']): Tokens {
  const flights = createSingleFlight<Held>();
  let held: Held | undefined;
  let pausedUntil = -Infinity;

  const isPaused = (): boolean => pausedUntil - clock.now() > 0 && pausedUntil - clock.now() <= PAUSE_MS;
  const obtain = async (signal: AbortSignal): Promise<Held> => {
    try {
      const { token, lifetimeMs = DEFAULT_LIFETIME_MS } = await login.obtain(signal);
      const now = clock.now();
      const expiry = readExpiry(token) ?? Infinity;
      // One that has ended when it comes is a matter of clocks that differ; ScaleOps will say if it is not.
      const endsAt = Math.min(now + lifetimeMs, expiry > now ? expiry : Infinity);
      const tenthMs = (endsAt - now) * RENEW_PART;
      const renewAt = endsAt - Math.min(tenthMs, MAX_RENEW_AHEAD_MS);
      held = { token, endsAt: endsAt - Math.min(tenthMs, LEEWAY_MS), renewAt };
      return held;
    } catch (error) {
      if (error instanceof UpstreamError && error.isRefusal) pausedUntil = clock.now() + PAUSE_MS;
      throw error;
    }
  };
  const join = (signal?: AbortSignal): Promise<Held> => {
    if (isPaused()) return Promise.reject(refusal('the login was refused a moment ago'));
    return flights.join('login', obtain, signal);
  };

  return {
    refusal,
    async token(leaving) {
      const now = clock.now();
      if (held === undefined || now >= held.endsAt) return (await join(leaving.signal)).token;
      // In the background: the token that we have is still good, and whoever asks need not wait for the next.
      const current = held;
      if (now >= current.renewAt && !isPaused()) {
        join().catch(() => {
          current.renewAt = clock.now() + PAUSE_MS;
        });
      }
      return current.token;
    },
    async renew(refused, leaving) {
      if (held?.token === refused) held = undefined;
      return held?.token ?? (await join(leaving.signal)).token;
    },
    reject(token) {
      if (held?.token === token) held = undefined;
      pausedUntil = clock.now() + PAUSE_MS;
    },
  };
}
