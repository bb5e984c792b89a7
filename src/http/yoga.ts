// The HTTP door: Yoga with our plugins, in the order in which a request meets them.

import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { GraphQLSchema } from 'graphql';

import type { Authentication, HeadersByName } from '../auth/authentication.js';
import type { TrustedDocuments } from '../auth/trusted-documents.js';
import type { ResponseStore } from '../cache/memory/response-store.js';
import {
  createContext,
  type Caller,
  type ContextParts,
  type GatewayContext,
  type Principal,
} from '../loaders/context.js';
import type { Cancellation } from '../concurrency/cancellation.js';
import type { GatewayLogger } from '../telemetry/logger.js';
import { useAnswerLimit } from './plugins/row-limit.js';
import { useAnswerWriter } from './plugins/streamed-lists.js';
import { useAuthentication, useCallerToken } from './plugins/authentication.js';
import { createDocumentCache } from './plugins/document-cache.js';
import { useErrorFormat, type ErrorFormat } from './response/error-format.js';
import { useFreshness, wantsAnew } from './response/cache-headers.js';
import { useGraphiQLPage } from './plugins/graphiql/graphiql.js';
import { useHealth } from './plugins/health.js';
import { useInlineTrace } from './plugins/inline-trace/inline-trace.js';
import type { Lane } from './fast-path/types.js';
import { fetchOnLane } from './fast-path/fetch-adapter.js';
import { createLane } from './fast-path/fast-path.js';
import { createLearned, type Learned } from './fast-path/known-operations.js';
import { createReplies } from './fast-path/response-head.js';
import { withLane } from './fast-path/node-adapter.js';
import { createLargeAnswers, type LargeAnswers } from './plugins/large-responses.js';
import { useMediaTypes } from './plugins/media-types.js';
import { useMetricsPage, type Exposition } from './plugins/metrics-endpoint.js';
import { useObservation, type RequestObserver } from './plugins/instrumentation.js';
import { createOperationLog, useOperationLog, type LogOperation } from './plugins/operation-log.js';
import { useAutomaticPersistedQueries, useTrustedDocuments } from './plugins/persisted-documents.js';
import { createProtection, type Protection, type ProtectionOptions } from './plugins/protection.js';
import { useRequestState, type DoorContext, type RequestState } from './request-state.js';
import { useResponseNames } from './plugins/reject-then-alias.js';
import type { HttpListener } from './server/server.js';
import { createEnding, useShutdown, type Ending } from './plugins/shutdown.js';
import { useStartPage } from './plugins/root-redirect.js';

/** Where GraphQL is served. */
export const GRAPHQL_PATH = '/graphql';
/** Enough for any hand-written operation with lists of 1,000 names. */
const MAX_BODY_BYTES = 262_144;

export interface DoorOptions {
  readonly createSchema: () => GraphQLSchema;
  readonly parts: ContextParts;
  /** Where answers are kept, for the fast lane; undefined: there is none. */
  readonly responses?: ResponseStore;
  /** Who has to say who they are: nobody, whoever we can tell, or whoever ScaleOps can. */
  readonly access: 'none' | 'forward' | 'api-key' | 'jwt';
  /** Tells who a caller is, where that is ours to do. */
  readonly authentication: Authentication | undefined;
  /** The operations that may be run; undefined: any. */
  readonly trustedDocuments: TrustedDocuments | undefined;
  /** Whether clients may send the hash of an operation in place of its text. */
  readonly persistedQueries: boolean;
  /** Who may keep a fresh answer. */
  readonly cacheControl: 'private' | 'public';
  readonly graphiql: boolean;
  /** What keeps out who asks for too much; undefined: nothing does. */
  readonly protection?: ProtectionOptions;
  /** Whether routers of a supergraph may come. */
  readonly federation: boolean;
  readonly logger: GatewayLogger;
  readonly now: () => number;
  readonly isReady: () => boolean;
  /** How many percent of the operations that went well get a line in the log. */
  readonly logSamplePercent?: number;
  /** Watches the requests for GraphQL. */
  readonly observer?: RequestObserver | undefined;
  /** What `/metrics` answers with; undefined: there is no such page. */
  readonly exposeMetrics?: (() => Promise<Exposition>) | undefined;
  /** Aborts when there is no time left for whoever still waits. */
  readonly ending?: AbortSignal;
}

/** The headers that an answer depends on. */
const VARIES_BY = {
  none: 'accept, accept-encoding',
  forward: 'accept, accept-encoding, authorization',
  jwt: 'accept, accept-encoding, authorization',
  'api-key': 'accept, accept-encoding, authorization, x-api-key',
} as const;

export interface Door {
  /** Answers the requests of a socket. */
  readonly listener: HttpListener;
  fetch(request: Request): Promise<Response>;
  dispose(): Promise<void>;
}

/** What the two ways through the door have in common. */
interface Shared {
  readonly schema: GraphQLSchema;
  readonly protection: Protection;
  readonly largeAnswers: LargeAnswers;
  readonly documents: ReturnType<typeof createDocumentCache>;
  readonly learned: Learned;
  readonly format: ErrorFormat;
  readonly log: LogOperation;
  readonly ending: Ending;
}

