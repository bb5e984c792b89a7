// Executes a plan as section 6.4 of the GraphQL specification says and as graphql-js does it: the same data and errors, in
// the same order. Values that are available synchronously are completed synchronously.

import {
  GraphQLError,
  locatedError,
  responsePathAsArray,
  type ExecutionResult,
  type GraphQLLeafType,
  type GraphQLResolveInfo,
} from 'graphql';

import type { Values } from './coerce-inputs.js';
import { completeItems } from './complete-items.js';
import type { ExecutionHooks } from './execution-hooks.js';
import { FieldErrors, NOT_RESOLVED } from './field-errors.js';
import { setOwn } from './own-property.js';
import type { AbstractValue, Plan, PlannedField, PlannedFields, PlannedValue } from './plan.js';
import { resolveFieldsByType } from './resolve-type.js';
import { SerializedList } from './serialized-list.js';

type Path = GraphQLResolveInfo['path'];
type Data = Record<string, unknown>;

interface Run {
  readonly plan: Plan;
  readonly variables: Values;
  readonly context: unknown;
  readonly errors: FieldErrors;
  readonly hooks: ExecutionHooks;
}

/** A field that is being executed. */
interface Execution {
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
      setOwn(data, field.responseName, value);
      isWaiting ||= isThenable(value);
    }
  } catch (error) {
    if (!isWaiting) throw error;
    // The other fields are still being resolved. Wait for them, so that none of their rejections goes unhandled.
    return settleData(data).then(
      () => Promise.reject(error as Error),
      () => Promise.reject(error as Error),
    );
  }
  return isWaiting ? settleData(data) : data;
}

async function settleData(data: Data): Promise<Data> {
  const values = await Promise.all(Object.values(data));
  return Object.fromEntries(Object.keys(data).map((name, index) => [name, values[index]]));
}

function executeField(run: Run, field: PlannedField, source: unknown, parentPath: Path | undefined): unknown {
  const { plan, variables, context, errors, hooks } = run;
  const { parentType } = field;
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
    // What else the type has is declared by @graphql-tools, for executors of its own.
  } as GraphQLResolveInfo;
  const execution = { run, field, info };
  const ended = hooks.onField?.(info);
  try {
    if (errors.isFull || hooks.stopped?.() !== undefined) throw NOT_RESOLVED;
    const result = field.resolve(source, field.toArguments(variables), context, info);
    if (ended !== undefined) notifyWhenSettled(result, ended);
    return completeValueCatchingError(execution, field.value, result, path);
  } catch (error) {
    ended?.();
    return handleFieldError(execution, field.value, error, path);
  }
}

function notifyWhenSettled(result: unknown, ended: () => void): void {
  if (isThenable(result)) void result.then(ended, ended);
  else ended();
}

/** Completes what a resolver or an iterable returned; an error is handled at this path. */
function completeValueCatchingError(execution: Execution, planned: PlannedValue, result: unknown, path: Path): unknown {
  const completed = isThenable(result)
    ? result.then((value) => completeValue(execution, planned, value, path))
    : completeValue(execution, planned, result, path);
  return isThenable(completed)
    ? completed.then(undefined, (error: unknown) => handleFieldError(execution, planned, error, path))
    : completed;
}

/** Null in place of the value; when it must not be null, the error goes on to the parent. */
function handleFieldError({ run, field }: Execution, { isNonNull }: PlannedValue, raw: unknown, path: Path): null {
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
function completeValue(execution: Execution, planned: PlannedValue, value: unknown, path: Path): unknown {
  if (value instanceof Error) throw value;
  if (value == null) return completeNull(execution, planned);
  const { leaf, fields, item, abstract } = planned;
  if (leaf !== undefined) return completeLeaf(leaf, value);
  if (fields !== undefined) return executeFields(execution.run, fields, value, path);
  if (abstract !== undefined) return completeAbstract(execution, abstract, value, path);
  return item && completeList(execution, item, value, path);
}

function completeAbstract({ run, info }: Execution, abstract: AbstractValue, value: unknown, path: Path): unknown {
  const fields = resolveFieldsByType(abstract, value, run.context, info);
  if (!isThenable(fields)) return executeFields(run, fields, value, path);
  return fields.then((resolved) => executeFields(run, resolved, value, path));
}

function completeNull({ field }: Execution, { isNonNull }: PlannedValue): null {
  if (isNonNull) throw new Error(`Cannot return null for non-nullable field ${field.parentType.name}.${field.name}.`);
  return null;
}

function completeLeaf(leaf: GraphQLLeafType, value: unknown): unknown {
  const serialized: unknown = leaf.serialize(value);
  if (serialized == null) throw new Error(`Expected a non-nullable value of ${leaf.name}.`);
  return serialized;
}

function completeList(execution: Execution, item: PlannedValue, list: unknown, path: Path): unknown {
  if (list instanceof SerializedList) return list;
  if (!isIterable(list)) {
    const { parentType, name } = execution.field;
    throw new GraphQLError(`Expected Iterable, but did not find one for field "${parentType.name}.${name}".`);
  }
  const complete = (value: unknown, index: number): unknown =>
    completeItem(execution, item, value, { prev: path, key: index, typename: undefined });
  return completeItems(list, complete, execution.run.hooks.runSteps);
}

function completeItem(execution: Execution, item: PlannedValue, value: unknown, path: Path): unknown {
  try {
    return completeValueCatchingError(execution, item, value, path);
  } catch (error) {
    return handleFieldError(execution, item, error, path);
  }
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | null | undefined)?.then === 'function';
}
