// One log line an operation: which request, what operation, how long it took, where its reports came from, and which
// error codes the answer had. Never a variable, a header or a row.

import { getOperationAST, type ExecutionArgs } from 'graphql';
import type { Logger } from 'pino';

import type { DoorContext, DoorPlugin, RequestState } from './request-state.js';

const MAX_NAME_LENGTH = 128;

export function useOperationLog(logger: Logger, now: () => number): DoorPlugin {
  return {
    onExecute({ args }) {
      const { document, operationName } = args as ExecutionArgs;
      const { state, stats } = args.contextValue as unknown as DoorContext & typeof args.contextValue;
      const name = getOperationAST(document, operationName)?.name?.value.slice(0, MAX_NAME_LENGTH) ?? null;
      state.operation = { name, stats };
    },
    onResponse({ request, response, serverContext }) {
      const { requestId, startedAt, operation, errors } = serverContext.state;
      const faults = operation?.stats.faults;
      if (operation === undefined && errors === undefined) return;
      logger.info(
        {
          requestId,
          operationName: operation?.name ?? null,
          status: response.status,
          durationMs: now() - startedAt,
          cache: operation?.stats.cache,
          upstreamMs: operation?.stats.upstreamMs,
          ...(errors && { errors: unique(errors, 'code'), reasons: unique(errors, 'reason') }),
          ...(faults?.length && { staleFor: unique(faults, 'code'), staleReasons: unique(faults, 'reason') }),
          ...(request.signal.aborted ? { clientLeft: true } : {}),
        },
        'operation',
      );
    },
  };
}

function unique(errors: NonNullable<RequestState['errors']>, what: 'code' | 'reason'): string[] {
  return [...new Set(errors.flatMap((error) => error[what] ?? []))];
}