export function createDoor(options: DoorOptions): Door {
  const { logger, now, responses, logSamplePercent: samplePercent = 100 } = options;
  const schema = options.createSchema();
  const documents = createDocumentCache();
  const shared: Shared = {
    schema,
    documents,
    protection: createProtection(options.protection, { schema, path: GRAPHQL_PATH }),
    largeAnswers: createLargeAnswers(),
    learned: createLearned(schema, (text) => documents.documentCache.get(text)),
    format: { logger, hidesSuggestions: options.protection?.introspection === false },
    log: createOperationLog({ logger, now, samplePercent }),
    ending: createEnding(options.ending ?? new AbortController().signal),
  };
  const yoga = createYogaDoor(options, shared);
  const listener: RequestListener = (request, response) => void yoga(request, response);
  const fetch = async (request: Request): Promise<Response> => yoga.fetch(request);
  const dispose = async (): Promise<void> => yoga.dispose();
  if (responses === undefined) return { listener, fetch, dispose };
  const lane = createOwnLane(options, shared, responses);
  return {
    listener: withLane(lane, GRAPHQL_PATH, listener),
    fetch: fetchOnLane(lane, GRAPHQL_PATH, fetch),
    dispose,
  };
}

function createOwnLane(options: DoorOptions, shared: Shared, responses: ResponseStore): Lane {
  const { access, cacheControl, parts, authentication, observer, now } = options;
  const { limits } = shared.protection;
  return createLane({
    ...shared,
    ...{ limits, responses, parts, authentication, observer, now },
    replies: createReplies({ learned: shared.learned, limits, scope: cacheControl, variesBy: VARIES_BY[access] }),
    takesToken: access === 'forward',
    toCaller: (asked, state, principal) =>
      new DoorCaller({ asked, state, principal, largeAnswers: shared.largeAnswers }),
    onEnd: (state) => {
      shared.largeAnswers.end(state);
    },
  });
}

function createYogaDoor(options: DoorOptions, shared: Shared) {
  const { createSchema, parts, access, authentication, graphiql, federation, now, isReady } = options;
  const { observer, exposeMetrics } = options;
  const { schema, protection, largeAnswers } = shared;
  const { createYoga } = loadYoga();
  return createYoga<DoorContext, GatewayContext>({
    schema,
    context: ({ request, state }) => createContext(parts, new DoorCaller({ asked: request, state, largeAnswers })),
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
    parserAndValidationCache: shared.documents,
    plugins: [
      useRequestState(now),
      largeAnswers.plugin,
      ...protection.onArrival,
      useHealth(isReady),
      exposeMetrics !== undefined && useMetricsPage(exposeMetrics),
      useShutdown(shared.ending),
      useStartPage(GRAPHQL_PATH),
      graphiql && useGraphiQLPage(GRAPHQL_PATH, access),
      observer !== undefined && useObservation(observer, GRAPHQL_PATH, now),
      authentication !== undefined && useAuthentication(authentication),
      access === 'forward' && useCallerToken(),
      ...protection.ofCallers,
      useFreshness({ now, scope: options.cacheControl, variesBy: VARIES_BY[access] }),
      useErrorFormat(shared.format),
      federation && useInlineTrace({ createSchema, now }),
      useMediaTypes(),
      useResponseNames(),
      options.trustedDocuments !== undefined && useTrustedDocuments(options.trustedDocuments),
      options.trustedDocuments === undefined && options.persistedQueries && useAutomaticPersistedQueries(),
      useAnswerWriter(),
      useAnswerLimit(),
      useOperationLog(shared.log),
      // Last: whatever they turn away has its log line.
      ...protection.ofOperations,
      shared.learned.plugin,
    ],
  });
}

/** By require: Yoga's hundreds of files take half as long as when they are imported, which is an eighth of the start. */
function loadYoga() {
  return createRequire(import.meta.url)('graphql-yoga') as typeof import('graphql-yoga');
}

interface CallerParts {
  readonly asked: { readonly headers: HeadersByName; readonly signal: Cancellation };
  readonly state: RequestState;
  readonly largeAnswers: LargeAnswers;
  readonly principal?: Principal;
}

/** Who asks, and how, as far as the context of the resolvers has to know. A class for its getter's sake. */
class DoorCaller implements Caller {
  readonly token: string | undefined;
  readonly grants: Caller['grants'];
  readonly awaitTurn: () => Promise<void>;
  readonly noCache: boolean;
  readonly principal: Caller['principal'];
  readonly #asked: CallerParts['asked'];
  readonly #state: RequestState;

  constructor({ asked, state, largeAnswers, principal }: CallerParts) {
    this.token = state.callerToken;
    this.grants = state.grants;
    this.awaitTurn = () => largeAnswers.take(state);
    this.noCache = wantsAnew(asked.headers);
    this.principal = principal;
    this.#asked = asked;
    this.#state = state;
  }

  /** Made when something has to be waited for. */
  get signal(): Cancellation {
    return this.#state.deadline?.signal ?? this.#asked.signal;
  }
}
