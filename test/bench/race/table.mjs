// The output: the head, each cell when it is measured, and at the end the tables for the README, with the required ratios
// of the gateway.

import { cpus } from 'node:os';

import { REPEATED_MODES, SIZES } from './queries.mjs';
import { isPinned } from './processes.mjs';

const NAMES = {
  gateway: 'this gateway',
  bare: 'bare node:http, ready bytes (the limit)',
  'hand-written': 'hand-written node:http',
  mercurius: 'Mercurius + jit',
  apollo: 'Apollo Server, response cache',
  yoga: 'Yoga + Pothos, response cache',
};

const BARE = { small: 0.75, medium: 0.85, large: 0.9 };

/** `least` is the required rate of the gateway, relative to the best of `others`. */
const GOALS = [
  ...REPEATED_MODES.map((mode) => ({ mode, than: 'bare', others: ['bare'], least: BARE })),
  { mode: 'new', than: 'Mercurius + jit', others: ['mercurius'], least: { small: 1.3, medium: 6, large: 5 } },
  { mode: 'cold', than: 'hand-written', others: ['hand-written'], least: { small: 0.65, medium: 1.1, large: 1.1 } },
];

export function printHead({ seconds, rounds, logSample, command }) {
  const day = new Date().toISOString().slice(0, 10);
  console.log(`\`${command}\`, ${day}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`);
  console.log(`${seconds} s a server and cell in ${rounds} interleaved rounds; every response is compared`);
  console.log(
    isPinned
      ? 'Each server has the first core to itself; load and upstream share the second one'
      : 'Nothing is pinned to a core: there is no taskset, or one core',
  );
  console.log(`The gateway logs ${logSample} % of the operations to /dev/null; no peer logs`);
}

export function printCell(mode, size, results) {
  console.log(`\n${mode} ${size} (${SIZES[size].rows} rows, ${SIZES[size].connections} connections)`);
  console.log('                  req/s      from        to   CPU ms   p50 ms   p99 ms   load busy');
  for (const [name, { rate, least, most, cpuMs, p50, p99, busy }] of Object.entries(results)) {
    const figures = [pad(rate, 10), pad(least, 10), pad(most, 10), cpuMs, p50, p99].map((each) => pad(each, 9));
    console.log(`${name.padEnd(13)}${figures.join('')}${pad(100 * busy, 9)} %`);
  }
}

export function printTables(cells) {
  const servers = Object.keys(NAMES).filter((name) => cells.some(({ results }) => results[name] !== undefined));
  console.log('\nRequests a second, medians\n');
  printRow(['', ...cells.map(({ mode, size }) => `${mode} ${size}`)]);
  printRow(['---', ...cells.map(() => '---:')]);
  for (const name of servers) printRow([NAMES[name], ...cells.map(({ results }) => format(results[name]?.rate) ?? '')]);

  const goals = GOALS.map((goal) => ({ ...goal, ratios: cells.map((cell) => toRatio(goal, cell)) }));
  const measured = goals.filter(({ ratios }) => ratios.some((ratio) => ratio !== undefined));
  if (measured.length === 0) return;
  console.log('\nThe gateway as a multiple of others, medians of the rounds, with the goal\n');
  const sizes = Object.keys(SIZES).filter((size) => cells.some((cell) => cell.size === size));
  printRow(['', ...sizes]);
  printRow(['---', ...sizes.map(() => '---:')]);
  for (const { mode, than, least, ratios } of measured) {
    const shown = sizes.map((size) => {
      const ratio = ratios[cells.findIndex((cell) => cell.mode === mode && cell.size === size)];
      if (ratio === undefined) return '';
      const verdict = ratio.rate >= least[size] ? '' : ', missed';
      return `${format(ratio.rate)}, by CPU ${format(ratio.cpu)} (≥ ${least[size]}${verdict})`;
    });
    printRow([`${mode}, × ${than}`, ...shown]);
  }
}

/**
 * Round by round, because other load on the machine changes between rounds. Also by CPU time, which is steadier on a busy
 * machine.
 */
function toRatio({ mode, others, least }, { mode: measured, size, results }) {
  const [best] = others
    .map((name) => results[name])
    .filter((result) => result !== undefined)
    .sort((a, b) => b.rate - a.rate);
  if (mode !== measured || results.gateway === undefined || best === undefined || !(size in least)) return undefined;
  const ratios = results.gateway.rates.map((rate, round) => rate / best.rates[round]).sort((a, b) => a - b);
  return { rate: ratios[ratios.length >> 1], cpu: best.cpuMs / results.gateway.cpuMs };
}

function printRow(columns) {
  console.log(`| ${columns.join(' | ')} |`);
}

/** At least three digits. */
export function format(value) {
  if (value === undefined) return undefined;
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function pad(value, width) {
  return typeof value === 'string' ? value.padStart(width) : format(value).padStart(width);
}
