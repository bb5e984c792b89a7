// The inputs of an operation, prepared: how its variables become values, and how the arguments of a field are made of them.
// The values are those of graphql-js; what does not fit is left to it, which says what is wrong.

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

export type Values = Readonly<Record<string, unknown>>;
/** Throws where the value does not fit. */
type Coerce = (value: unknown) => unknown;

class UnfitError extends Error {}

/** What gives the values of the variables; undefined where one does not fit, or was to be given and is not. */
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
      // Undefined where there is none: that, too, gives no value.
      fallback: defaultValue && valueFromAST(defaultValue, type),
    };
  });
  return (given) => {
    const values: Record<string, unknown> = {};
    try {
      for (const { name, coerce, isRequired, fallback } of variables) {
        if (Object.hasOwn(given, name)) values[name] = coerce(given[name]);
        else if (isRequired) return undefined;
        else if (fallback !== undefined) values[name] = fallback;
      }
    } catch {
      return undefined;
    }
    return values;
  };
}

/** CoerceInput of each type, made once: `known` is also what ends types that contain themselves. */
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
    return (value) => inner(value ?? unfit());
  }
  const inner = isListType(type)
    ? coerceList(coercerOf(type.ofType, known))
    : isInputObjectType(type)
      ? coerceObject(type, known)
      : coerceLeaf(type);
  return (value) => (value == null ? null : inner(value));
}

function unfit(): never {
  throw new UnfitError();
}

/** One value stands for a list of it. */
function coerceList(coerceItem: Coerce): Coerce {
  return (value) => (Array.isArray(value) ? value.map(coerceItem) : [coerceItem(value)]);
}

function coerceLeaf(type: GraphQLLeafType): Coerce {
  return (value) => {
    const parsed: unknown = type.parseValue(value);
    return parsed === undefined ? unfit() : parsed;
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
    if (typeof value !== 'object' || Array.isArray(value)) return unfit();
    const given = value as Values;
    for (const name in given) if (!names.has(name)) unfit();
    const values: Record<string, unknown> = {};
    for (const { name, coerce, isRequired, fallback } of fields) {
      const own = given[name];
      if (own !== undefined) values[name] = coerce(own);
      else if (isRequired) unfit();
      else if (fallback !== undefined) values[name] = fallback;
    }
    return type.isOneOf ? checkOneOf(values) : values;
  };
}

function checkOneOf(values: Values): Values {
  const given = Object.values(values);
  return given.length === 1 && given[0] !== null ? values : unfit();
}

/** What gives the arguments of a field. It throws as graphql-js does. */
export function planArguments(field: GraphQLField<unknown, unknown>, node: FieldNode): (variables: Values) => Values {
  const given = node.arguments ?? [];
  const whole = (variables: Values): Values => getArgumentValues(field, node, variables);
  if (!given.some(({ value }) => hasVariable(value))) {
    const constant = tryTo(() => whole({}));
    return constant === undefined ? whole : () => constant;
  }
  const planned = field.args.map(({ name, type, defaultValue }) => {
    const value = given.find((each) => each.name.value === name)?.value;
    const variable = value?.kind === Kind.VARIABLE ? value.name.value : undefined;
    const constant: unknown =
      value === undefined ? defaultValue : hasVariable(value) ? undefined : valueFromAST(value, type);
    const isPlain = variable !== undefined || constant !== undefined || (value === undefined && !isNonNullType(type));
    return { name, variable, constant, isPlain, isNonNull: isNonNullType(type), fallback: defaultValue };
  });
  if (!planned.every(({ isPlain }) => isPlain)) return whole;
  return (variables) => {
    const values: Record<string, unknown> = {};
    for (const { name, variable, constant, isNonNull, fallback } of planned) {
      const isGiven = variable !== undefined && Object.hasOwn(variables, variable);
      const own = variable === undefined ? constant : isGiven ? variables[variable] : fallback;
      if (own == null && isNonNull) return whole(variables);
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

function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
