// Hides the schema when introspection is off: neither introspection fields nor the suggestions of error messages show it.

import { GraphQLError, type ASTVisitor, type ValidationContext } from 'graphql';

/** The fields of Query that show the schema. */
const SCHEMA_FIELDS: readonly string[] = ['__schema', '__type', '_service'];

/** A validation rule that refuses these fields. */
export function NoIntrospectionRule(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (!SCHEMA_FIELDS.includes(node.name.value)) return undefined;
      const message = `Introspection is disabled: ${node.name.value} is not available.`;
      context.reportError(new GraphQLError(message, { nodes: node }));
      return false;
    },
  };
}

/** The message without the suggestion of graphql-js at its end. */
export function withoutSuggestion(message: string): string {
  const at = message.indexOf(' Did you mean ');
  return at < 0 ? message : message.slice(0, at);
}
