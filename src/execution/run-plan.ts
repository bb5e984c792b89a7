// Executes a plan by section 6.4 of the GraphQL specification, with the same data and errors, in the same order, as
// graphql-js. Values that are available synchronously are completed synchronously.

import {
  GraphQLError,
  locatedError,
  responsePathAsArray,
  type ExecutionResult,
  type GraphQLLeafType,
  type GraphQLResolveInfo,
} from 'graphql';

import { completeItems, isThenable, type RunComputation } from './complete-items.js';
import { FieldErrors, NOT_RESOLVED } from './field-errors.js';
import type { Plan, PlannedField, PlannedFields, PlannedValue, Values } from './plan.js';
import { resolveFieldsByType } from './resolve-type.js';
import { SerializedList } from './serialized-list.js';

type Path = GraphQLResolveInfo['path'];
type Data = Record<string, unknown>;

interface ExecutionHooks {
  /** Returns the error that ends the whole operation. Called before each field. */
  readonly stopped?: () => Error | undefined;
  /** Runs the completion of a long list, which yields where it may pause. By default it does not pause. */
  readonly runComputation?: RunComputation;
  /** Called when a field starts; the returned function, when the field has its value or its error. */
  readonly onField?: ((info: GraphQLResolveInfo) => () => void) | undefined;
}

interface Run {
  readonly plan: Plan;
  readonly variables: Values;
  readonly context: unknown;
  readonly errors: FieldErrors;
  readonly hooks: ExecutionHooks;
}

interface FieldExecution {
  readonly run: Run;
  readonly field: PlannedField;
  readonly info: GraphQLResolveInfo;
}

/** Synchronous when no resolver returns a promise. Never throws or rejects because of a resolver. */
export function runPlan(
  plan: Plan,
  variables: Values,
  context: unknown,
  hooks: ExecutionHooks,
): ExecutionResult | Promise<ExecutionResult> {
  const errors = new FieldErrors();
  const respond = (data: Data | null): ExecutionResult => {
    const stopped = hooks.stopped?.();
    if (stopped !== undefined) return { errors: [new GraphQLError(stopped.message, { originalError: stopped })] };
    const { list } = errors;
    return list.length === 0 ? { data } : { errors: list, data };
  };
  const fail = (error: unknown): ExecutionResult => {
    if (error !== NOT_RESOLVED) errors.add(error as GraphQLError, undefined);
    return respond(null);
  };
  try {
    const data = executeFields({ plan, variables, context, errors, hooks }, plan.fields, undefined, undefined);
    return isThenable(data) ? data.then(respond, fail) : respond(data);
  } catch (error) {
    return fail(error);
  }
}

function executeFields(run: Run, fields: PlannedFields, source: unknown, path: Path | undefined): Data | Promise<Data> {
  if (fields instanceof GraphQLError) throw fields;
  const data: Data = {};
  let isWaiting = false;
  try {
    for (const field of fields) {
      const value = executeField(run, field, source, path);
      setOwnProperty(data, field.responseName, value);
      isWaiting ||= isThenable(value);
    }
  } catch (error) {
    if (!isWaiting) throw error;
    // The other fields are still being resolved. Wait for them, so that none of their rejections goes unhandled.
    return settleData(data).finally(() => {
      throw error as Error;
    });
  }
  return isWaiting ? settleData(data) : data;
}

/** Sets a property under a name that a client chose. Assigning `__proto__` would replace the object's prototype. */
function setOwnProperty(data: Data, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(data, name, { value, enumerable: true, configurable: true, writable: true });
  } else data[name] = value;
}

async function settleData(data: Data): Promise<Data> {
  const values = await Promise.all(Object.values(data));
  return Object.fromEntries(Object.keys(data).map((name, index) => [name, values[index]]));
}

function executeField(run: Run, field: PlannedField, source: unknown, parentPath: Path | undefined): unknown {
  const { plan, variables, context, errors, hooks } = run;
  const { parentType, value } = field;
  const path: Path = { prev: parentPath, key: field.responseName, typename: parentType.name };
  const info = {
    fieldName: field.name,
    fieldNodes: field.nodes,
    returnType: field.type,
    parentType,
    path,
    schema: plan.schema,
    fragments: plan.fragments,
    rootValue: undefined,
    operation: plan.operation,
    variableValues: variables,
    // @graphql-tools declares further properties, for its own executors.
  } as GraphQLResolveInfo;
  const execution = { run, field, info };
  const onEnd = hooks.onField?.(info);
  let result: unknown;
  try {
    if (errors.isFull || hooks.stopped?.() !== undefined) throw NOT_RESOLVED;
    result = field.resolve(source, field.coerceArguments(variables), context, info);
  } catch (error) {
    onEnd?.();
    return handleFieldError(execution, value, error, path);
  }
  if (isThenable(result) && onEnd !== undefined) void result.then(onEnd, onEnd);
  else onEnd?.();
  return completeValueCatchingError(execution, value, result, path);
}

/** Completes the result of a resolver, or an item of a list; an error is handled at this path. */
function completeValueCatchingError(
  execution: FieldExecution,
  planned: PlannedValue,
  result: unknown,
  path: Path,
): unknown {
  try {
    const completed = isThenable(result)
      ? result.then((value) => completeValue(execution, planned, value, path))
      : completeValue(execution, planned, result, path);
    return isThenable(completed)
      ? completed.then(undefined, (error: unknown) => handleFieldError(execution, planned, error, path))
      : completed;
  } catch (error) {
    return handleFieldError(execution, planned, error, path);
  }
}

/** Returns null for the value. @throws the error, for the parent to handle, when the value must not be null. */
function handleFieldError({ run, field }: FieldExecution, { isNonNull }: PlannedValue, raw: unknown, path: Path): null {
  if (raw === NOT_RESOLVED || run.errors.isFull) {
    if (isNonNull) throw NOT_RESOLVED;
    return null;
  }
  const error = locatedError(raw, field.nodes, responsePathAsArray(path));
  if (isNonNull) throw error;
  run.errors.add(error, path);
  return null;
}

/** CompleteValue of the specification (section 6.4.3). */
function completeValue(execution: FieldExecution, planned: PlannedValue, value: unknown, path: Path): unknown {
  const { run, field, info } = execution;
  if (value instanceof Error) throw value;
  if (value == null) {
    if (!planned.isNonNull) return null;
    throw new Error(`Cannot return null for non-nullable field ${field.parentType.name}.${field.name}.`);
  }
  const { leaf, fields, item, abstract } = planned;
  if (leaf !== undefined) return completeLeaf(leaf, value);
  if (fields !== undefined) return executeFields(run, fields, value, path);
  if (item !== undefined) return completeList(execution, item, value, path);
  return abstract && executeFields(run, resolveFieldsByType(abstract, value, run.context, info), value, path);
}

function completeLeaf(leaf: GraphQLLeafType, value: unknown): unknown {
  const serialized: unknown = leaf.serialize(value);
  if (serialized == null) throw new Error(`Expected a non-nullable value of ${leaf.name}.`);
  return serialized;
}

function completeList(execution: FieldExecution, item: PlannedValue, list: unknown, path: Path): unknown {
  if (list instanceof SerializedList) return list;
  if (!isIterable(list)) {
    const { parentType, name } = execution.field;
    throw new GraphQLError(`Expected Iterable, but did not find one for field "${parentType.name}.${name}".`);
  }
  const complete = (value: unknown, index: number): unknown =>
    completeValueCatchingError(execution, item, value, { prev: path, key: index, typename: undefined });
  return completeItems(list, complete, execution.run.hooks.runComputation);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
