// When ScaleOps last accepted and last rejected each principal. A caller's token may be revoked at any time, so its
// reports are shown only for a while after ScaleOps accepted it; reports requested before a rejection are never cached.

import { LRUCache } from 'lru-cache';

import type { Clock } from '../../clock.js';
import { MAX_CLOCK_SKEW_MS } from '../freshness.js';
import type { PrincipalRef } from './report-entry.js';

/**
 * The bound of each of the two tables: some 2 MB. They are separate, so that invented tokens evict no accepted ones. ScaleOps
 * has to accept an evicted principal again, which costs one call.
 */
const MAX_PRINCIPALS = 10_000;

export class TokenValidity {
  readonly #recheckMs: number;
  readonly #clock: Clock;
  /** Milliseconds since the Unix epoch, by principal id. */
  readonly #acceptedAt = new LRUCache<string, number>({ max: MAX_PRINCIPALS });
  readonly #rejectedAt = new LRUCache<string, number>({ max: MAX_PRINCIPALS });

  constructor(recheckMs: number, clock: Clock) {
    this.#recheckMs = recheckMs;
    this.#clock = clock;
  }

  /** Records that ScaleOps accepted a request of this principal that was sent at `requestedAt`. */
  recordSuccess(principal: PrincipalRef, requestedAt: number): void {
    const acceptedAt = this.#ignoreFuture(requestedAt);
    const isNewer = acceptedAt > this.#ignoreFuture(this.#acceptedAt.get(principal.id) ?? -Infinity);
    if (isNewer && this.isNewerThanRejection(principal, requestedAt)) this.#acceptedAt.set(principal.id, acceptedAt);
  }

  /** Records that ScaleOps rejected this principal. */
  recordRejection({ id }: PrincipalRef): void {
    this.#acceptedAt.delete(id);
    this.#rejectedAt.set(id, this.#clock.now());
  }

  /** Whether reports of this principal may be shown now. A request accepted at `requestedAt` counts as well. */
  isValid(principal: PrincipalRef, requestedAt?: number): boolean {
    return this.#clock.now() < this.validUntil(principal, requestedAt);
  }

  /** When reports of this principal stop being shown without a call to ScaleOps, in milliseconds since the Unix epoch. */
  validUntil({ id, isCaller, expiresAt = Infinity }: PrincipalRef, requestedAt = -Infinity): number {
    if (!isCaller) return expiresAt;
    const recorded = this.#acceptedAt.get(id) ?? -Infinity;
    const acceptedAt = Math.max(this.#ignoreFuture(recorded), this.#ignoreFuture(requestedAt));
    return Math.min(acceptedAt + this.#recheckMs, expiresAt);
  }

  /** Whether the request was sent after the last rejection, so that its report may be cached and shown. */
  isNewerThanRejection({ id }: PrincipalRef, requestedAt: number): boolean {
    const rejectedAt = this.#rejectedAt.get(id) ?? -Infinity;
    return requestedAt > rejectedAt || rejectedAt > this.#clock.now();
  }

  /** A replica's clock may be slightly ahead. A time further ahead was recorded before our clock was set back. */
  #ignoreFuture(at: number): number {
    const now = this.#clock.now();
    return at > now + MAX_CLOCK_SKEW_MS ? -Infinity : Math.min(at, now);
  }
}
