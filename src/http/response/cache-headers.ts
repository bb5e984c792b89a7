// How old an answer is and how long it may be kept: in `extensions.freshness`, and in `Cache-Control` and `Age` (RFC 9111).
// An answer is as old as its oldest report, and as fresh as the one that ends first.

import type { ExecutionResult } from 'graphql';

import type { HeadersByName } from '../../auth/authentication.js';
import type { LoadStats } from '../../loaders/load-stats.js';
import type { DoorPlugin } from '../request-state.js';
import { addVary } from './vary.js';

/** What `extensions.freshness` says of the reports of an answer. */
export interface AnswerFreshness {
  /** When ScaleOps gave the oldest of them. */
  readonly asOf: string;
  readonly ageSeconds: number;
  /** How long all of them are fresh from now on; 0 when one is stale. */
  readonly freshSeconds: number;
  readonly isStale: boolean;
}

export interface FreshnessOptions {
  readonly now: () => number;
  /** Who may keep a fresh answer. */
  readonly scope: 'private' | 'public';
  /** The headers on which the answer depends, for `Vary`. */
  readonly variesBy: string;
}

/** What `AnswerFreshness` says, in numbers. */
export interface AnswerAge {
  /** In milliseconds since the Unix epoch. */
  readonly asOfMs: number;
  readonly ageSeconds: number;
  readonly freshSeconds: number;
  readonly isStale: boolean;
}

/** Undefined where no report was loaded. */
export function toAge({ reports }: Pick<LoadStats, 'reports'>, now: number): AnswerAge | undefined {
  let asOfMs = Infinity;
  let endsAt = Infinity;
  let isStale = false;
  for (const report of reports) {
    asOfMs = Math.min(asOfMs, report.asOf);
    endsAt = Math.min(endsAt, report.isStale ? now : report.asOf + report.freshMs);
    isStale ||= report.isStale;
  }
  if (reports.length === 0) return undefined;
  const ageSeconds = Math.max(0, Math.floor((now - asOfMs) / 1000));
  return { asOfMs, ageSeconds, freshSeconds: Math.max(0, Math.floor((endsAt - now) / 1000)), isStale };
}

export function isSameAge(one: AnswerAge | undefined, other: AnswerAge | undefined): boolean {
  return (
    one?.asOfMs === other?.asOfMs &&
    one?.ageSeconds === other?.ageSeconds &&
    one?.freshSeconds === other?.freshSeconds &&
    one?.isStale === other?.isStale
  );
}

export function toFreshness({ asOfMs, ...rest }: AnswerAge): AnswerFreshness {
  return { asOf: new Date(asOfMs).toISOString(), ...rest };
}

/** `Cache-Control` and `Age` of an answer; without freshness nobody may keep it. */
export function toFreshnessHeaders(
  freshness: AnswerFreshness | undefined,
  scope: FreshnessOptions['scope'],
): { readonly 'cache-control': string; readonly age?: string } {
  if (freshness === undefined || freshness.freshSeconds === 0) return { 'cache-control': 'no-store' };
  // max-age counts from when the oldest report was given, as Age does.
  const maxAge = freshness.ageSeconds + freshness.freshSeconds;
  return { 'cache-control': `${scope}, max-age=${maxAge}`, age: String(freshness.ageSeconds) };
}

export function useFreshness({ now, scope, variesBy }: FreshnessOptions): DoorPlugin {
  return {
    onResultProcess({ result, setResult, serverContext }) {
      const { operation } = serverContext.state;
      const age = operation && toAge(operation.stats, now());
      const answer = result as ExecutionResult;
      if (age === undefined || answer.data === undefined) return;
      const freshness = toFreshness(age);
      serverContext.state.freshness = freshness;
      setResult({ ...answer, extensions: { ...answer.extensions, freshness } });
    },
    onResponse({ response, serverContext }) {
      const { freshness, operation, errors } = serverContext.state;
      if (operation === undefined && errors === undefined) return;
      const mayBeKept = errors === undefined && response.status === 200;
      const headers = toFreshnessHeaders(mayBeKept ? freshness : undefined, scope);
      for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
      if (headers.age !== undefined) addVary(response.headers, variesBy);
    },
  };
}

/** Whether the client wants its answer anew: `Cache-Control: no-cache` (RFC 9111, section 5.2.1.4). */
export function wantsAnew(headers: HeadersByName): boolean {
  const directives = headers.get('cache-control')?.toLowerCase().split(',') ?? [];
  return directives.some((directive) => directive.trim() === 'no-cache');
}
