// What the door remembers of one HTTP request from its first plugin to its last, and the request's id.

import { randomUUID } from 'node:crypto';
import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';

import type { HeadersByName } from '../auth/authentication.js';
import type { GatewayContext, LoadStats, WrittenList } from '../loaders/context.js';
import type { ErrorCode } from '../errors.js';
import type { Permissions } from '../report/permissions/permissions.js';
import type { OperationDeadline } from './plugins/execution-timeout.js';
import type { AnswerFreshness } from './response/cache-headers.js';
import { readTraceId } from './response/trace-parent.js';

/** One object a request, filled in on its way. */
export interface RequestState {
  readonly requestId: string;
  readonly startedAt: number;
  /** A secret. */
  callerToken?: string;
  /** Who asks, as an operator knows them; undefined where nobody has to say. */
  callerName?: string;
  /** What of the fleet they may see; undefined: all. */
  grants?: Permissions | undefined;
  /** A document to be kept under its hash, once it was found to be valid. */
  documentToKeep?: { readonly hash: string; readonly text: string };
  /** The trace that the request is a part of. */
  traceId?: string | undefined;
  /** The origin that may read the answer, where pages of other hosts may ask at all. */
  cors?: { readonly allowed: string | undefined };
  /** When the operation ends at the latest. */
  deadline?: OperationDeadline;
  freshness?: AnswerFreshness;
  operation?: { readonly name: string | null; readonly stats: LoadStats };
  /** Whether the answer was ready, and nothing was executed. */
  isReady?: boolean;
  /** What came of the operation, and the lists that are yet to be written into it. */
  result?: ExecutionResult;
  lists?: readonly WrittenList[] | undefined;
  errors?: readonly { readonly code: ErrorCode; readonly reason: string | undefined }[];
}

/** What the plugins of the door see of Yoga's server context. */
export interface DoorContext {
  state: RequestState;
  /** Node's own request, where there is a socket. */
  req?: { readonly socket: { readonly remoteAddress?: string | undefined } };
}

/** A plugin of the door. */
export type DoorPlugin = Plugin<GatewayContext, DoorContext>;

/** The state of a request that begins. Its id is the caller's own where that is a sane one. */
export function createRequestState(headers: HeadersByName, nowMs: number): RequestState {
  const given = headers.get('x-request-id');
  const requestId = given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
  return { requestId, startedAt: nowMs, traceId: readTraceId(headers.get('traceparent')) };
}

/** Gives each request its state, and the answer its `x-request-id`. */
export function useRequestState(now: () => number): DoorPlugin {
  return {
    onRequest({ request, serverContext }) {
      serverContext.state = createRequestState(request.headers, now());
    },
    onResponse({ response, serverContext }) {
      response.headers.set('x-request-id', serverContext.state.requestId);
    },
  };
}
