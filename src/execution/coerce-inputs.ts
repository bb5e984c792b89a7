// Coerces the inputs of an operation: its variables, and the arguments of a field. The values are those of graphql-js. Input
// that does not fit is left to graphql-js, whose messages say what is wrong.

import {
  getArgumentValues,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  Kind,
  typeFromAST,
  valueFromAST,
  type FieldNode,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLSchema,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';

import { setOwn } from './own-property.js';

export type Values = Readonly<Record<string, unknown>>;
/** Throws when the value does not fit the type. */
type Coerce = (value: unknown) => unknown;

class CoercionError extends Error {}

/** Prepares CoerceVariableValues: undefined when a value does not fit its type, or a required one is missing. */
export function planVariables(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
): (given: Values) => Values | undefined {
  const coercers = new Map<GraphQLInputType, Coerce>();
  const variables = definitions.map(({ variable, type: typeNode, defaultValue }) => {
    const type = typeFromAST(schema, typeNode);
    if (!isInputType(type)) throw new TypeError('a variable has no input type');
    return {
      name: variable.name.value,
      coerce: coercerOf(type, coercers),
      isRequired: isNonNullType(type) && defaultValue === undefined,
      // Undefined without a default value.
      fallback: defaultValue && valueFromAST(defaultValue, type),
    };
  });
  return (given) => {
    const values: Record<string, unknown> = {};
    try {
      for (const { name, coerce, isRequired, fallback } of variables) {
        if (Object.hasOwn(given, name)) setOwn(values, name, coerce(given[name]));
        else if (isRequired) return undefined;
        else if (fallback !== undefined) setOwn(values, name, fallback);
      }
    } catch {
      return undefined;
    }
    return values;
  };
}

/** The coercion of each type, made once. `known` also ends the recursion of types that contain themselves. */
function coercerOf(type: GraphQLInputType, known: Map<GraphQLInputType, Coerce>): Coerce {
  const found = known.get(type);
  if (found !== undefined) return found;
  known.set(type, (value) => made(value));
  const made = createCoercer(type, known);
  known.set(type, made);
  return made;
}

function createCoercer(type: GraphQLInputType, known: Map<GraphQLInputType, Coerce>): Coerce {
  if (isNonNullType(type)) {
    const inner = coercerOf(type.ofType, known);
    return (value) => inner(value ?? fail());
  }
  const inner = isListType(type)
    ? coerceList(coercerOf(type.ofType, known))
    : isInputObjectType(type)
      ? coerceObject(type, known)
      : coerceLeaf(type);
  return (value) => (value == null ? null : inner(value));
}

function fail(): never {
  throw new CoercionError();
}

/** A single value is coerced to a list of one (section 3.11). */
function coerceList(coerceItem: Coerce): Coerce {
  return (value) => (Array.isArray(value) ? value.map(coerceItem) : [coerceItem(value)]);
}

function coerceLeaf(type: GraphQLLeafType): Coerce {
  return (value) => {
    const parsed: unknown = type.parseValue(value);
    return parsed === undefined ? fail() : parsed;
  };
}

function coerceObject(type: GraphQLInputObjectType, known: Map<GraphQLInputType, Coerce>): Coerce {
  const fields = Object.values(type.getFields()).map(({ name, type: fieldType, defaultValue }) => ({
    name,
    coerce: coercerOf(fieldType, known),
    isRequired: isNonNullType(fieldType) && defaultValue === undefined,
    fallback: defaultValue,
  }));
  const names = new Set(fields.map(({ name }) => name));
  return (value) => {
    if (typeof value !== 'object' || Array.isArray(value)) return fail();
    const given = value as Values;
    for (const name in given) if (!names.has(name)) fail();
    const values: Record<string, unknown> = {};
    for (const { name, coerce, isRequired, fallback } of fields) {
      const own = given[name];
      if (own !== undefined) values[name] = coerce(own);
      else if (isRequired) fail();
      else if (fallback !== undefined) values[name] = fallback;
    }
    return type.isOneOf ? checkOneOf(values) : values;
  };
}

function checkOneOf(values: Values): Values {
  const given = Object.values(values);
  return given.length === 1 && given[0] !== null ? values : fail();
}

/** Prepares the arguments of a field. The function throws what graphql-js throws. */
export function planArguments(field: GraphQLField<unknown, unknown>, node: FieldNode): (variables: Values) => Values {
  const given = node.arguments ?? [];
  const viaGraphqlJs = (variables: Values): Values => getArgumentValues(field, node, variables);
  if (!given.some(({ value }) => hasVariable(value))) {
    const constant = tryOrUndefined(() => viaGraphqlJs({}));
    return constant === undefined ? viaGraphqlJs : () => constant;
  }
  const planned = field.args.map(({ name, type, defaultValue }) => {
    const value = given.find((each) => each.name.value === name)?.value;
    const variable = value?.kind === Kind.VARIABLE ? value.name.value : undefined;
    const constant: unknown =
      value === undefined ? defaultValue : hasVariable(value) ? undefined : valueFromAST(value, type);
    const isPlain = variable !== undefined || constant !== undefined || (value === undefined && !isNonNullType(type));
    return { name, variable, constant, isPlain, isNonNull: isNonNullType(type), fallback: defaultValue };
  });
  if (!planned.every(({ isPlain }) => isPlain)) return viaGraphqlJs;
  return (variables) => {
    const values: Record<string, unknown> = {};
    for (const { name, variable, constant, isNonNull, fallback } of planned) {
      const isGiven = variable !== undefined && Object.hasOwn(variables, variable);
      const own = variable === undefined ? constant : isGiven ? variables[variable] : fallback;
      if (own == null && isNonNull) return viaGraphqlJs(variables);
      if (own !== undefined) values[name] = own;
    }
    return values;
  };
}

function hasVariable(value: ValueNode): boolean {
  if (value.kind === Kind.LIST) return value.values.some(hasVariable);
  if (value.kind === Kind.OBJECT) return value.fields.some((field) => hasVariable(field.value));
  return value.kind === Kind.VARIABLE;
}

function tryOrUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
