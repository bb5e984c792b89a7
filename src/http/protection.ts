// The plugins that keep the gateway from who asks for too much, or for what is not theirs to ask: three groups, by when a
// request meets them.

import type { GraphQLSchema } from 'graphql';

import type { DocumentLimits } from '../documents/limits.js';
import { useCostLimit } from './cost-limit.js';
import { useCsrfGuard } from './csrf.js';
import { useDocumentLimits } from './document-limits.js';
import type { DoorPlugin } from './request-state.js';

export interface ProtectionOptions {
  readonly documents: DocumentLimits;
  /** The most that an operation may come to, as estimated; undefined: no limit. */
  readonly maxCost: number | undefined;
}

export interface Protection {
  /** Before anybody is asked who they are. */
  readonly onArrival: readonly DoorPlugin[];
  /** Once it is known who asks, and before the body is read. */
  readonly ofCallers: readonly DoorPlugin[];
  /** Once it is known what is asked. */
  readonly ofOperations: readonly DoorPlugin[];
}

/** Without options there is none, for who measures or tests something else. */
export function createProtection(options: ProtectionOptions | undefined, schema: GraphQLSchema): Protection {
  if (options === undefined) return { onArrival: [], ofCallers: [], ofOperations: [] };
  const { documents, maxCost } = options;
  const limits = [useDocumentLimits(documents), ...(maxCost === undefined ? [] : [useCostLimit(maxCost, schema)])];
  return { onArrival: [useCsrfGuard()], ofCallers: [], ofOperations: limits };
}
