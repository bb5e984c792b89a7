// Executes an operation, with loaders and a budget of its own.

import type { ExecutionResult, GraphQLResolveInfo } from 'graphql';

import { Semaphore } from '../../concurrency/semaphore.js';
import type { Values } from '../../execution/plan.js';
import { runPlan } from '../../execution/run-plan.js';
import { createContext, type GatewayContext } from '../../loaders/context.js';
import type { Caller, RequestServices } from '../../loaders/request-services.js';
import type { GraphQLRequest } from '../graphql-request.js';
import type { Observation } from '../../telemetry/instrumentation.js';
import { hasNoCacheDirective } from '../response/cache-headers.js';
import type { ResolvedOperation } from './resolve-operation.js';

interface ExecuteInput {
  readonly request: GraphQLRequest;
  readonly operation: ResolvedOperation;
  /** Coerced. */
  readonly variables: Values;
  readonly observation: Observation | undefined;
  /** Called for each field, for a trace; lists are then not serialized by resolvers. */
  readonly onField: ((info: GraphQLResolveInfo) => () => void) | undefined;
}

/** Rejects with REQUEST_TIMEOUT, or when the client has left. */
export type Execute = (
  input: ExecuteInput,
) => Promise<{ readonly result: ExecutionResult; readonly context: GatewayContext }>;

/** @param maxLargeResponses how many may be in memory concurrently: each takes some hundred megabytes until it is sent. */
export function createExecute(services: RequestServices, maxLargeResponses: number): Execute {
  const largeResponses = new Semaphore({ max: maxLargeResponses });
  const acquireSlot = async (request: GraphQLRequest): Promise<void> => {
    const permit = await largeResponses.acquire(request.deadline);
    request.onEnd(() => {
      permit.release();
    });
    // The request may have ended meanwhile.
    request.deadline.throwIfAborted();
  };
  return async ({ request, operation, variables, observation, onField }) => {
    const { prepared } = operation;
    let slot: Promise<void> | undefined;
    // One slot per request: a request that waited for a second one could wait for itself.
    const context = createContext(services, new RequestCaller(request, () => (slot ??= acquireSlot(request))));
    request.stats = context.stats;
    const plan = prepared.planFor(variables);
    context.serializesLists = onField === undefined;
    const hooks = { onField, stopped: () => context.budget.exceeded, runComputation: context.runComputation };
    const run = () => runPlan(plan, variables, context, hooks);
    const result = observation === undefined ? run() : observation.execute(run);
    return { context, result: result instanceof Promise ? await request.deadline.race(result) : result };
  };
}

/** The caller as resolvers see it. A class, for the getter: the signal is created on first use. */
class RequestCaller implements Caller {
  readonly token: string | undefined;
  readonly callerKey: string | undefined;
  readonly principal: Caller['principal'];
  readonly permissions: Caller['permissions'];
  readonly noCache: boolean;
  readonly acquireLargeResponseSlot: () => Promise<void>;
  readonly #request: GraphQLRequest;

  constructor(request: GraphQLRequest, acquireLargeResponseSlot: () => Promise<void>) {
    this.#request = request;
    this.token = request.callerToken;
    // The principal identifies a caller with a token of its own.
    this.callerKey = request.callerToken === undefined ? (request.callerName ?? request.http.remoteAddress) : undefined;
    this.principal = request.principal;
    this.permissions = request.permissions;
    this.noCache = hasNoCacheDirective(request.http.headers);
    this.acquireLargeResponseSlot = acquireLargeResponseSlot;
  }

  remainingMs(): number {
    return this.#request.deadline.remainingMs();
  }

  get signal(): AbortSignal {
    return this.#request.deadline.signal;
  }
}
