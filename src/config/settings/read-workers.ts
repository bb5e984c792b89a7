// What of a limit is for one worker, where several processes answer.

import type { Reader } from './reader.js';

/** The part of one worker: in all never more than the limit, but for each at least 1; of nothing nothing. */
export function readShare(read: Reader): (limit: number) => number {
  const workers = read('GATEWAY_WORKERS');
  return (limit) => Math.max(Math.min(1, limit), Math.floor(limit / workers));
}

/** Limits that cannot be parted without harm. */
export function explainShares(read: Reader): string[] {
  const workers = read('GATEWAY_WORKERS');
  const isTooMany = workers > read('SCALEOPS_MAX_IN_FLIGHT');
  const isTooSmall = workers > 1 && (read('CACHE_MAX_MB') ?? Infinity) / workers < read('SCALEOPS_MAX_RESPONSE_MB');
  return [
    ...(isTooMany ? ['GATEWAY_WORKERS is more than SCALEOPS_MAX_IN_FLIGHT: one call a worker is more in all.'] : []),
    ...(isTooSmall
      ? [
          'CACHE_MAX_MB leaves each of GATEWAY_WORKERS less than SCALEOPS_MAX_RESPONSE_MB: the largest reports may not be kept.',
        ]
      : []),
  ];
}
