// Refuses documents that exceed a limit as soon as they are parsed, before validation, which can take long. Validation
// stops after a few errors: a document of 2,000 tokens can have hundreds.

import { validate, type DocumentNode, type GraphQLSchema, type Source, type ValidationRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';

import { findViolation, parseDocument, type DocumentLimits } from '../../query-limits/limits.js';

const MAX_VALIDATION_ERRORS = 5;

export function useDocumentLimits(limits: DocumentLimits): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string | Source) => {
        const document: DocumentNode = parseDocument(source, limits);
        const violation = findViolation(document, limits);
        if (violation !== undefined) throw violation;
        return document;
      });
    },
    onValidate({ setValidationFn }) {
      setValidationFn((schema: GraphQLSchema, document: DocumentNode, rules?: readonly ValidationRule[]) =>
        validate(schema, document, rules, { maxErrors: MAX_VALIDATION_ERRORS }),
      );
    },
  };
}
