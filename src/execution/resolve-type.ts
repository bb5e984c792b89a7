// ResolveAbstractType (section 6.4.3 of the GraphQL specification): of which object type a value of an interface or a union
// is. The messages are those of graphql-js.

import {
  defaultTypeResolver,
  GraphQLError,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLResolveInfo,
} from 'graphql';

import type { AbstractValue, PlannedFields } from './plan.js';

export function resolveFieldsByType(
  { type, fieldsByType }: AbstractValue,
  value: unknown,
  context: unknown,
  info: GraphQLResolveInfo,
): PlannedFields | Promise<PlannedFields> {
  const resolveType = type.resolveType ?? defaultTypeResolver;
  const toFields = (name: unknown): PlannedFields => {
    const fields = typeof name === 'string' ? fieldsByType.get(name) : undefined;
    if (fields === undefined) throw createTypeError(type, name, info);
    return fields;
  };
  const name = resolveType(value, context, info, type);
  return name instanceof Promise ? name.then(toFields) : toFields(name);
}

function createTypeError(type: GraphQLAbstractType, name: unknown, info: GraphQLResolveInfo): GraphQLError {
  return new GraphQLError(explain(type, name, info), { nodes: info.fieldNodes });
}

function explain(type: GraphQLAbstractType, name: unknown, { parentType, fieldName, schema }: GraphQLResolveInfo) {
  if (typeof name !== 'string') {
    return (
      `Abstract type "${type.name}" must resolve to an Object type at runtime for field ` +
      `"${parentType.name}.${fieldName}". Either the "${type.name}" type should provide a "resolveType" function or ` +
      'each possible type should provide an "isTypeOf" function.'
    );
  }
  const resolved = schema.getType(name);
  if (resolved === undefined) {
    return `Abstract type "${type.name}" was resolved to a type "${name}" that does not exist inside the schema.`;
  }
  if (!isObjectType(resolved)) return `Abstract type "${type.name}" was resolved to a non-object type "${name}".`;
  return `Runtime Object type "${name}" is not a possible type for "${type.name}".`;
}
