// An operation that would come to too much is refused before it runs. The estimate depends on variables, which validation
// does not see and whose answer is kept: it is made for each operation anew.

import {
  GraphQLError,
  getOperationAST,
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';

import { createCostEstimate, type Variables } from '../../query-limits/cost.js';
import { GatewayError } from '../../errors.js';
import type { DoorPlugin } from '../request-state.js';

export interface CostedQuestion {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Variables;
}

/** Why an operation is refused; undefined where it is not. */
export type CostLimit = (question: CostedQuestion) => GatewayError | undefined;

export function createCostLimit(maxCost: number, schema: GraphQLSchema): CostLimit {
  const estimateCost = createCostEstimate(schema);
  return ({ document, operation, variables }) => {
    const cost = estimateCost(document, operation, variables);
    if (cost <= maxCost) return undefined;
    return new GatewayError('QUERY_TOO_COMPLEX', {
      message:
        `The operation would come to ${cost} fields, rows times fields, and may come to ${maxCost}. ` +
        'Ask for fewer rows, with `first`, or for fewer fields.',
    });
  };
}

export function useCostLimit(findBreach: CostLimit): DoorPlugin {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const { document, operationName, variableValues } = args as ExecutionArgs;
      const operation = getOperationAST(document, operationName);
      const originalError = operation
        ? findBreach({ document, operation, variables: variableValues ?? {} })
        : undefined;
      if (originalError === undefined) return;
      setResultAndStopExecution({ errors: [new GraphQLError(originalError.message, { originalError })] });
    },
  };
}
