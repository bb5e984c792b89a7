// An operation that would come to too much is refused before it runs. The estimate depends on variables, which validation
// does not see and whose answer is kept: it is made for each operation anew.

import { getOperationAST, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import { createGraphQLError } from 'graphql-yoga';

import { createCostEstimate } from '../documents/cost-estimate.js';
import { GatewayError } from '../errors.js';
import type { DoorPlugin } from './request-state.js';

export function useCostLimit(maxCost: number, schema: GraphQLSchema): DoorPlugin {
  const estimateCost = createCostEstimate(schema);
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const { document, operationName, variableValues } = args as ExecutionArgs;
      const operation = getOperationAST(document, operationName);
      const cost = operation ? estimateCost(document, operation, variableValues ?? {}) : 0;
      if (cost <= maxCost) return;
      const originalError = new GatewayError('QUERY_TOO_COMPLEX', {
        message:
          `The operation would come to ${cost} fields, rows times fields, and may come to ${maxCost}. ` +
          'Ask for fewer rows, with `first`, or for fewer fields.',
      });
      setResultAndStopExecution({ errors: [createGraphQLError(originalError.message, { originalError })] });
    },
  };
}
