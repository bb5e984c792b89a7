// Compares cases in one run: rounds are interleaved, so that other load on the machine affects all of them.

import { cpus } from 'node:os';

/**
 * Runs each case once per round and prints medians.
 * @param {string} title
 * @param {Record<string, () => unknown>} cases
 * @param {number} rounds
 * @returns {Record<string, number>} the median of each case in milliseconds
 */
export function measure(title, cases, rounds) {
  const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(cases)) {
      const start = performance.now();
      run();
      times[name].push(performance.now() - start);
    }
  }
  return report(title, times);
}

function report(title, times) {
  const medians = {};
  console.log(`\n${title}`);
  for (const [name, all] of Object.entries(times)) {
    // The first round also compiles, and fills caches.
    const [first, ...rest] = all;
    rest.sort((a, b) => a - b);
    medians[name] = at(rest, 0.5);
    const spread = `${format(at(rest, 0.1))} to ${format(at(rest, 0.9))}`;
    console.log(`  ${name.padEnd(44)} ${format(medians[name])}   (${spread}; first ${format(first)})`);
  }
  return medians;
}

/** The machine and the versions, printed above the figures. */
export function printMachine() {
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ms, median (10 % to 90 %)`,
  );
}

/**
 * Like `measure`, for asynchronous cases, one after the other.
 * @param {string} title
 * @param {Record<string, () => Promise<unknown>>} cases
 * @param {number} rounds
 * @returns {Promise<Record<string, number>>} the median of each case in milliseconds
 */
export async function measureAsync(title, cases, rounds = 31) {
  const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(cases)) {
      const start = performance.now();
      await run();
      times[name].push(performance.now() - start);
    }
  }
  return report(title, times);
}

/** The bytes in use after garbage collection, array buffers included; needs --expose-gc. */
export async function usedBytes() {
  let used = Infinity;
  for (;;) {
    globalThis.gc();
    // Closed connections and array buffers are released a little after the collection.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const now = heapUsed + arrayBuffers;
    if (now > used - 65_536) return now;
    used = now;
  }
}

/** The value at this quantile of the sorted values. */
export function at(sorted, part) {
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}

function format(ms) {
  return ms.toFixed(2).padStart(8);
}
