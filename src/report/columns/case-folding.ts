// Names of Kubernetes objects are compared ignoring case, as ScaleOps' own client does.

import { inRanges, ITEMS_PER_STEP, type Computation } from '../computation.js';
import type { StringColumn } from './strings.js';

/** Equal for names that differ only in case. */
export function foldCase(name: string): string {
  return name.toLowerCase();
}

/** The codes of each name of a column, by the folded name. Names that differ only in case share an entry. */
export function* indexNames(values: StringColumn): Computation<ReadonlyMap<string, readonly number[]>> {
  const codes = new Map<string, number[]>();
  yield* inRanges(
    values.length,
    (from, to) => {
      for (const [at, name] of values.slice(from, to).entries()) {
        if (name === '') continue;
        const folded = foldCase(name);
        const sameName = codes.get(folded);
        if (sameName === undefined) codes.set(folded, [from + at]);
        else sameName.push(from + at);
      }
    },
    ITEMS_PER_STEP,
  );
  return codes;
}
