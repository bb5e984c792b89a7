// Documents that are too large are turned away as soon as they are parsed. Each is looked at once: parsed documents are
// kept by their text.

import type { DocumentNode, Source } from 'graphql';

import { findViolation, parseDocument, type DocumentLimits } from '../../query-limits/limits.js';
import type { DoorPlugin } from '../request-state.js';

export function useDocumentLimits(limits: DocumentLimits): DoorPlugin {
  const good = new WeakSet<DocumentNode>();
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string | Source) => parseDocument(source, limits));
      return ({ result, replaceParseResult }) => {
        const document = result as DocumentNode | Error | null;
        if (document === null || document instanceof Error || good.has(document)) return;
        const breach = findViolation(document, limits);
        if (breach === undefined) good.add(document);
        else replaceParseResult(breach);
      };
    },
  };
}
