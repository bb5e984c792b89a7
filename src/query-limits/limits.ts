// Limits on documents. A document over a limit is refused before it is validated: validation compares fields with fields
// and follows each fragment, which can take long.

import { GraphQLError, parse, type DocumentNode, type Source } from 'graphql';

import { GatewayError, type ErrorCode } from '../errors.js';
import { measureComplexity, type Complexity } from './complexity.js';
import { MAX_MERGE_WORK, measureRepetition } from './repetition.js';

type Measure = keyof Complexity | 'repeatedFields';

/** The most that a document may have of each; undefined: no limit. */
export interface DocumentLimits extends Readonly<Record<Measure, number | undefined>> {
  readonly tokens: number | undefined;
}

/** The code and the message for a document over each limit. */
const VIOLATIONS: Readonly<Record<Measure, readonly [ErrorCode, (count: number, limit: number) => string]>> = {
  fragments: [
    'QUERY_TOO_COMPLEX',
    (count, limit) => `The document defines ${count} fragments; the limit is ${limit} (GATEWAY_MAX_FRAGMENTS).`,
  ],
  depth: [
    'MAX_DEPTH_LIMIT',
    (count, limit) => `The operation is nested ${count} levels deep; the limit is ${limit} (GATEWAY_MAX_DEPTH).`,
  ],
  rootFields: [
    'MAX_ROOT_FIELDS_LIMIT',
    (count, limit) =>
      `The operation selects ${count} fields of Query; the limit is ${limit} (GATEWAY_MAX_ROOT_FIELDS).`,
  ],
  aliases: [
    'MAX_ALIASES_LIMIT',
    (count, limit) => `The operation has ${count} aliases; the limit is ${limit} (GATEWAY_MAX_ALIASES).`,
  ],
  directives: [
    'QUERY_TOO_COMPLEX',
    (count, limit) => `The operation has ${count} directives; the limit is ${limit} (GATEWAY_MAX_DIRECTIVES).`,
  ],
  repeatedFields: [
    'QUERY_TOO_COMPLEX',
    (count, limit) =>
      `The operation repeats a field ${count} times in a selection set; the limit is ${limit} ` +
      '(GATEWAY_MAX_REPEATED_FIELDS). Select it once.',
  ],
};

/** The end of the message of graphql's parser for too many tokens; it has no code. */
const TOO_MANY_TOKENS = ' tokens. Parsing aborted.';

/** @throws GraphQLError about the syntax; GatewayError MAX_TOKENS_LIMIT, or MAX_DEPTH_LIMIT for braces without end. */
export function parseDocument(source: string | Source, { tokens }: Pick<DocumentLimits, 'tokens'>): DocumentNode {
  try {
    return parse(source, { maxTokens: tokens });
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    if (tokens === undefined || !(error instanceof GraphQLError) || !error.message.endsWith(TOO_MANY_TOKENS)) {
      throw error;
    }
    throw new GatewayError('MAX_TOKENS_LIMIT', {
      message: `The document has more than the ${tokens} tokens it may have (GATEWAY_MAX_TOKENS). Send lists as variables.`,
    });
  }
}

/** Levels of braces and brackets: validation calls itself for each, and has room for a few thousand calls. */
const MAX_NESTING = 500;

function tooDeep(): GatewayError {
  return new GatewayError('MAX_DEPTH_LIMIT', {
    message: `The document nests braces or brackets more than ${MAX_NESTING} levels deep.`,
  });
}

/** Returns the error for the first limit that the document exceeds. */
export function findViolation(document: DocumentNode, limits: DocumentLimits): GatewayError | undefined {
  const { nesting, ...complexity } = measureComplexity(document);
  if (nesting > MAX_NESTING) return tooDeep();
  const { repeatedFields, mergeWork } = measureRepetition(document);
  const measures: Readonly<Record<Measure, number>> = { ...complexity, repeatedFields };
  for (const measure of Object.keys(VIOLATIONS) as Measure[]) {
    const [code, message] = VIOLATIONS[measure];
    const limit = limits[measure];
    if (limit !== undefined && measures[measure] > limit) {
      return new GatewayError(code, { message: message(measures[measure], limit) });
    }
  }
  // Whatever GATEWAY_MAX_REPEATED_FIELDS allows.
  if (mergeWork <= MAX_MERGE_WORK) return undefined;
  const message = 'The operation repeats so many fields, or spreads so many fragments, that it takes long to validate.';
  return new GatewayError('QUERY_TOO_COMPLEX', { message: `${message} Ask for each field once.` });
}
