// Metrics of reports: where they came from, and the calls to ScaleOps.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import type { Clock } from '../clock.js';
import type { CacheStatus } from '../cache/report-lookup.js';
import { ERROR_CODES } from '../errors.js';
import { LABEL_FIELDS, NAME_FIELDS, NUMBER_FIELDS } from '../report/columns/columns.js';
import type { ReportKind } from '../report/request.js';
import type { WarningCode } from '../report/warnings.js';
import { createCounter } from './counter.js';
import { toFailureCode, type Instruments } from './instrumentation.js';
import { DURATION_BUCKETS } from './operation-metrics.js';

const REPORTS: readonly ReportKind[] = ['workloads', 'aggregated'];
const UPSTREAM_CODES = Object.keys(ERROR_CODES).filter((code) => code.startsWith('UPSTREAM_'));
/** Of a call or a login. */
const OUTCOMES = ['ok', 'aborted', 'INTERNAL_SERVER_ERROR', ...UPSTREAM_CODES];
/** The fields that each warning may be about; "" for whole rows, and for one of many members of a response. */
const WARNING_FIELDS: Readonly<Record<WarningCode, readonly string[]>> = {
  PARTIAL_ANSWER: [''],
  MISSING_WINDOW: ['window'],
  WINDOW_MISMATCH: ['window'],
  SKIPPED_ROW: [''],
  DUPLICATE_ROW: [''],
  UNREADABLE_NUMBER: NUMBER_FIELDS,
  UNREADABLE_LABELS: LABEL_FIELDS,
  UNREADABLE_NAME: NAME_FIELDS,
};
const CACHE_RESULTS: readonly CacheStatus[] = ['hit', 'stale', 'shared', 'collapsed', 'miss'];

export function createCacheMetrics(registry: Registry): Pick<Instruments, 'load' | 'onHit' | 'onRelatedHit'> {
  const results = createCounter(
    registry,
    'gateway_cache_results_total',
    'Reports by source: hit, stale, shared (from another replica), collapsed (with another request), miss.',
    { report: REPORTS, result: CACHE_RESULTS },
  );
  const count: Instruments['onHit'] = (report, { cacheStatus: result }) => {
    results.inc({ report, result });
  };
  return {
    async load(report, run) {
      const lookup = await run();
      count(report, lookup);
      return lookup;
    },
    onHit: count,
    onRelatedHit: count,
  };
}

/** Returns a function that counts the data-quality warnings of a report. */
export function createWarningCounter(registry: Registry) {
  const warnings = new Counter({
    name: 'gateway_report_warnings_total',
    help: 'Warnings of reports from ScaleOps, by code and by the field that they are about.',
    labelNames: ['code', 'field'],
    registers: [registry],
  });
  for (const [code, fields] of Object.entries(WARNING_FIELDS)) {
    for (const field of fields) warnings.inc({ code, field }, 0);
  }
  return (found: readonly { readonly code: string; readonly field: string | null }[]): void => {
    for (const { code, field } of found) warnings.inc({ code, field: code === 'PARTIAL_ANSWER' ? '' : (field ?? '') });
  };
}

function defineUpstreamMetrics(registry: Registry) {
  return {
    attempts: createCounter(
      registry,
      'gateway_upstream_attempts_total',
      'Calls to ScaleOps by outcome: ok, aborted (no request waited any more), or the error code.',
      { report: REPORTS, outcome: OUTCOMES },
    ),
    durations: new Histogram({
      name: 'gateway_upstream_attempt_duration_seconds',
      help: 'Duration of calls to ScaleOps including the body, whatever the outcome.',
      labelNames: ['report'],
      buckets: DURATION_BUCKETS,
      registers: [registry],
    }),
    retries: createCounter(registry, 'gateway_upstream_retries_total', 'Calls to ScaleOps that repeat a failed one.', {
      report: REPORTS,
    }),
    logins: createCounter(
      registry,
      'gateway_upstream_logins_total',
      'Logins for a ScaleOps token by outcome: ok, aborted, or the error code.',
      { outcome: OUTCOMES },
    ),
    breaker: new Gauge({
      name: 'gateway_upstream_circuit_breaker_open',
      help: '1 from when the circuit breaker opens until a call succeeds.',
      registers: [registry],
    }),
  };
}

export function createUpstreamMetrics(registry: Registry, clock: Clock) {
  const { attempts, durations, retries, logins, breaker } = defineUpstreamMetrics(registry);
  for (const report of REPORTS) durations.zero({ report });
  const instruments: Pick<Instruments, 'call' | 'login'> = {
    call({ report, isRetry }, run) {
      const startedAt = clock.now();
      if (isRetry) retries.inc({ report });
      return observe(run, (outcome) => {
        attempts.inc({ report, outcome });
        durations.observe({ report }, Math.max(0, clock.now() - startedAt) / 1000);
      });
    },
    login: (run) =>
      observe(run, (outcome) => {
        logins.inc({ outcome });
      }),
  };
  return {
    instruments,
    /** Records that the circuit breaker in front of ScaleOps has opened or closed. */
    setBreakerOpen(isOpen: boolean): void {
      breaker.set(Number(isOpen));
    },
  };
}

/** Runs a task and passes its outcome to `onEnd`. */
async function observe<T>(run: () => Promise<T>, onEnd: (outcome: string) => void): Promise<T> {
  try {
    const result = await run();
    onEnd('ok');
    return result;
  } catch (error) {
    onEnd(toFailureCode(error));
    throw error;
  }
}
