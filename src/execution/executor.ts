// Executes prepared operations: by their plan, and by graphql-js where there is none.

import { execute, type ExecutionResult, type GraphQLResolveInfo, type GraphQLSchema } from 'graphql';

import type { Values } from './coerce-inputs.js';
import type { RunSteps } from './complete-items.js';
import type { Plan } from './plan.js';
import type { PreparedOperation } from './prepared-operation.js';
import { runPlan } from './run-plan.js';

export interface Execution {
  readonly prepared: PreparedOperation;
  /** Of `prepared`, for these variables; undefined where graphql-js has to execute the operation. */
  readonly plan: Plan | undefined;
  /** The variables as the client sent them. */
  readonly given: Values;
  /** The same, coerced. */
  readonly variables: Values;
  readonly context: unknown;
  readonly hooks?: ExecutionHooks;
}

export interface ExecutionHooks {
  /** The error that ends the whole operation; asked before each field. */
  readonly stopped?: (() => Error | undefined) | undefined;
  /** Runs a long list's completion, which yields where it may pause. Without it a list is completed in one go. */
  readonly runSteps?: RunSteps | undefined;
  /** Called when a field begins; the function it returns when the field has its value or its error. */
  readonly onField?: ((info: GraphQLResolveInfo) => () => void) | undefined;
}

/** Synchronous when no resolver returns a promise. Errors of resolvers are in the result; it does not throw for them. */
export function executeOperation(
  schema: GraphQLSchema,
  { prepared, plan, given, variables, context, hooks = {} }: Execution,
): ExecutionResult | Promise<ExecutionResult> {
  if (plan !== undefined) return runPlan(plan, variables, context, hooks);
  const { document, operation } = prepared;
  const operationName = operation.name?.value;
  return execute({ schema, document, contextValue: context, variableValues: given, operationName });
}
