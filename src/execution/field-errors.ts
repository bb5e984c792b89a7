// The errors of an execution. What comes late of a part that has become null in the meantime is not among them (section
// 6.4.4 of the GraphQL specification: one error a place).

import type { GraphQLError, GraphQLResolveInfo } from 'graphql';

type Path = GraphQLResolveInfo['path'];

export interface FieldErrors {
  readonly list: readonly GraphQLError[];
  /** @param path of the place that becomes null for it; undefined: all of the data. */
  add(error: GraphQLError, path: Path | undefined): void;
}

export function createFieldErrors(): FieldErrors {
  const list: GraphQLError[] = [];
  const places = new Set<Path | undefined>();
  const isNull = (path: Path | undefined): boolean => places.has(path) || (path !== undefined && isNull(path.prev));
  return {
    list,
    add(error, path) {
      if (isNull(path)) return;
      places.add(path);
      list.push(error);
    },
  };
}
