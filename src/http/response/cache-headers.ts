// How old a response is and how long it may be cached: `Cache-Control` and `Age` (RFC 9111), and `extensions.freshness`. A
// response is as old as its oldest report, and fresh for as long as each of its reports is.

import type { HeadersByName } from '../../auth/authentication.js';
import type { LoadStats } from '../../loaders/load-stats.js';

export interface ResponseAge {
  /** When the oldest report was received, in milliseconds since the Unix epoch. */
  readonly asOfMs: number;
  readonly ageSeconds: number;
  /** How long all reports are fresh from now on; 0 when one is stale. */
  readonly freshSeconds: number;
  readonly isStale: boolean;
}

/** Undefined when no report was loaded. */
export function computeAge(
  { reports, validUntilMs }: Pick<LoadStats, 'reports' | 'validUntilMs'>,
  nowMs: number,
): ResponseAge | undefined {
  if (reports.length === 0) return undefined;
  let asOfMs = Infinity;
  let endsAtMs = validUntilMs;
  let isStale = false;
  for (const report of reports) {
    asOfMs = Math.min(asOfMs, report.asOf);
    endsAtMs = Math.min(endsAtMs, report.isStale ? nowMs : report.asOf + report.freshMs);
    isStale ||= report.isStale;
  }
  const ageSeconds = Math.max(0, Math.floor((nowMs - asOfMs) / 1000));
  return { asOfMs, ageSeconds, freshSeconds: Math.max(0, Math.floor((endsAtMs - nowMs) / 1000)), isStale };
}

/** The part of the age that does not change while the response is cached; the headers have the rest. */
export function toFreshnessExtension({ asOfMs, isStale }: ResponseAge): object {
  return { freshness: { asOf: new Date(asOfMs).toISOString(), isStale } };
}

/** A response without an age, or with a stale report, may not be cached. */
export function toCacheHeaders(age: ResponseAge | undefined, scope: 'private' | 'public'): readonly string[] {
  if (age === undefined || age.freshSeconds === 0) return ['cache-control', 'no-store'];
  // max-age counts from the time of the oldest report, as Age does.
  const maxAge = age.ageSeconds + age.freshSeconds;
  return ['cache-control', `${scope}, max-age=${maxAge}`, 'age', String(age.ageSeconds)];
}

/** Whether the client bypasses the cache: `Cache-Control: no-cache` (RFC 9111, section 5.2.1.4). */
export function hasNoCacheDirective(headers: HeadersByName): boolean {
  const directives = headers.get('cache-control')?.toLowerCase().split(',') ?? [];
  return directives.some((directive) => directive.trim() === 'no-cache');
}
