// Caches the token of a login. Callers share one login, a token is refreshed before it expires, and a rejected login is not
// repeated for a while: repeated failures lock accounts.

import type { Clock } from '../../clock.js';
import { UpstreamError } from '../../errors.js';
import type { AbortableCaller } from '../../concurrency/abort.js';
import { createSingleFlight } from '../../concurrency/single-flight.js';
import { parseExpiry } from './jwt-expiry.js';
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
  readonly rejectionError: TokenProvider['rejectionError'];
  close(): Promise<void>;
}

/** The lifetime of a token if unknown: an hour, as the vendor's own client assumes. */
const DEFAULT_LIFETIME_MS = 3_600_000;
/** A token is refreshed in the last tenth of its lifetime, at most some minutes before it expires. */
const REFRESH_SHARE = 0.1;
const MAX_REFRESH_AHEAD_MS = 300_000;
/** A token this close to its expiry may expire in transit; at most the last tenth of its lifetime. */
const LEEWAY_MS = 5_000;
/** The pause after a rejected login, and after a failed refresh. */
const PAUSE_MS = 30_000;

interface CachedToken {
  readonly token: string;
  /** It is sent until then. */
  readonly endsAt: number;
  /** A new one is obtained from then on. */
  refreshAt: number;
}

export class TokenCache implements TokenProvider {
  readonly rejectionError: TokenProvider['rejectionError'];
  readonly #obtainToken: Login['obtain'];
  readonly #clock: Clock;
  readonly #flights = createSingleFlight<CachedToken>();
  #current: CachedToken | undefined;
  #pausedUntil = -Infinity;

  constructor(obtainToken: Login['obtain'], clock: Clock, rejectionError: TokenProvider['rejectionError']) {
    this.#obtainToken = obtainToken;
    this.#clock = clock;
    this.rejectionError = rejectionError;
  }

  async token(caller: AbortableCaller): Promise<string> {
    const now = this.#clock.now();
    const cached = this.#current;
    if (cached === undefined || now >= cached.endsAt) return (await this.#join(caller.signal)).token;
    // In the background: the cached token is still valid.
    if (now >= cached.refreshAt && !this.#isPaused()) {
      this.#join().catch(() => {
        cached.refreshAt = this.#clock.now() + PAUSE_MS;
      });
    }
    return cached.token;
  }

  async renew(rejected: string, caller: AbortableCaller): Promise<string> {
    if (this.#current?.token === rejected) this.#current = undefined;
    return this.#current?.token ?? (await this.#join(caller.signal)).token;
  }

  recordRejection(token: string): void {
    if (this.#current?.token === token) this.#current = undefined;
    this.#pause();
  }

  #pause(): void {
    this.#pausedUntil = this.#clock.now() + PAUSE_MS;
  }

  #isPaused(): boolean {
    const leftMs = this.#pausedUntil - this.#clock.now();
    // A clock that is set back does not lengthen the pause.
    return leftMs > 0 && leftMs <= PAUSE_MS;
  }

  async #join(signal?: AbortSignal): Promise<CachedToken> {
    if (this.#isPaused()) throw this.rejectionError('the login was refused a moment ago');
    return this.#flights.join('login', (abort) => this.#obtain(abort), signal);
  }

  async #obtain(signal: AbortSignal): Promise<CachedToken> {
    try {
      const { token, lifetimeMs = DEFAULT_LIFETIME_MS } = await this.#obtainToken(signal);
      this.#current = toCachedToken(token, lifetimeMs, this.#clock.now());
      return this.#current;
    } catch (error) {
      if (error instanceof UpstreamError && error.isAuthFailure) this.#pause();
      throw error;
    }
  }
}

function toCachedToken(token: string, lifetimeMs: number, now: number): CachedToken {
  const expiry = parseExpiry(token) ?? Infinity;
  // A token that has expired on arrival means that clocks differ; ScaleOps decides.
  const endsAt = Math.min(now + lifetimeMs, expiry > now ? expiry : Infinity);
  const tenthMs = (endsAt - now) * REFRESH_SHARE;
  const refreshAt = endsAt - Math.min(tenthMs, MAX_REFRESH_AHEAD_MS);
  return { token, endsAt: endsAt - Math.min(tenthMs, LEEWAY_MS), refreshAt };
}
