// What one answer may have in all, and how much of the process it may have at once. Entities lead to rows and rows to
// entities, rows are many where nobody says how many, and each question over a report reads all of it: a few lines of a
// document would ask for more than any machine can do.

import type { GraphQLResolveInfo } from 'graphql';

import type { GatewayContext } from '../loaders/context.js';
import { GatewayError } from '../errors.js';
import type { Report } from '../report/report.js';
import { countFields } from './selection/size.js';

/**
 * Takes so many rows, or reports of entities, from what the answer may still have. False when that is used up: then give
 * nothing, and no error either. There may be many such places, and the answer is refused as a whole.
 */
export function spend({ budget }: GatewayContext, count: number): boolean {
  budget.rows -= count;
  return budget.rows >= 0 && budget.cost >= 0;
}

/** The same for rows that are written, each with all fields that are selected below. */
export function spendRows(context: GatewayContext, count: number, info: GraphQLResolveInfo): boolean {
  const { fieldNodes } = info;
  // Of one node it is known from before.
  const fields = fieldNodes.length === 1 ? countFields(info) : context.once([fieldNodes], () => countFields(info));
  context.budget.cost -= count * fields;
  return spend(context, count);
}

/** Reports below this size are read in a moment. */
const LARGE = 20_000;

/**
 * What `work` makes of a report that it reads so many times. Over a large one others get a turn first, so that the process
 * answers them meanwhile. @throws GatewayError QUERY_TOO_COMPLEX where the operation has read enough.
 */
export function study<T>(context: GatewayContext, report: Report, passes: number, work: () => T): T | Promise<T> {
  const { budget, breathe } = context;
  budget.cost -= passes * report.rowCount;
  if (budget.cost < 0) throw new GatewayError('QUERY_TOO_COMPLEX');
  return report.rowCount < LARGE ? work() : breathe(work);
}
