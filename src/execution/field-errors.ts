// The errors of an execution: at most one per null in the response. An error below a field that is already null is dropped
// (section 6.4.4 of the GraphQL specification).

import { GraphQLError, type GraphQLResolveInfo } from 'graphql';

type Path = GraphQLResolveInfo['path'];

/** How many errors a response lists; one more says that there are others. */
export const MAX_ERRORS = 100;

/** Replaces the errors that are not listed. `originalError` is that of the first of them. */
export class TooManyErrors extends GraphQLError {
  constructor({ nodes, originalError }: GraphQLError) {
    super(`More than ${MAX_ERRORS} fields failed. This error stands for the others, whose fields are null.`, {
      nodes: nodes ?? null,
      originalError: originalError ?? null,
    });
  }
}

/** Thrown for a field that is not resolved because the operation has too many errors or was stopped. */
export const NOT_RESOLVED = new Error('not resolved');

export class FieldErrors {
  readonly list: GraphQLError[] = [];
  readonly #nullPaths = new Set<Path | undefined>();

  /** Whether further errors are ignored: the execution then resolves no further field. */
  get isFull(): boolean {
    return this.list.length > MAX_ERRORS;
  }

  /** @param path of the field or item that the error makes null; undefined for the whole data. */
  add(error: GraphQLError, path: Path | undefined): void {
    if (this.isFull || this.#isNull(path)) return;
    this.#nullPaths.add(path);
    this.list.push(this.list.length < MAX_ERRORS ? error : new TooManyErrors(error));
  }

  #isNull(path: Path | undefined): boolean {
    return this.#nullPaths.has(path) || (path !== undefined && this.#isNull(path.prev));
  }
}
