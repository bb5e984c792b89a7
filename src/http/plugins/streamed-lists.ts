// Writes the answers of Yoga, which knows of no lists that are written in pieces and has made empty ones of them.

import type { ExecutionResult } from 'graphql';

import { toBody, toBodyInit, writeResult } from '../response/serialize.js';
import type { DoorContext, DoorPlugin } from '../request-state.js';

/** After whatever changes the result. */
export function useAnswerWriter(): DoorPlugin {
  return {
    onExecute({ args }) {
      const { state, ...context } = args.contextValue as typeof args.contextValue & DoorContext;
      state.lists = context.lists;
    },
    onResultProcess({ result, serverContext: { state } }) {
      const { data } = result as ExecutionResult;
      if (state.lists?.length && data != null) state.result = result as ExecutionResult;
    },
    onResponse({ response, setResponse, fetchAPI, serverContext: { state } }) {
      const { lists, result } = state;
      if (lists === undefined || result === undefined || response.status !== 200) return;
      // Yoga's own have capitals, by which they are not found again. The length is that of the answer with the empty lists.
      const names = Array.from(response.headers, ([name, value]) => [name.toLowerCase(), value] as const);
      const headers = Object.fromEntries(names.filter(([name]) => name !== 'content-length'));
      const body = toBodyInit(toBody(writeResult(result, lists)));
      setResponse(new fetchAPI.Response(body, { status: 200, headers }));
    },
  };
}
