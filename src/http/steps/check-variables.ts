// Coerces the variables of an operation, and limits its estimated cost. Both depend only on the operation and its variables,
// so their result is cached.

import { hash } from 'node:crypto';
import type { GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';

import { GatewayError } from '../../errors.js';
import type { Values } from '../../execution/plan.js';
import { createCostEstimate } from '../../query-limits/cost.js';
import { DocumentError, type ResolvedOperation } from './resolve-operation.js';

export interface CheckedVariables {
  /** Coerced. */
  readonly values: Values;
  /** Identifies the values in cache keys. */
  readonly key: string;
}

/** @throws DocumentError for values of another type; GatewayError QUERY_TOO_COMPLEX, BAD_USER_INPUT. */
export type CheckVariables = (operation: ResolvedOperation, variables: Values) => CheckedVariables;

/** The number of cached results: some 2 MB. */
const MAX_CACHED = 1_000;
/** Results with longer keys are not cached, and longer values are hashed. */
const MAX_KEY_LENGTH = 512;
const MAX_VALUES_LENGTH = 256;

/** @param maxCost the highest estimated cost of an operation; undefined for no limit. */
export function createCheckVariables(schema: GraphQLSchema, maxCost: number | undefined): CheckVariables {
  const cache = new LRUCache<string, CheckedVariables>({ max: MAX_CACHED });
  const estimateCost = createCostEstimate(schema);
  return (operation, variables) => {
    // Undefined for variables that are nested too deeply. They may be valid: undeclared variables are ignored.
    const json = tryToStringify(variables);
    const cacheKey = `${operation.key}\n${json}`;
    const cached = json === undefined ? undefined : cache.get(cacheKey);
    if (cached !== undefined) return cached;
    const { errors, coerced } = operation.prepared.coerceVariables(variables);
    if (errors !== undefined) throw new DocumentError(errors);
    const { document, operation: definition } = operation.prepared;
    if (maxCost !== undefined) checkCost(estimateCost(document, definition, coerced), maxCost);
    // The members of coerced values are always in the same order.
    const text = tryToStringify(coerced);
    if (text === undefined) {
      throw new GatewayError('BAD_USER_INPUT', { message: 'variables must not be nested thousands of levels deep.' });
    }
    const isShort = text.length <= MAX_VALUES_LENGTH;
    const checked = {
      values: coerced,
      key: isShort ? text : hash('sha256', text, 'base64url'),
    };
    // JSON.stringify writes Infinity, which `1e999` is parsed to, as null: the two must not share an entry.
    if (json !== undefined && isShort && cacheKey.length <= MAX_KEY_LENGTH && !cacheKey.includes('null')) {
      cache.set(cacheKey, checked);
    }
    return checked;
  };
}

function checkCost(cost: number, maxCost: number): void {
  if (cost <= maxCost) return;
  throw new GatewayError('QUERY_TOO_COMPLEX', {
    message:
      `The operation asks for an estimated ${cost} fields (rows times fields), and at most ${maxCost} are allowed ` +
      '(GATEWAY_MAX_COST). Ask for fewer rows, with `first`, or for fewer fields.',
  });
}

/** Undefined for values that are nested deeper than JSON.stringify can follow. */
function tryToStringify(values: Values): string | undefined {
  try {
    return JSON.stringify(values);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
