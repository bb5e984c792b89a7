// Hooks into the execution of a plan: they end it early, let it pause, and follow its fields.

import type { GraphQLResolveInfo } from 'graphql';

import type { RunSteps } from './complete-items.js';

export interface ExecutionHooks {
  /** The error that ends the whole operation; asked before each field. */
  readonly stopped?: (() => Error | undefined) | undefined;
  /** Runs a long list's completion, which yields where it may pause. Without it a list is completed in one go. */
  readonly runSteps?: RunSteps | undefined;
  /** Called when a field begins; the function it returns when the field has its value or its error. */
  readonly onField?: ((info: GraphQLResolveInfo) => () => void) | undefined;
}
