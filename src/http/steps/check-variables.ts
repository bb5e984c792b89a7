// Coerces the variables of an operation and limits the cost that they give it. Both depend on the operation and its
// variables alone, so requests that repeat these skip them.

import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

import { GatewayError } from '../../errors.js';
import type { Values } from '../../execution/plan.js';
import type { LimitCost } from './limit-cost.js';
import { DocumentError, type ResolvedOperation } from './resolve-operation.js';

export interface CheckedVariables {
  /** Coerced. */
  readonly values: Values;
  /** Identifies the values in cache keys. */
  readonly key: string;
}

/** @throws DocumentError for values of another type; GatewayError QUERY_TOO_COMPLEX, BAD_USER_INPUT. */
export type CheckVariables = (operation: ResolvedOperation, given: Values) => CheckedVariables;

/** How many checked variables are retained: some 2 MB. */
const MAX_KNOWN = 1_000;
/** Longer ones are not retained, and longer values are hashed. */
const MAX_KEY_LENGTH = 512;
const MAX_VALUES_LENGTH = 256;

export function createCheckVariables(limitCost: LimitCost): CheckVariables {
  const known = new LRUCache<string, CheckedVariables>({ max: MAX_KNOWN });
  return (operation, given) => {
    // Values that JSON.stringify cannot follow are not looked up: variables that are not declared mean nothing.
    const givenText = tryToStringify(given);
    const key = `${operation.key}\n${givenText}`;
    const found = givenText === undefined ? undefined : known.get(key);
    if (found !== undefined) return found;
    const { errors, coerced } = operation.prepared.coerceVariables(given);
    if (errors !== undefined) throw new DocumentError(errors);
    limitCost(operation, coerced);
    // Coerced values have one order of their members.
    const text = tryToStringify(coerced);
    if (text === undefined) {
      throw new GatewayError('BAD_USER_INPUT', { message: 'variables must not be nested thousands of levels deep.' });
    }
    const isShort = text.length <= MAX_VALUES_LENGTH;
    const checked = {
      values: coerced,
      key: isShort ? text : createHash('sha256').update(text).digest('base64url'),
    };
    // JSON has no Infinity, which `1e999` is parsed to: it is written as null, and must not pass for it.
    if (givenText !== undefined && isShort && key.length <= MAX_KEY_LENGTH && !key.includes('null'))
      known.set(key, checked);
    return checked;
  };
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
