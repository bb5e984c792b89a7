// Executes a plan, as the GraphQL specification says in section 6.4 and graphql-js does it: the same data and errors, in
// the same order.

import {
  GraphQLError,
  locatedError,
  responsePathAsArray,
  type ExecutionResult,
  type GraphQLLeafType,
  type GraphQLResolveInfo,
} from 'graphql';

import { createFieldErrors, type FieldErrors } from './field-errors.js';
import type { Values } from './coerce-inputs.js';
import { SerializedList } from './serialized-list.js';
import type { Plan, PlannedField, PlannedValue } from './plan.js';

type Path = GraphQLResolveInfo['path'];
type Data = Record<string, unknown>;

interface Run {
  readonly plan: Plan;
  readonly variables: Values;
  readonly context: unknown;
  readonly errors: FieldErrors;
}

/** A field that is being executed. */
interface Execution {
  readonly run: Run;
  readonly field: PlannedField;
  readonly info: GraphQLResolveInfo;
}

/** At once where no resolver gives a promise. Never throws or rejects for what a resolver does. */
export function runPlan(plan: Plan, variables: Values, context: unknown): ExecutionResult | Promise<ExecutionResult> {
  const errors = createFieldErrors();
  const respond = (data: Data | null): ExecutionResult => {
    const { list } = errors;
    return list.length === 0 ? { data } : { errors: list, data };
  };
  const fail = (error: unknown): ExecutionResult => {
    errors.add(error as GraphQLError, undefined);
    return respond(null);
  };
  try {
    const data = executeFields({ plan, variables, context, errors }, plan.fields, undefined, undefined);
    return isThenable(data) ? data.then(respond, fail) : respond(data);
  } catch (error) {
    return fail(error);
  }
}

function executeFields(
  run: Run,
  fields: readonly PlannedField[],
  source: unknown,
  path: Path | undefined,
): Data | Promise<Data> {
  const data: Data = {};
  let isWaiting = false;
  try {
    for (const field of fields) {
      const value = executeField(run, field, source, path);
      data[field.responseName] = value;
      isWaiting ||= isThenable(value);
    }
  } catch (error) {
    // The others are under way; their errors, too, are to be met by somebody.
    if (!isWaiting) throw error;
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
  const { plan, variables, context } = run;
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
  try {
    const given = field.resolve(source, field.toArguments(variables), context, info);
    return completeLocated(execution, field.value, given, path);
  } catch (error) {
    return meet(execution, field.value, error, path);
  }
}

/** The completed value of what a resolver, or an iterable, gave. Its error is met there where it is: at this path. */
function completeLocated(execution: Execution, planned: PlannedValue, given: unknown, path: Path): unknown {
  const completed = isThenable(given)
    ? given.then((value) => completeValue(execution, planned, value, path))
    : completeValue(execution, planned, given, path);
  return isThenable(completed)
    ? completed.then(undefined, (error: unknown) => meet(execution, planned, error, path))
    : completed;
}

/** Null in place of the value, or on to the next that may be null. */
function meet({ run, field }: Execution, { isNonNull }: PlannedValue, raw: unknown, path: Path): null {
  const error = locatedError(raw, field.nodes, responsePathAsArray(path));
  if (isNonNull) throw error;
  run.errors.add(error, path);
  return null;
}

/** CompleteValue of the specification (section 6.4.3). */
function completeValue(execution: Execution, planned: PlannedValue, value: unknown, path: Path): unknown {
  if (value instanceof Error) throw value;
  if (value == null) return completeNull(execution, planned);
  const { leaf, fields, item } = planned;
  if (leaf !== undefined) return completeLeaf(leaf, value);
  if (fields !== undefined) return executeFields(execution.run, fields, value, path);
  return item && completeList(execution, item, value, path);
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
  const items: unknown[] = [];
  try {
    for (const value of list)
      items.push(completeItem(execution, item, value, { prev: path, key: items.length, typename: undefined }));
  } catch (error) {
    // The others are under way; their errors, too, are to be met by somebody.
    void Promise.allSettled(items);
    throw error;
  }
  return items.some(isThenable) ? Promise.all(items) : items;
}

function completeItem(execution: Execution, item: PlannedValue, value: unknown, path: Path): unknown {
  try {
    return completeLocated(execution, item, value, path);
  } catch (error) {
    return meet(execution, item, error, path);
  }
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | null | undefined)?.then === 'function';
}
