// The time window of a request: `from` and `to`, or `range` back from now. Assumed where the vendor's documentation is
// silent: `from` and `to` take precedence over `range` (its example sends all three), a missing `to` is now, a missing
// `from` is `range` before `to`, and a window that is empty, reversed or outside the years 1970 to 9999 is refused.

import { BadRequest, type Parameters } from './parameters.js';
import type { Window } from './costs.js';

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);
const DEFAULT_RANGE = '7d';
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** @throws BadRequest for a window that is refused. */
export function readWindow(parameters: Parameters, nowMs: number): Window {
  const toMs = parameters.integer('to') ?? nowMs;
  const fromMs = parameters.integer('from') ?? toMs - rangeMs(parameters.text('range') ?? DEFAULT_RANGE);
  if (fromMs >= toMs) throw new BadRequest('from is not before to');
  if (fromMs < 0 || toMs > LATEST_MS) throw new BadRequest('the window is outside the years 1970 to 9999');
  return { fromMs, toMs };
}

function rangeMs(range: string): number {
  return Number(range.slice(0, -1)) * (UNITS_MS.get(range.slice(-1)) ?? Number.NaN);
}
