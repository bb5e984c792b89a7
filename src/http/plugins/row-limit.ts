// An operation that asked for more than an answer may have is refused as a whole, whatever of it has been put together.

import { GraphQLError, type ExecutionResult } from 'graphql';

import type { GatewayContext } from '../../loaders/context.js';
import { GatewayError } from '../../errors.js';
import type { DoorPlugin } from '../request-state.js';

/** Whether the operation asked for more than it might. */
export function isSpent({ rows, cost }: GatewayContext['budget']): boolean {
  return rows < 0 || cost < 0;
}

export function refuseOverspent(): ExecutionResult {
  const originalError = new GatewayError('QUERY_TOO_COMPLEX');
  return { errors: [new GraphQLError(originalError.message, { originalError })] };
}

export function useAnswerLimit(): DoorPlugin {
  return {
    onExecute({ args }) {
      const { budget } = args.contextValue;
      return {
        onExecuteDone({ setResult }) {
          if (isSpent(budget)) setResult(refuseOverspent());
        },
      };
    },
  };
}
