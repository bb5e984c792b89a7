// The errors of an execution. An error below a place that has become null in the meantime is dropped (section 6.4.4 of the
// GraphQL specification: one error per place).

import { GraphQLError, type GraphQLResolveInfo } from 'graphql';

type Path = GraphQLResolveInfo['path'];

/** How many errors a response lists; after them comes one that says that there are more. */
export const MAX_ERRORS = 100;

/** Stands for the errors that are not listed. Its cause is that of the first of them. */
export class TooManyErrors extends GraphQLError {
  constructor({ nodes, originalError }: GraphQLError) {
    super(`More than ${MAX_ERRORS} fields failed. This error stands for the others, whose fields are null.`, {
      nodes: nodes ?? null,
      originalError: originalError ?? null,
    });
  }
}

/** What a field becomes that is not resolved any more. Thrown instead of an error of its own. */
export const NOT_RESOLVED = new Error('not resolved');

export class FieldErrors {
  readonly list: GraphQLError[] = [];
  readonly #nullPlaces = new Set<Path | undefined>();

  /** Whether no further error is taken: the execution then resolves no further field. */
  get isFull(): boolean {
    return this.list.length > MAX_ERRORS;
  }

  /** @param path of the place that becomes null with the error; undefined for the whole data. */
  add(error: GraphQLError, path: Path | undefined): void {
    if (this.isFull || this.#isNull(path)) return;
    this.#nullPlaces.add(path);
    this.list.push(this.list.length < MAX_ERRORS ? error : new TooManyErrors(error));
  }

  #isNull(path: Path | undefined): boolean {
    return this.#nullPlaces.has(path) || (path !== undefined && this.#isNull(path.prev));
  }
}
