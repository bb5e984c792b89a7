// The settings of metrics and of the log; opentelemetry.ts has those of traces.

import type { Setting } from './setting.js';
import { boolean, number } from './rules.js';
import { operationNames } from './telemetry-rules.js';

const fine = true;

export const TELEMETRY_SETTINGS = {
  GATEWAY_METRICS: {
    ...boolean,
    default: 'on',
    fine,
    meaning:
      'Metrics for Prometheus at `/metrics`, open to whoever reaches the port as health is: counts and times, nothing of who asks or of costs. on or off.',
  },
  GATEWAY_METRICS_OPERATIONS: {
    ...operationNames,
    fine,
    meaning: 'Operations that metrics and traces name, separated by commas; all others are `other` or `anonymous`.',
  },
  LOG_SAMPLE_PERCENT: {
    ...number(0, 100),
    default: '100',
    fine,
    meaning:
      'How many percent of the operations that went well are logged; those with errors or stale reports always are.',
  },
} as const satisfies Record<string, Setting<unknown>>;
