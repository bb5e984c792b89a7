// Finds a text among those of a report. Built once per report, and shared by its parts.

import type { StringColumn } from '../columns/strings.js';
import { compareCodePoints } from './code-points.js';

/** The number of a text; -1 when the report does not contain it. */
export type FindText = (text: string) => number;

/**
 * A binary search: reads about log2 of the number of texts.
 * @param order as orderTexts returns it: 4 bytes per text.
 */
export function createTextFinder(texts: StringColumn, order: Uint32Array): FindText {
  return (text) => {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareCodePoints(texts.at(order[middle]!), text) < 0) low = middle + 1;
      else high = middle;
    }
    return low < order.length && texts.is(order[low]!, text) ? order[low]! : -1;
  };
}
