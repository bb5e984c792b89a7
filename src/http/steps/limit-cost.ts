// Refuses an operation whose response would be too large, before it is executed. The estimate depends on variables, so it is
// made for each request.

import type { GraphQLSchema } from 'graphql';

import { GatewayError } from '../../errors.js';
import type { Values } from '../../execution/plan.js';
import { createCostEstimate } from '../../query-limits/cost.js';
import type { ResolvedOperation } from './resolve-operation.js';

/** @param variables coerced. @throws GatewayError QUERY_TOO_COMPLEX. */
export type LimitCost = (operation: ResolvedOperation, variables: Values) => void;

export interface CostLimit {
  /** The highest estimated cost of an operation; undefined for no limit. */
  readonly maxCost: number | undefined;
}

export function createLimitCost({ maxCost }: CostLimit, schema: GraphQLSchema): LimitCost {
  if (maxCost === undefined) return () => undefined;
  const estimateCost = createCostEstimate(schema);
  return ({ prepared: { document, operation } }, variables) => {
    const cost = estimateCost(document, operation, variables);
    if (cost <= maxCost) return;
    throw new GatewayError('QUERY_TOO_COMPLEX', {
      message:
        `The operation asks for an estimated ${cost} fields (rows times fields), and at most ${maxCost} are allowed ` +
        '(GATEWAY_MAX_COST). ' +
        'Ask for fewer rows, with `first`, or for fewer fields.',
    });
  };
}
