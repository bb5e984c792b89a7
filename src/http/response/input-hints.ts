// Adds the allowed values to messages of graphql-js that say only that an input does not have its type.

import { isEnumType, isInputObjectType, type GraphQLSchema } from 'graphql';

/** The name of the type in messages about an enum value, the number of keys of a @oneOf input, or an input field. */
const TYPE_NAME =
  /does not exist in "(\w+)" enum|OneOf (?:Input Object|type) "(\w+)"|Field "(\w+)\.\w+" must be non-null|is not defined by type "(\w+)"/;
/** An example in the description of a type: `{field: NAMESPACE}`. */
const EXAMPLE = /`(\{[^`]+\})`/;

/** Returns a function that adds the alternatives to a message about an enum value, a @oneOf input or an unknown field. */
export function createInputHints(schema: GraphQLSchema): (message: string) => string {
  return (message) => {
    // graphql-js suggests a name itself.
    if (message.includes(' Did you mean ')) return message;
    const type = schema.getType(TYPE_NAME.exec(message)?.slice(1).find(Boolean) ?? '');
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
