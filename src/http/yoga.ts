// GraphQL Yoga, which parses and validates documents through its plugins. Its HTTP layer is not used: the pipeline handles
// every request form itself, so that each step exists once (src/README.md, "One pipeline").

import { createRequire } from 'node:module';
import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql';

import type { DocumentLimits } from '../query-limits/limits.js';
import { useDocumentLimits } from './plugins/document-limits.js';
import { useInputPaths } from './plugins/input-paths.js';
import { useNoIntrospection } from './plugins/introspection.js';

export interface DocumentParser {
  /** @throws GraphQLError about the syntax; GatewayError when the document exceeds a limit. */
  parse(text: string): DocumentNode;
  /** What is wrong with the document; empty when it is valid. */
  validate(document: DocumentNode): readonly GraphQLError[];
}

interface DocumentParserOptions {
  readonly schema: GraphQLSchema;
  readonly limits: DocumentLimits;
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean;
}

export function createDocumentParser({ schema, limits, introspection }: DocumentParserOptions): DocumentParser {
  const { createYoga } = loadYoga();
  const yoga = createYoga({
    schema,
    logging: false,
    graphiql: false,
    maskedErrors: false,
    // Valid documents are cached with their plans (operations/known-documents.ts), and refused ones must not be retained.
    parserAndValidationCache: false,
    plugins: [useDocumentLimits(limits), useInputPaths(), !introspection && useNoIntrospection()],
  });
  return {
    parse: (text) => yoga.getEnveloped({}).parse(text) as DocumentNode,
    validate: (document) => yoga.getEnveloped({}).validate(schema, document) as readonly GraphQLError[],
  };
}

/** By `require`: Yoga's CommonJS build loads in half the time of its hundreds of modules. */
function loadYoga() {
  return createRequire(import.meta.url)('graphql-yoga') as typeof import('graphql-yoga');
}
