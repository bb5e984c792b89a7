// Refuses documents that exceed a limit as soon as they are parsed, before validation, which can take long.

import type { DocumentNode, Source } from 'graphql';
import type { Plugin } from 'graphql-yoga';

import { findViolation, parseDocument, type DocumentLimits } from '../../query-limits/limits.js';

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
  };
}
