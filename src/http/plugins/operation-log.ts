// One log line an operation: which request, who asked, what operation, how long it took, where its reports came from, and
// which error codes the answer had. Never a variable, a header or a row. Of what went well a part may do.

import { getOperationAST, type ExecutionArgs } from 'graphql';
import type { Logger } from 'pino';

import { operationLogFields } from '../response/log-fields.js';
import type { DoorContext, DoorPlugin, RequestState } from '../request-state.js';

export interface OperationLogOptions {
  readonly logger: Logger;
  readonly now: () => number;
  /** How many percent of the operations that went well get a line; what went wrong, or was stale, always does. */
  readonly samplePercent: number;
}

/** Writes the line of an operation that was answered with this status. */
export type LogOperation = (state: RequestState, status: number, clientClosed: boolean) => void;

export function createOperationLog({ logger, now, samplePercent }: OperationLogOptions): LogOperation {
  const isSampled = createSampling(samplePercent);
  return (state, status, clientClosed) => {
    const { operation, errors } = state;
    if (operation === undefined && errors === undefined) return;
    const isStale = operation?.stats.reports.some((report) => report.isStale) ?? false;
    if (errors === undefined && !isStale && status < 500 && !isSampled()) return;
    const durationMs = now() - state.startedAt;
    logger.info(operationLogFields(state, { status, durationMs, clientClosed }), 'operation');
  };
}

export function useOperationLog(log: LogOperation): DoorPlugin {
  return {
    onExecute({ args }) {
      const { document, operationName } = args as ExecutionArgs;
      const { state, stats } = args.contextValue as unknown as DoorContext & typeof args.contextValue;
      state.operation = { name: getOperationAST(document, operationName)?.name?.value ?? null, stats };
    },
    onResponse({ request, response, serverContext }) {
      log(serverContext.state, response.status, request.signal.aborted);
    },
  };
}

/** Evenly, and without chance: of 100 in a row exactly so many are. */
function createSampling(percent: number): () => boolean {
  let due = 0;
  return () => {
    due += percent;
    if (due < 100) return false;
    due -= 100;
    return true;
  };
}
