// The plugins that keep the gateway from who asks for too much, or for what is not theirs to ask: three groups, by when a
// request meets them.

import type { GraphQLSchema } from 'graphql';

import type { Clock } from '../../clock.js';
import type { Cancellation } from '../../concurrency/cancellation.js';
import type { DocumentLimits } from '../../query-limits/limits.js';
import { createRateLimit, type RateLimit } from '../../concurrency/rate-limiter.js';
import { createCostLimit, useCostLimit, type CostedQuestion } from './cost-limit.js';
import { useCors } from './cors.js';
import { useCsrfGuard } from './csrf.js';
import { useDocumentLimits } from './document-limits.js';
import { startOperation, useExecutionDeadline, type OperationDeadline } from './execution-timeout.js';
import { useNoIntrospection } from './introspection.js';
import { useRateLimit } from './rate-limit.js';
import type { DoorPlugin } from '../request-state.js';
import { SECURITY_HEADERS, useSecurityHeaders } from './security-headers.js';

export interface ProtectionOptions {
  readonly documents: DocumentLimits;
  /** The most that an operation may come to, as estimated; undefined: no limit. */
  readonly maxCost: number | undefined;
  /** Reports that one operation may load from ScaleOps; undefined: no limit. */
  readonly maxUpstreamCalls?: number | undefined;
  /** How long an operation may take; undefined: as long as it likes. */
  readonly timeoutMs: number | undefined;
  /** How many operations a minute one caller may send; undefined: any number. */
  readonly rateLimit: number | undefined;
  readonly clock: Clock;
  /** The origins whose pages may ask. */
  readonly corsOrigins: readonly string[];
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean;
}

export interface Protected {
  readonly schema: GraphQLSchema;
  /** Where it is served. */
  readonly path: string;
}

export interface Protection {
  /** Before anybody is asked who they are. */
  readonly onArrival: readonly DoorPlugin[];
  /** Once it is known who asks, and before the body is read. */
  readonly ofCallers: readonly DoorPlugin[];
  /** Once it is known what is asked. */
  readonly ofOperations: readonly DoorPlugin[];
  /** The same for who needs no plugins. */
  readonly limits: ProtectionLimits;
}

export interface ProtectionLimits {
  readonly headers: Readonly<Record<string, string>>;
  /** The origins whose pages may ask; undefined: origins are not looked at. */
  readonly origins: readonly string[] | undefined;
  readonly rateLimit: RateLimit | undefined;
  /** Whether an operation would come to too much. */
  isTooCostly(question: CostedQuestion): boolean;
  /** Begins the time that an operation has. */
  startOperation(request: { readonly signal: Cancellation }): OperationDeadline | undefined;
}

const NO_LIMITS: ProtectionLimits = {
  headers: {},
  origins: undefined,
  rateLimit: undefined,
  isTooCostly: () => false,
  startOperation: () => undefined,
};

/** Without options there is none, for who measures or tests something else. */
export function createProtection(options: ProtectionOptions | undefined, { schema, path }: Protected): Protection {
  if (options === undefined) return { onArrival: [], ofCallers: [], ofOperations: [], limits: NO_LIMITS };
  const { documents, maxCost, timeoutMs, rateLimit, clock, corsOrigins, introspection } = options;
  const cors = corsOrigins.length === 0 ? [] : [useCors(path, corsOrigins)];
  const limit = rateLimit === undefined ? undefined : createRateLimit({ perMinute: rateLimit, clock });
  const costLimit = maxCost === undefined ? undefined : createCostLimit(maxCost, schema);
  const ofOperations = [
    useDocumentLimits(documents),
    ...(introspection ? [] : [useNoIntrospection()]),
    ...(costLimit === undefined ? [] : [useCostLimit(costLimit)]),
    ...(timeoutMs === undefined ? [] : [useExecutionDeadline(timeoutMs, clock)]),
  ];
  return {
    onArrival: [useSecurityHeaders(), ...cors, useCsrfGuard()],
    ofCallers: limit === undefined ? [] : [useRateLimit(limit)],
    ofOperations,
    limits: {
      headers: SECURITY_HEADERS,
      origins: corsOrigins.length === 0 ? undefined : corsOrigins,
      rateLimit: limit,
      isTooCostly: (question) => costLimit?.(question) !== undefined,
      startOperation: (request) => (timeoutMs === undefined ? undefined : startOperation(timeoutMs, clock, request)),
    },
  };
}
