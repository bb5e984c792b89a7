// Refuses an operation that would come to too much, before it is executed. The estimate depends on variables, so it is made
// for each request.

import type { GraphQLSchema } from 'graphql';

import { GatewayError } from '../../errors.js';
import type { Values } from '../../execution/coerce-inputs.js';
import { createCostEstimate } from '../../query-limits/cost.js';
import type { ResolvedOperation } from './resolve-operation.js';

/** @param variables coerced. @throws GatewayError QUERY_TOO_COMPLEX. */
export type LimitCost = (operation: ResolvedOperation, variables: Values) => void;

/** @param maxCost undefined for no limit. */
export function createLimitCost(maxCost: number | undefined, schema: GraphQLSchema): LimitCost {
  if (maxCost === undefined) return () => undefined;
  const estimateCost = createCostEstimate(schema);
  return ({ prepared: { document, operation } }, variables) => {
    const cost = estimateCost(document, operation, variables);
    if (cost <= maxCost) return;
    throw new GatewayError('QUERY_TOO_COMPLEX', {
      message:
        `The operation would come to ${cost} fields, rows times fields, and may come to ${maxCost}. ` +
        'Ask for fewer rows, with `first`, or for fewer fields.',
    });
  };
}
