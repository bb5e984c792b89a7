// Parses and validates documents by GraphQL Yoga. Its HTTP layer is not used: the pipeline handles every request form, so that
// each step exists once (src/README.md, "One pipeline").

import { createRequire } from 'node:module';
import { validate, type DocumentNode, type GraphQLError, type GraphQLSchema, type ValidationRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';

import { findViolation, parseDocument, type DocumentLimits } from '../../query-limits/limits.js';
import { addInputPath } from './input-paths.js';
import { NoIntrospectionRule } from './no-introspection.js';

export interface DocumentParser {
  /** @throws GraphQLError about the syntax; GatewayError when the document exceeds a limit. */
  parse(text: string): DocumentNode;
  /** The validation errors of the document. */
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
    plugins: [createValidation(limits, introspection)],
  });
  return {
    parse: (text) => yoga.getEnveloped({}).parse(text) as DocumentNode,
    validate: (document) => yoga.getEnveloped({}).validate(schema, document) as readonly GraphQLError[],
  };
}

/** A document of 2,000 tokens can have hundreds of errors. */
const MAX_VALIDATION_ERRORS = 5;

function createValidation(limits: DocumentLimits, introspection: boolean): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((text: string) => {
        const document = parseDocument(text, limits);
        // Before validation, which can take long.
        const violation = findViolation(document, limits);
        if (violation !== undefined) throw violation;
        return document;
      });
    },
    onValidate({ addValidationRule, setValidationFn }) {
      if (!introspection) addValidationRule(NoIntrospectionRule);
      setValidationFn((schema: GraphQLSchema, document: DocumentNode, rules?: readonly ValidationRule[]) => {
        const errors = validate(schema, document, rules, { maxErrors: MAX_VALIDATION_ERRORS });
        return errors.map((error) => addInputPath(error, document));
      });
    },
  };
}

/** By `require`: Yoga's CommonJS build loads in half the time of its hundreds of modules. */
function loadYoga() {
  return createRequire(import.meta.url)('graphql-yoga') as typeof import('graphql-yoga');
}
