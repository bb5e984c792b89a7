// The settings of metrics and of the log; opentelemetry.ts has those of traces.

import type { Setting } from './setting.js';
import { boolean, number } from './rules.js';
import { operationNames } from './telemetry-rules.js';

const advanced = true;

export const TELEMETRY_SETTINGS = {
  GATEWAY_METRICS: {
    ...boolean,
    default: 'on',
    advanced,
    description:
      'Prometheus metrics at `/metrics`, without authentication: on or off. They contain counts and durations, no callers and no costs.',
  },
  GATEWAY_METRICS_OPERATIONS: {
    ...operationNames,
    advanced,
    description:
      'The names of operations in metrics and traces, separated by commas; all others are `other` or `anonymous`.',
  },
  LOG_SAMPLE_PERCENT: {
    ...number(0, 100),
    default: '100',
    advanced,
    description:
      'The percentage of successful operations that are logged. Operations with errors or stale reports are always logged.',
  },
} as const satisfies Record<string, Setting<unknown>>;
