// Representations of entities as a router sends them: `{ __typename, …key }`, unvalidated JSON.

import { UserInputError } from '../../errors.js';
import { assertName } from '../inputs/validate.js';

/** A value of the scalar `_Any` that is an object. */
export type Representation = Readonly<Record<string, unknown>>;

export function isRepresentation(value: unknown): value is Representation {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads an own property, never an inherited one. */
export function readOwn(representation: Representation, field: string): unknown {
  return Object.hasOwn(representation, field) ? representation[field] : undefined;
}

/** @throws UserInputError that names the field. */
export function parseKey<const Field extends string>(
  representation: Representation,
  fields: readonly Field[],
): Record<Field, string> {
  const key = {} as Record<Field, string>;
  for (const field of fields) {
    const name = readOwn(representation, field);
    if (typeof name !== 'string') throw new UserInputError(field, 'must be given, as a string.');
    assertName(field, name);
    key[field] = name;
  }
  return key;
}
