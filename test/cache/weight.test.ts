// The weights of cache entries, compared with the heap: the bound of the cache is only as accurate as its weights.

import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { describe, expect, test } from 'vitest';

import type { ReportCache } from '../../src/cache/report-cache.js';
import type { Report } from '../../src/report/report.js';
import type { ReportRequest } from '../../src/report/request.js';
import { principalOf } from '../kit/identity/principal.js';
import { createTestCache } from '../kit/report-cache.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const GIB = 1_073_741_824;
const REPORT_BYTES = 1_024;

/** A report that retains `byteSize` bytes. */
function createReport(): Report {
  return { window: null, byteSize: REPORT_BYTES, retained: Buffer.alloc(REPORT_BYTES - 160) } as unknown as Report;
}

function createCache(): ReportCache {
  const fetchReport = () => Promise.resolve({ report: createReport(), body: Buffer.alloc(0) });
  return createTestCache(fetchReport, { maxBytes: GIB, maxResponseBytes: GIB });
}

async function usedBytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The size that the cache computes, divided by the growth of the process. */
async function weightRatio(fill: (cache: ReportCache) => Promise<void>): Promise<number> {
  const warmUp = createCache();
  await fill(warmUp);
  const cache = createCache();
  const before = await usedBytes();
  await fill(cache);
  const growth = (await usedBytes()) - before;
  const { bytes } = cache.size();
  // Read after the measurement, so that neither cache is collected before it.
  expect(warmUp.size().bytes).toBe(bytes);
  return bytes / growth;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const ann = principalOf('ann');
const workloads = (namespaces: readonly string[], range = '7d'): ReportRequest => ({
  report: 'workloads',
  range,
  namespaces,
});

/** The result of Yoga's parser: each name is a slice of the client's document. */
function sliceNames(count: number, prefix: string): string[] {
  const names = range(count).map((index) => `${prefix}-${index}-namespace-with-a-long-name`);
  const document = names.join(',').padEnd(20_000, ' ');
  let offset = 0;
  return names.map((name) => document.slice(offset, (offset += name.length + 1) - 1));
}

const createResponse = () => ({ value: Buffer.allocUnsafeSlow(1_000), bytes: 1_000, validUntilMs: Infinity });

describe('the weights of cache entries are within 25 % of what they retain', () => {
  test.each<[string, (cache: ReportCache) => Promise<void>]>([
    [
      'reports of one principal',
      async (cache) => {
        for (const index of range(4_000)) await cache.load(workloads([`ns-${index}`]), ann);
      },
    ],
    [
      'reports of many principals',
      async (cache) => {
        for (const index of range(3_000)) await cache.load(workloads(['ns']), principalOf(`caller-${index}`));
      },
    ],
    [
      'reports without related reports',
      async (cache) => {
        for (const index of range(4_000)) await cache.load(workloads(['ns'], `${index + 1}m`), ann);
      },
    ],
    [
      'aggregated reports',
      async (cache) => {
        for (const index of range(4_000)) await cache.load({ report: 'aggregated', tags: [`tag-${index}`] }, ann);
      },
    ],
    [
      'requests with 1,000 names',
      async (cache) => {
        for (const index of range(100)) await cache.load(workloads(sliceNames(1_000, `one-${index}`)), ann);
      },
    ],
    [
      'requests with 1,000 names outside of Latin-1',
      async (cache) => {
        for (const index of range(100)) await cache.load(workloads(sliceNames(1_000, `двух-${index}`)), ann);
      },
    ],
    [
      'requests with few names of a long document',
      async (cache) => {
        for (const index of range(4_000)) await cache.load(workloads(sliceNames(2, `few-${index}`)), ann);
      },
    ],
    [
      'responses of one report',
      async (cache) => {
        const { source } = await cache.load(workloads(['ns']), ann);
        for (const index of range(4_000)) {
          cache.responses.set(`${ann.id}\n${index} of one`, createResponse(), [source]);
        }
      },
    ],
    [
      'responses of 200 reports each',
      async (cache) => {
        const lookups = await Promise.all(range(200).map((index) => cache.load(workloads([`ns-${index}`]), ann)));
        const sources = lookups.map(({ source }) => source);
        for (const index of range(2_000)) {
          cache.responses.set(`${ann.id}\n${index} of many`, createResponse(), sources);
        }
      },
    ],
  ])('%s', async (_name, fill) => {
    const ratio = await weightRatio(fill);
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.25);
  });
});
