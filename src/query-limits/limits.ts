// Limits on documents. A document over a limit is refused before its validation, which can take long: it compares fields
// with fields and follows each fragment.

import { GraphQLError, parse, type DocumentNode, type Source } from 'graphql';

import { GatewayError, type ErrorCode } from '../errors.js';
import { measureComplexity, type Complexity } from './complexity.js';
import { MAX_MERGE_WORK, measureRepetition } from './repetition.js';

type Measure = Exclude<keyof Complexity, 'nesting'> | 'repeatedFields';

/** The maximum of each measure; undefined for no limit. */
export interface DocumentLimits extends Readonly<Record<Measure, number | undefined>> {
  readonly tokens: number | undefined;
}

type Violation = readonly [code: ErrorCode, setting: string, describe: (count: number) => string, advice?: string];

const VIOLATIONS: Readonly<Record<Measure, Violation>> = {
  fragments: ['QUERY_TOO_COMPLEX', 'GATEWAY_MAX_FRAGMENTS', (count) => `The document defines ${count} fragments`],
  depth: ['MAX_DEPTH_LIMIT', 'GATEWAY_MAX_DEPTH', (count) => `The operation is nested ${count} levels deep`],
  rootFields: [
    'MAX_ROOT_FIELDS_LIMIT',
    'GATEWAY_MAX_ROOT_FIELDS',
    (count) => `The operation selects ${count} fields of Query`,
  ],
  aliases: ['MAX_ALIASES_LIMIT', 'GATEWAY_MAX_ALIASES', (count) => `The operation has ${count} aliases`],
  directives: ['QUERY_TOO_COMPLEX', 'GATEWAY_MAX_DIRECTIVES', (count) => `The operation has ${count} directives`],
  repeatedFields: [
    'QUERY_TOO_COMPLEX',
    'GATEWAY_MAX_REPEATED_FIELDS',
    (count) => `The operation repeats a field ${count} times in a selection set`,
    ' Select it once.',
  ],
};

/** The end of the message of graphql's parser for too many tokens; it has no code. */
const TOO_MANY_TOKENS = ' tokens. Parsing aborted.';

/** @throws GraphQLError about the syntax; GatewayError MAX_TOKENS_LIMIT, or MAX_DEPTH_LIMIT for too many braces. */
export function parseDocument(source: string | Source, { tokens }: Pick<DocumentLimits, 'tokens'>): DocumentNode {
  try {
    return parse(source, { maxTokens: tokens });
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    if (tokens === undefined || !(error instanceof GraphQLError) || !error.message.endsWith(TOO_MANY_TOKENS)) {
      throw error;
    }
    throw new GatewayError('MAX_TOKENS_LIMIT', {
      message: `The document has more than ${tokens} tokens (GATEWAY_MAX_TOKENS). Send lists as variables.`,
    });
  }
}

/** Levels of braces and brackets. Validation recurses into each, and the call stack has room for a few thousand calls. */
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
    const [code, setting, describe, advice = ''] = VIOLATIONS[measure];
    const limit = limits[measure];
    if (limit !== undefined && measures[measure] > limit) {
      const message = `${describe(measures[measure])}; the limit is ${limit} (${setting}).${advice}`;
      return new GatewayError(code, { message });
    }
  }
  // Applies even when GATEWAY_MAX_REPEATED_FIELDS allows more.
  if (mergeWork <= MAX_MERGE_WORK) return undefined;
  const message = 'The operation repeats so many fields, or spreads so many fragments, that it takes long to validate.';
  return new GatewayError('QUERY_TOO_COMPLEX', { message: `${message} Select each field once.` });
}
