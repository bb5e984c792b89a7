// How large a document may be. A document over a limit is refused before it is validated, which can take long: validation
// compares fields with fields and follows each fragment.

import { parse, type DocumentNode, type Source } from 'graphql';

import { GatewayError, type ErrorCode } from '../errors.js';
import { measureDocument, type DocumentMeasures } from './complexity.js';

/** The most of each that a document may have; undefined: no limit. */
export interface DocumentLimits extends Readonly<Record<keyof DocumentMeasures, number | undefined>> {
  readonly tokens: number | undefined;
}

interface Breach {
  readonly code: ErrorCode;
  /** What it is told, from what there is and what may be. */
  readonly say: (count: number, limit: number) => string;
}

const BREACHES: Readonly<Record<keyof DocumentMeasures, Breach>> = {
  fragments: {
    code: 'QUERY_TOO_COMPLEX',
    say: (count, limit) => `The document defines ${count} fragments, and may define ${limit}.`,
  },
  depth: {
    code: 'MAX_DEPTH_LIMIT',
    say: (count, limit) => `The operation is nested ${count} levels deep, and may be ${limit}.`,
  },
  rootFields: {
    code: 'MAX_ROOT_FIELDS_LIMIT',
    say: (count, limit) => `The operation asks for ${count} fields of Query, and may ask for ${limit}.`,
  },
  aliases: {
    code: 'MAX_ALIASES_LIMIT',
    say: (count, limit) => `The operation has ${count} aliases, and may have ${limit}.`,
  },
  directives: {
    code: 'QUERY_TOO_COMPLEX',
    say: (count, limit) => `The operation has ${count} directives, and may have ${limit}.`,
  },
};

/** What graphql's parser says when it gives up; it has no code for it. */
const TOO_MANY_TOKENS = ' tokens. Parsing aborted.';

/** @throws GraphQLError about the syntax; GatewayError MAX_TOKENS_LIMIT. */
export function parseDocument(source: string | Source, { tokens }: Pick<DocumentLimits, 'tokens'>): DocumentNode {
  try {
    return parse(source, { maxTokens: tokens });
  } catch (error) {
    if (tokens === undefined || !(error as Error).message.endsWith(TOO_MANY_TOKENS)) throw error;
    throw new GatewayError('MAX_TOKENS_LIMIT', {
      message: `The document has more than the ${tokens} tokens it may have.`,
    });
  }
}

/** Validation calls itself for each level of braces, of fragments too, and has room for a few thousand calls. */
const MAX_NESTING = 1_000;

/** What of the document is over a limit, if anything is. */
export function findBreach(document: DocumentNode, limits: DocumentLimits): GatewayError | undefined {
  const measures = measureDocument(document);
  if (measures.nesting > MAX_NESTING) {
    return new GatewayError('MAX_DEPTH_LIMIT', { message: BREACHES.depth.say(measures.nesting, MAX_NESTING) });
  }
  for (const [what, { code, say }] of Object.entries(BREACHES) as [keyof DocumentMeasures, Breach][]) {
    const limit = limits[what];
    if (limit !== undefined && measures[what] > limit) {
      return new GatewayError(code, { message: say(measures[what], limit) });
    }
  }
  return undefined;
}
