// How old an answer is and how long it may be kept: in `extensions.freshness`, and in `Cache-Control` and `Age` (RFC 9111).
// An answer is as old as its oldest report, and as fresh as the one that ends first.

import type { ExecutionResult } from 'graphql';

import type { HeadersByName } from '../access/authentication.js';
import type { LoadStats } from '../context.js';
import type { DoorPlugin } from './request-state.js';
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

/** Undefined where no report was loaded. */
export function toFreshness({ reports }: Pick<LoadStats, 'reports'>, now: number): AnswerFreshness | undefined {
  if (reports.length === 0) return undefined;
  const asOf = Math.min(...reports.map((report) => report.asOf));
  const endsAt = Math.min(...reports.map((report) => (report.isStale ? now : report.asOf + report.freshMs)));
  return {
    asOf: new Date(asOf).toISOString(),
    ageSeconds: Math.max(0, Math.floor((now - asOf) / 1000)),
    freshSeconds: Math.max(0, Math.floor((endsAt - now) / 1000)),
    isStale: reports.some((report) => report.isStale),
  };
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
      const freshness = operation && toFreshness(operation.stats, now());
      const answer = result as ExecutionResult;
      if (freshness === undefined || answer.data === undefined) return;
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
