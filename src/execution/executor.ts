// What can follow an execution and end it.

import type { GraphQLResolveInfo } from 'graphql';

export interface ExecutionHooks {
  /** The error that ends the whole operation; asked before each field. */
  readonly stopped?: (() => Error | undefined) | undefined;
  /** Called when a field begins; the function it returns when the field has its value or its error. */
  readonly onField?: ((info: GraphQLResolveInfo) => () => void) | undefined;
}
