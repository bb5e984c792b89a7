// Where reports come from: the cache, and the calls to ScaleOps that it led to.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import { CACHE_RESULTS, REPORTS, type Instruments } from './instrumentation.js';
import { DURATION_BUCKETS } from './operation-metrics.js';
import { toFailure } from './outcome.js';

export function createCacheMetrics(registry: Registry): Pick<Instruments, 'load' | 'onHit' | 'onRelatedHit'> {
  const results = new Counter({
    name: 'gateway_cache_results_total',
    help: 'Reports by where they came from: hit, stale, shared (from another replica), collapsed (with another request), miss.',
    labelNames: ['report', 'result'],
    registers: [registry],
  });
  for (const report of REPORTS) for (const result of CACHE_RESULTS) results.inc({ report, result }, 0);
  const count: Instruments['onRelatedHit'] = (report, { cacheStatus: result }) => {
    results.inc({ report, result });
  };
  return {
    async load(report, run) {
      const answer = await run();
      count(report, answer);
      return answer;
    },
    onHit: count,
    onRelatedHit: count,
  };
}

export interface UpstreamMetrics extends Pick<Instruments, 'call' | 'login'> {
  breaker(isOpen: boolean): void;
}

function defineUpstreamMetrics(registry: Registry) {
  const registers = [registry];
  const attempts = new Counter({
    name: 'gateway_upstream_attempts_total',
    help: 'Calls to ScaleOps by outcome: ok, left (nobody waited any more), or the code of the error.',
    labelNames: ['report', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'gateway_upstream_attempt_duration_seconds',
    help: 'How long a call to ScaleOps took, its body included, whatever its outcome.',
    labelNames: ['report'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const retries = new Counter({
    name: 'gateway_upstream_retries_total',
    help: 'Calls to ScaleOps that were made because one before had failed.',
    labelNames: ['report'],
    registers,
  });
  const logins = new Counter({
    name: 'gateway_upstream_logins_total',
    help: 'Logins for a token of ScaleOps by outcome: ok, left, or the code of the error.',
    labelNames: ['outcome'],
    registers,
  });
  const breaker = new Gauge({
    name: 'gateway_upstream_breaker_open',
    help: '1 from when ScaleOps is left alone until a call to it has gone well.',
    aggregator: 'max',
    registers,
  });
  for (const report of REPORTS) {
    attempts.inc({ report, outcome: 'ok' }, 0);
    retries.inc({ report }, 0);
    durations.zero({ report });
  }
  logins.inc({ outcome: 'ok' }, 0);
  breaker.set(0);
  return { attempts, durations, retries, logins, breaker };
}

export function createUpstreamMetrics(registry: Registry, now: () => number): UpstreamMetrics {
  const { attempts, durations, retries, logins, breaker } = defineUpstreamMetrics(registry);
  return {
    async call(call, run) {
      const { report, isRetry } = call;
      const startedAt = now();
      if (isRetry) retries.inc({ report });
      const end = (outcome: string): void => {
        attempts.inc({ report, outcome });
        durations.observe({ report }, Math.max(0, now() - startedAt) / 1000);
      };
      return await ending(run, end);
    },
    login: (run) =>
      ending(run, (outcome) => {
        logins.inc({ outcome });
      }),
    breaker: (isOpen) => {
      breaker.set(isOpen ? 1 : 0);
    },
  };
}

/** What `run` gives, once `end` has been told of its outcome. */
async function ending<T>(run: () => Promise<T>, end: (outcome: string) => void): Promise<T> {
  try {
    const result = await run();
    end('ok');
    return result;
  } catch (error) {
    end(toFailure(error));
    throw error;
  }
}
