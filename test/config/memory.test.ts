// Memory limits that are derived from the memory of the process.

import { describe, expect, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { availableMemory, deriveMemoryLimits, describeMemoryLimits } from '../../src/config/memory.js';

const MIB = 1_048_576;
const GIB = 1_024 * MIB;
const MINIMAL = { SCALEOPS_URL: 'https://scaleops.test', SCALEOPS_TOKEN: 'abc' };
const machine = (availableMib: number, heapMib = availableMib / 2) => ({
  availableBytes: availableMib * MIB,
  heapLimitBytes: heapMib * MIB,
});

describe('availableMemory', () => {
  test.each([
    ['the limit of the container', 512 * MIB, 512 * MIB],
    ['the memory of the machine when cgroup v2 has no limit (0)', 0, 24 * GIB],
    ['the memory of the machine when cgroup v1 has no limit', 2 ** 64, 24 * GIB],
    ['the memory of the machine when the limit is larger', 32 * GIB, 24 * GIB],
  ])('is %s', (_name, containerBytes, expected) => {
    expect(availableMemory(containerBytes, 24 * GIB)).toBe(expected);
  });
});

describe('deriveMemoryLimits', () => {
  test.each([
    [256, { cacheMib: 32, largeBodies: 1, largeResponses: 1, fits: false }],
    [512, { cacheMib: 96, largeBodies: 1, largeResponses: 1, fits: true }],
    [1_024, { cacheMib: 256, largeBodies: 4, largeResponses: 2, fits: true }],
    [24_576, { cacheMib: 256, largeBodies: 4, largeResponses: 4, fits: true }],
  ])('derives the cache size and the slots of a process with %d MiB', (availableMib, expected) => {
    const limits = deriveMemoryLimits(machine(availableMib));
    const cacheMib = (limits.reportCacheBytes + limits.responseCacheBytes) / MIB;
    const { largeBodies, largeResponses, spareBytes } = limits;
    expect({ cacheMib, largeBodies, largeResponses, fits: spareBytes >= 0 }).toEqual(expected);
    expect(limits.responseCacheBytes).toBe(Math.floor((cacheMib * MIB) / 4));
  });

  test('allows fewer concurrent large responses with a small V8 heap', () => {
    expect(deriveMemoryLimits(machine(8_192, 4_096)).largeResponses).toBe(4);
    expect(deriveMemoryLimits(machine(8_192, 400)).largeResponses).toBe(2);
    expect(deriveMemoryLimits(machine(8_192, 128)).largeResponses).toBe(1);
  });

  test('uses CACHE_MAX_MB, and allows fewer large bodies beside a large cache', () => {
    expect(deriveMemoryLimits(machine(1_024), 512 * MIB)).toMatchObject({
      reportCacheBytes: 384 * MIB,
      responseCacheBytes: 128 * MIB,
      largeBodies: 2,
    });
  });

  test('never exceeds the available memory, from 512 MiB on', () => {
    for (let availableMib = 512; availableMib <= 16_384; availableMib += 64) {
      expect(deriveMemoryLimits(machine(availableMib)).spareBytes, `${availableMib} MiB`).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('readConfig', () => {
  test('derives the limits from the machine', () => {
    const { config, warnings } = readConfig(MINIMAL, undefined, machine(512));
    expect(config.memory).toEqual(deriveMemoryLimits(machine(512)));
    expect(config.cache).toMatchObject({ maxBytes: 72 * MIB, maxResponseBytes: 24 * MIB });
    expect(warnings).toEqual([]);
  });

  test('warns about a cache that leaves too little memory for reports', () => {
    const { config, warnings } = readConfig({ ...MINIMAL, CACHE_MAX_MB: '256' }, undefined, machine(512));
    expect(config.cache.maxBytes).toBe(192 * MIB);
    expect(warnings).toEqual([
      'The memory limit of 512 MiB is about 108 MiB too small for large reports: the process may be killed. Raise the limit, or lower CACHE_MAX_MB.',
    ]);
  });
});

test('describeMemoryLimits names every limit', () => {
  expect(describeMemoryLimits(deriveMemoryLimits(machine(512)))).toBe(
    'Memory limits, derived from 512 MiB:\n' +
      '  cached reports: 72 MiB\n' +
      '  cached responses: 24 MiB\n' +
      '  large ScaleOps responses parsed at once: 1\n' +
      '  large responses at once: 1\n',
  );
});
