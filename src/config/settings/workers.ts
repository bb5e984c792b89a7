// The setting of how many processes answer.

import { availableParallelism } from 'node:os';

import { number, type Rule } from './rules.js';
import type { Setting } from './setting.js';

const MAX_WORKERS = 64;
const count = number(1, MAX_WORKERS);

/** `auto` is what the process may use: its CPU affinity, and with newer versions of Node a container's CPU quota. */
const workers: Rule<number> = {
  accepts: (value) => value === 'auto' || count.accepts(value),
  parse: (value) => (value === 'auto' ? Math.min(MAX_WORKERS, availableParallelism()) : Number(value)),
  rule: `must be auto or a whole number from 1 to ${MAX_WORKERS}`,
};

export const CORES_SETTINGS = {
  GATEWAY_WORKERS: {
    ...workers,
    default: '1',
    advanced: true,
    description:
      'How many processes answer, behind one port: a number, or auto, as many as there are cores (on Node 20 without regard to the CPU limit of a container). CACHE_MAX_MB, SCALEOPS_MAX_IN_FLIGHT and SCALEOPS_MAX_QUEUED hold for all of them together: each gets an equal part, and keeps reports of its own, which CACHE_REDIS_URL lets them share. GATEWAY_RATE_LIMIT, retries and the breaker hold for each by itself, as for replicas.',
  },
} as const satisfies Record<string, Setting<unknown>>;
