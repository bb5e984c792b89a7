// Ranks of doubles, compared with sorting them.

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { rankNumbers } from '../../src/report/query/ranks.js';
import { runToEnd } from '../../src/report/computation.js';

// Mutations: ranks.ts, `distinct += 1` for equal values too; rankNumbers() without findKnown().
test('numbers rank by comparison: -0 equals 0, and NaN is last', () => {
  const few = fc.constantFrom(0, -0, 1, -1, 0.5, -0.5, 5e-324, -5e-324, 1e300, -1e300, Number.MAX_VALUE, Number.NaN);
  fc.assert(
    fc.property(fc.array(fc.oneof(few, fc.double(), fc.integer()), { maxLength: 60 }), (values) => {
      const distinct = [...new Set(values.filter((value) => !Number.isNaN(value)).map((value) => value + 0))];
      distinct.sort((a, b) => a - b);
      const expected = values.map((value) => (Number.isNaN(value) ? distinct.length : distinct.indexOf(value + 0)));
      const { ranks, distinct: count } = runToEnd(rankNumbers(Float64Array.from(values)));
      expect([...ranks]).toEqual(expected);
      expect(count).toBe(distinct.length);
    }),
    { numRuns: 2_000 },
  );
});
