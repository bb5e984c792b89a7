// What one answer may have in all. Entities lead to rows and rows to entities, so that a few levels of a short document
// would ask for more than any machine can write.

import type { GatewayContext } from '../context.js';

/**
 * Takes so many rows, or reports of entities, from what the answer may still have. False when that is used up: then give
 * nothing, and no error either. There may be many such places, and the answer is refused as a whole.
 */
export function spend({ budget }: GatewayContext, count: number): boolean {
  budget.rows -= count;
  return budget.rows >= 0;
}
