// ResolveAbstractType (section 6.4.3 of the GraphQL specification): the object type of a value of an interface or a union.
// The messages are those of graphql-js.

import { defaultTypeResolver, GraphQLError, type GraphQLResolveInfo } from 'graphql';

import type { AbstractValue, PlannedFields } from './plan.js';

/** Returns the fields of the value's type. @throws GraphQLError when no possible type is resolved. */
export function resolveFieldsByType(
  { type, fieldsByType }: AbstractValue,
  value: unknown,
  context: unknown,
  info: GraphQLResolveInfo,
): PlannedFields {
  const name: unknown = (type.resolveType ?? defaultTypeResolver)(value, context, info, type);
  const fields = typeof name === 'string' ? fieldsByType.get(name) : undefined;
  if (fields !== undefined) return fields;
  const message =
    typeof name === 'string'
      ? `Runtime Object type "${name}" is not a possible type for "${type.name}".`
      : `Abstract type "${type.name}" must resolve to an Object type at runtime for field ` +
        `"${info.parentType.name}.${info.fieldName}". Either the "${type.name}" type should provide a "resolveType" ` +
        'function or each possible type should provide an "isTypeOf" function.';
  throw new GraphQLError(message, { nodes: info.fieldNodes });
}
