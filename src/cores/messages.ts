// What the primary and its workers tell each other.

import type { MetricsDump } from '../telemetry/aggregate-metrics.js';

export type ToPrimary =
  | { readonly kind: 'listening'; readonly url: string }
  /** A worker was asked for the metrics of all. */
  | { readonly kind: 'collect'; readonly id: number }
  /** Its own, which the primary has asked it for. */
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: MetricsDump };

export type ToWorker =
  | { readonly kind: 'stop'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'read'; readonly id: number }
  | { readonly kind: 'collected'; readonly id: number; readonly text: string };
