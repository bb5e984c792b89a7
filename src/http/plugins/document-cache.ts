// Parsed documents, kept by their text, so that an operation that comes again is neither parsed nor validated again.
// Bounded by what they weigh: Yoga's own cache counts documents, and a thousand large ones would be gigabytes.

import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** A token with its nodes takes about 500 bytes: these are 100 MB, of some 2,000 operations of the usual length. */
const MAX_TOKENS = 200_000;

/** For Yoga's `parserAndValidationCache`. */
export function createDocumentCache(maxTokens = MAX_TOKENS) {
  const documents = new LRUCache<string, DocumentNode>({ maxSize: maxTokens, sizeCalculation: countTokens });
  return {
    documentCache: {
      get: (text: string) => documents.get(text),
      set: (text: string, document: DocumentNode) => void documents.set(text, document),
    },
    // What was refused is refused anew: to keep it would hold the text for who sends it.
    errorCache: { get: () => undefined, set: () => undefined },
  };
}

function countTokens({ loc }: DocumentNode): number {
  let count = 1;
  for (let token = loc?.startToken; token != null; token = token.next ?? undefined) count += 1;
  return count;
}
