// Times things side by side in one run: rounds are interleaved, so that what else the machine does meets all alike.

import { cpus } from 'node:os';

/**
 * Runs each case once a round and prints medians.
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
  const medians = {};
  console.log(`\n${title}`);
  for (const [name, all] of Object.entries(times)) {
    // The first round also compiles, and works out what is kept afterwards.
    const [first, ...rest] = all;
    rest.sort((a, b) => a - b);
    medians[name] = at(rest, 0.5);
    const spread = `${format(at(rest, 0.1))} to ${format(at(rest, 0.9))}`;
    console.log(`  ${name.padEnd(44)} ${format(medians[name])}   (${spread}; first ${format(first)})`);
  }
  return medians;
}

/** What ran: printed above the figures. */
export function printMachine() {
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ms, median (10 % to 90 %)`,
  );
}

function at(sorted, part) {
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}

function format(ms) {
  return ms.toFixed(2).padStart(8);
}
