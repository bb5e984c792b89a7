// The plugins that keep the gateway from who asks for too much, or for what is not theirs to ask: three groups, by when a
// request meets them.

import type { GraphQLSchema } from 'graphql';

import type { Clock } from '../clock.js';
import type { DocumentLimits } from '../documents/limits.js';
import type { TrustedDocuments } from '../documents/trusted-documents.js';
import { createRateLimit } from '../flow/rate-limit.js';
import { useCostLimit } from './cost-limit.js';
import { useCors } from './cors.js';
import { useCsrfGuard } from './csrf.js';
import { useDocumentLimits } from './document-limits.js';
import { useExecutionDeadline } from './execution-deadline.js';
import { useNoIntrospection } from './introspection.js';
import { useAutomaticPersistedQueries, useTrustedDocuments } from './persisted-documents.js';
import { useRateLimit } from './rate-limit.js';
import type { DoorPlugin } from './request-state.js';
import { useSecurityHeaders } from './security-headers.js';

export interface ProtectionOptions {
  readonly documents: DocumentLimits;
  /** The most that an operation may come to, as estimated; undefined: no limit. */
  readonly maxCost: number | undefined;
  /** How long an operation may take; undefined: as long as it likes. */
  readonly timeoutMs: number | undefined;
  /** How many operations a minute one caller may send; undefined: any number. */
  readonly rateLimit: number | undefined;
  readonly clock: Clock;
  /** The origins whose pages may ask. */
  readonly corsOrigins: readonly string[];
  /** The operations that may be run; undefined: any. */
  readonly trustedDocuments: TrustedDocuments | undefined;
  /** Whether an operation may be sent by its hash, once it was sent in full. */
  readonly apq: boolean;
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
}

/** Without options there is none, for who measures or tests something else. */
export function createProtection(options: ProtectionOptions | undefined, { schema, path }: Protected): Protection {
  if (options === undefined) return { onArrival: [], ofCallers: [], ofOperations: [] };
  const { documents, maxCost, timeoutMs, rateLimit, clock, corsOrigins, introspection, trustedDocuments, apq } =
    options;
  const cors = corsOrigins.length === 0 ? [] : [useCors(path, corsOrigins)];
  const ofCallers = rateLimit === undefined ? [] : [useRateLimit(createRateLimit({ perMinute: rateLimit, clock }))];
  const ofOperations = [
    trustedDocuments === undefined ? useAutomaticPersistedQueries(apq) : useTrustedDocuments(trustedDocuments),
    useDocumentLimits(documents),
    ...(introspection ? [] : [useNoIntrospection()]),
    ...(maxCost === undefined ? [] : [useCostLimit(maxCost, schema)]),
    ...(timeoutMs === undefined ? [] : [useExecutionDeadline(timeoutMs, clock)]),
  ];
  return { onArrival: [useSecurityHeaders(), ...cors, useCsrfGuard()], ofCallers, ofOperations };
}
