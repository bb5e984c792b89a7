// How many large reports may be read at the same time. Each takes some hundred megabytes until it has become columns, so
// who comes after that is turned away as soon as its answer has grown large.

import { UpstreamError } from '../../errors.js';

/** A body that has grown to more is large. */
export const LARGE_BYTES = 16_777_216;
const MAX_LARGE = 4;

/** One report that is being read. */
export interface LargeReading {
  /** Told how many bytes there are by now. @throws UpstreamError OVERLOADED where that is one large report too many. */
  grow(bytes: number): void;
  end(): void;
}

export function createLargeReports(): { begin(): LargeReading } {
  let count = 0;
  return {
    begin() {
      let isLarge = false;
      return {
        grow(bytes) {
          if (isLarge || bytes <= LARGE_BYTES) return;
          if (count === MAX_LARGE) {
            const message = 'The gateway is reading as many large reports as it may.';
            throw new UpstreamError('OVERLOADED', { reason: 'too many large reports', message });
          }
          isLarge = true;
          count += 1;
        },
        end() {
          if (isLarge) count -= 1;
          isLarge = false;
        },
      };
    },
  };
}
