// An operation that asked for more than an answer may have is refused as a whole, whatever of it has been put together.

import { GraphQLError, type ExecutionResult } from 'graphql';

import { GatewayError } from '../../errors.js';
import type { GatewayContext } from '../../loaders/context.js';
import type { DoorPlugin } from '../request-state.js';

/** Whether the operation asked for more than it might. */
export function isSpent({ exceeded }: GatewayContext['budget']): boolean {
  return exceeded !== undefined;
}

export function refuseOverspent({ exceeded }: GatewayContext['budget']): ExecutionResult {
  const originalError = exceeded ?? new GatewayError('QUERY_TOO_COMPLEX');
  return { errors: [new GraphQLError(originalError.message, { originalError })] };
}

export function useAnswerLimit(): DoorPlugin {
  return {
    onExecute({ args }) {
      const { budget } = args.contextValue;
      return {
        onExecuteDone({ setResult }) {
          if (isSpent(budget)) setResult(refuseOverspent(budget));
        },
      };
    },
  };
}
