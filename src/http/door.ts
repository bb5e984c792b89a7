// The HTTP door: Yoga with our plugins, in the order in which a request meets them.

import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';

import { createContext, type ContextParts, type GatewayContext } from '../context.js';
import { useAnswerLimit } from './answer-limit.js';
import { useCallerToken } from './caller-token.js';
import { createDocumentCache } from './document-cache.js';
import { useErrorFormat } from './error-format.js';
import { useFreshness, wantsAnew } from './freshness.js';
import { useGraphiQLPage } from './graphiql.js';
import { useHealth } from './health.js';
import { useInlineTrace } from './inline-trace.js';
import { useMediaTypes } from './media-types.js';
import { useOperationLog } from './operation-log.js';
import { createProtection, type ProtectionOptions } from './protection.js';
import { useRequestState, type DoorContext } from './request-state.js';
import { useStartPage } from './start-page.js';

/** Where GraphQL is served. */
export const GRAPHQL_PATH = '/graphql';
/** Enough for any hand-written operation with lists of 1,000 names. */
const MAX_BODY_BYTES = 262_144;

export interface DoorOptions {
  readonly createSchema: () => GraphQLSchema;
  readonly parts: ContextParts;
  /** Whether each caller has to send its own bearer token for ScaleOps. */
  readonly needsCallerToken: boolean;
  /** Who may keep a fresh answer. */
  readonly cacheControl: 'private' | 'public';
  readonly graphiql: boolean;
  /** What keeps out who asks for too much; undefined: nothing does. */
  readonly protection?: ProtectionOptions;
  /** Whether routers of a supergraph may come. */
  readonly federation: boolean;
  readonly logger: Logger;
  readonly now: () => number;
  readonly isReady: () => boolean;
}

export function createDoor(options: DoorOptions): YogaServerInstance<DoorContext, GatewayContext> {
  const { createSchema, parts, needsCallerToken, graphiql, federation, logger, now, isReady } = options;
  const schema = createSchema();
  const protection = createProtection(options.protection, { schema, path: GRAPHQL_PATH });
  return createYoga<DoorContext, GatewayContext>({
    schema,
    context: ({ request, state }) =>
      createContext(parts, {
        get signal() {
          return state.deadline?.signal ?? request.signal;
        },
        token: state.callerToken,
        anew: wantsAnew(request),
      }),
    graphqlEndpoint: GRAPHQL_PATH,
    // Yoga's own health check comes before all plugins, at whatever ends like this; no URL ends with a blank.
    healthCheckEndpoint: ' ',
    maxRequestBodySize: MAX_BODY_BYTES,
    // Ours instead: one place formats and logs errors, the page works offline, nothing is open to other origins.
    maskedErrors: false,
    logging: false,
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    parserAndValidationCache: createDocumentCache(),
    plugins: [
      useRequestState(now),
      ...protection.onArrival,
      useHealth(isReady),
      useStartPage(GRAPHQL_PATH),
      graphiql && useGraphiQLPage(GRAPHQL_PATH, needsCallerToken),
      needsCallerToken && useCallerToken(),
      ...protection.ofCallers,
      useFreshness({ now, scope: options.cacheControl, variesByToken: needsCallerToken }),
      useErrorFormat(logger, { hidesSuggestions: options.protection?.introspection === false }),
      federation && useInlineTrace({ createSchema, now }),
      useMediaTypes(),
      useAnswerLimit(),
      useOperationLog(logger, now),
      // Last: whatever they turn away has its log line.
      ...protection.ofOperations,
    ],
  });
}
