// A report cache over a client of the test.

import { ReportCache } from '../../src/cache/report-cache.js';
import type { ScaleOpsClient } from '../../src/upstream/client/client.js';
import { createManualClock } from './time/clock.js';

type Settings = ConstructorParameters<typeof ReportCache>[0];

const SETTINGS: Settings = {
  ttlMs: 60_000,
  settlingTtlMs: 60_000,
  settledTtlMs: 60_000,
  settledAfterMs: 604_800_000,
  staleMs: 0,
  staleIfErrorMs: 0,
  recheckMs: 60_000,
  maxBytes: 1_000_000,
  maxResponseBytes: 1_000_000,
};

/** @param settings Override a minute of freshness and a megabyte of memory. */
export function createTestCache(
  fetchReport: ScaleOpsClient['fetchReport'],
  settings: Partial<Settings> = {},
  clock = createManualClock(),
): ReportCache {
  const services = { clock, client: { fetchReport }, upstream: 'https://scaleops.test', timeoutMs: 30_000 };
  return new ReportCache({ ...SETTINGS, ...settings }, services);
}
