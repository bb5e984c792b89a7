// An operation that asked for more than an answer may have is refused as a whole, whatever of it has been put together.

import { createGraphQLError } from 'graphql-yoga';

import { GatewayError } from '../errors.js';
import type { DoorPlugin } from './request-state.js';

export function useAnswerLimit(): DoorPlugin {
  return {
    onExecute({ args }) {
      const { budget } = args.contextValue;
      return {
        onExecuteDone({ setResult }) {
          if (budget.rows >= 0 && budget.cost >= 0) return;
          const originalError = new GatewayError('QUERY_TOO_COMPLEX');
          setResult({ errors: [createGraphQLError(originalError.message, { originalError })] });
        },
      };
    },
  };
}
