// Says what to write instead, where graphql-js says only that an input does not fit its type.

import { isEnumType, isInputObjectType, type GraphQLNamedType, type GraphQLSchema } from 'graphql';

/** The messages of graphql-js that name a type, by what is wrong. */
const UNKNOWN_VALUE = /does not exist in "(\w+)" enum/;
const NOT_ONE_KEY = /OneOf (?:Input Object|type) "(\w+)"|Field "(\w+)\.\w+" must be non-null/;
const UNKNOWN_FIELD = /is not defined by type "(\w+)"/;
/** An example in the description of a type: `{field: NAMESPACE}`. */
const EXAMPLE = /`(\{[^`]+\})`/;

/** Returns a function that adds the way out to a message about an enum value, a @oneOf input or an unknown field. */
export function createInputHints(schema: GraphQLSchema): (message: string) => string {
  const typeIn = (message: string, pattern: RegExp): GraphQLNamedType | undefined => {
    const [, first, second] = pattern.exec(message) ?? [];
    return schema.getType(first ?? second ?? '');
  };
  return (message) => {
    // graphql-js knows what was meant.
    if (message.includes(' Did you mean ')) return message;
    const type = [UNKNOWN_VALUE, NOT_ONE_KEY, UNKNOWN_FIELD]
      .map((pattern) => typeIn(message, pattern))
      .find((found) => found !== undefined);
    if (isEnumType(type)) return `${message} It has ${joinNames(type.getValues())}.`;
    if (!isInputObjectType(type)) return message;
    const names = joinNames(Object.values(type.getFields()), type.isOneOf ? 'or' : 'and');
    if (!type.isOneOf) return `${message} It has ${names}.`;
    const example = EXAMPLE.exec(type.description ?? '')?.[1];
    return `${message} Set exactly one of ${names}${example === undefined ? '' : `, such as ${example}`}.`;
  };
}

function joinNames(items: readonly { readonly name: string }[], conjunction = 'and'): string {
  const names = items.map(({ name }) => name);
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} ${conjunction} ${last}`;
}
