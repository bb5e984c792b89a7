// The arguments of a field, coerced by graphql-js.

import { getArgumentValues, Kind, type FieldNode, type GraphQLField, type ValueNode } from 'graphql';

export type Values = Readonly<Record<string, unknown>>;

/** Prepares the arguments of a field. The function throws what graphql-js throws. */
export function planArguments(field: GraphQLField<unknown, unknown>, node: FieldNode): (variables: Values) => Values {
  const coerce = (variables: Values): Values => getArgumentValues(field, node, variables);
  if (node.arguments?.some(({ value }) => hasVariable(value))) return coerce;
  // Coerced once: the fields of a row are called for each row.
  try {
    const constant = coerce({});
    return () => constant;
  } catch {
    return coerce;
  }
}

function hasVariable(value: ValueNode): boolean {
  if (value.kind === Kind.LIST) return value.values.some(hasVariable);
  if (value.kind === Kind.OBJECT) return value.fields.some((field) => hasVariable(field.value));
  return value.kind === Kind.VARIABLE;
}
