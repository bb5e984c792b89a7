// Keeps the schema to those who have it: with introspection off nobody is told what there is to ask, neither outright nor by
// the suggestions of error messages.

import { GraphQLError, type ASTVisitor, type ValidationContext } from 'graphql';

import type { Plugin } from 'graphql-yoga';

/** The fields of Query that tell the schema. */
const TELLING: readonly string[] = ['__schema', '__type', '_service'];

export function useNoIntrospection(): Plugin {
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(NoIntrospectionRule);
    },
  };
}

/** A function of its own name, by which Yoga tells apart what it keeps of validations. */
function NoIntrospectionRule(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (!TELLING.includes(node.name.value)) return undefined;
      const message = `Introspection is switched off here: ${node.name.value} cannot be asked for.`;
      context.reportError(new GraphQLError(message, { nodes: node }));
      return false;
    },
  };
}

/** The message without what graphql suggests at its end. */
export function withoutSuggestion(message: string): string {
  const at = message.indexOf(' Did you mean ');
  return at < 0 ? message : message.slice(0, at);
}
