// Executes operations: by a plan where there is one, which is kept for the next time, and by graphql-js where not, or where
// the variables do not fit and somebody has to say why.

import {
  execute,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';

import type { Values } from './coerce-inputs.js';
import { createPlan, type Plan } from './plan.js';
import { runPlan } from './run-plan.js';

export interface Execution {
  /** Valid against the schema. */
  readonly document: DocumentNode;
  /** The one of the document that is asked for. */
  readonly operation: OperationDefinitionNode;
  /** As they came. */
  readonly variables: Values;
  readonly context: unknown;
}

/** At once where no resolver gives a promise. */
export type Execute = (execution: Execution) => ExecutionResult | Promise<ExecutionResult>;

export function createExecutor(schema: GraphQLSchema): Execute {
  const plans = new WeakMap<OperationDefinitionNode, { readonly plan: Plan | undefined }>();
  const planOf = (document: DocumentNode, operation: OperationDefinitionNode): Plan | undefined => {
    let found = plans.get(operation);
    if (found === undefined) plans.set(operation, (found = { plan: createPlan(schema, document, operation) }));
    return found.plan;
  };
  return ({ document, operation, variables, context }) => {
    const plan = planOf(document, operation);
    const values = plan?.toVariables(variables);
    const isPlanned = plan !== undefined && values !== undefined;
    (context as { serializesLists?: boolean }).serializesLists = isPlanned;
    if (isPlanned) return runPlan(plan, values, context);
    const operationName = operation.name?.value;
    return execute({ schema, document, contextValue: context, variableValues: variables, operationName });
  };
}
