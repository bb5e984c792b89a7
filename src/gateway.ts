// The one place where the parts are put together. Everything long-lived is made here, and closed here in reverse.

import type { Logger } from 'pino';

import { keepMs, lifetimeOf } from './cache/freshness.js';
import { createRedisEngine } from './cache/redis.js';
import { createReportCache, type ReportCache, type ReportCacheOptions } from './cache/report-cache.js';
import { createSharedCache, type SharedCache } from './cache/shared-cache.js';
import { systemClock, type Clock } from './clock.js';
import type { Config } from './config.js';
import { GatewayError } from './errors.js';
import { createSchema } from './graphql/schema.js';
import { createDoor } from './http/door.js';
import { createReadiness } from './http/readiness.js';
import { withAddress } from './http/request-target.js';
import { createHttpServer } from './http/server.js';
import { createTelemetry, type Telemetry } from './telemetry/telemetry.js';
import { createScaleOpsClient, type ScaleOpsClient } from './upstream/client.js';
import { createCredentials } from './upstream/credentials.js';

/** How long a closing gateway waits for reports that are under way. Orchestrators give it 10 seconds or more. */
const MAX_DRAIN_MS = 8_000;

/** What a test or another host may replace. */
export interface GatewayDependencies {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** What it calls itself where it is watched. */
  readonly version?: string;
  /** Whether the process is all its own, so that its metrics are those of the process too. */
  readonly isAlone?: boolean;
}

export interface Gateway {
  /** Answers one request without a socket. */
  fetch(request: Request): Promise<Response>;
  /** Opens the socket; answers with its URL. Rejects when the address is taken or there is no usable token. */
  listen(): Promise<string>;
  /** Says "not ready", finishes what is in flight, and lets go of the upstream. */
  close(): Promise<void>;
}

export function createGateway(config: Config, dependencies: GatewayDependencies): Gateway {
  const { logger, clock = systemClock } = dependencies;
  const { upstream } = config;
  const { telemetry, credentials, client, shared, cache } = createParts(config, dependencies, clock);
  const readiness = createReadiness(tellReadiness(logger));
  const door = createDoor({
    createSchema: () => createSchema(config.schema),
    parts: {
      cache,
      credentials,
      multiClusterByDefault: upstream.multiClusterByDefault,
      maxPageRows: config.maxPageRows,
      maxAnswerRows: config.maxAnswerRows,
    },
    needsCallerToken: upstream.auth.kind === 'forward',
    cacheControl: config.cacheControl,
    graphiql: config.graphiql,
    federation: config.schema.federation,
    logger,
    now: () => clock.now(),
    isReady: readiness.isReady,
    logSamplePercent: config.logSamplePercent,
    observer: telemetry.instruments,
    exposeMetrics: telemetry.metrics?.expose,
  });
  const listener = withAddress((request, response) => void door(request, response));
  const server = createHttpServer(listener, config.host, config.port);

  return {
    async fetch(request) {
      if (telemetry.ready !== undefined) await telemetry.ready;
      return door.fetch(request);
    },
    async listen() {
      await telemetry.ready;
      // A token that cannot be had at the start is a mistake in the set-up: say so now, not at the first query.
      if (upstream.auth.kind === 'token') await credentials.principal();
      return server.listen();
    },
    async close() {
      readiness.set('stopping', true);
      // Whoever still waits for ScaleOps then gets an error, and not a connection that is cut.
      const cancel = clock.after(MAX_DRAIN_MS, () => void client.close());
      await server.close();
      cancel();
      await shared?.close();
      await client.close();
      await credentials.close();
      await door.dispose();
      // Last: what the others still ended with is told as well.
      await telemetry.close();
    },
  };
}

/** What stands behind the door. */
function createParts(config: Config, dependencies: GatewayDependencies, clock: Clock) {
  const { logger } = dependencies;
  const telemetry = watchGateway(config, dependencies, clock);
  const instrument = telemetry.instruments;
  const credentials = createCredentials({ ...config.upstream, clock, instrument });
  const client = createClient(config, telemetry, logger, clock);
  const shared = createSharedTier(config, logger, clock);
  const cache = createCache(config, { client, shared, instrument }, logger, clock);
  telemetry.metrics?.watch({ cache, upstream: client, shared });
  return { telemetry, credentials, client, shared, cache };
}

function tellReadiness(logger: Logger): Parameters<typeof createReadiness>[0] {
  return (isReady, reasons) => {
    if (isReady) logger.info('ready');
    else logger.info({ reasons }, 'not ready');
  };
}

function watchGateway(
  { telemetry }: Config,
  { logger, version = 'unknown', isAlone = false }: GatewayDependencies,
  clock: Clock,
): Telemetry {
  return createTelemetry({
    ...telemetry,
    version,
    clock,
    ofProcess: isAlone,
    onTracesLost: (isLost, reason) => {
      if (isLost) logger.warn({ reason }, 'traces cannot be sent; they are dropped');
      else logger.info('traces are sent again');
    },
  });
}

function createClient({ upstream }: Config, telemetry: Telemetry, logger: Logger, clock: Clock): ScaleOpsClient {
  return createScaleOpsClient({
    ...upstream,
    clock,
    instrument: telemetry.instruments,
    onDroppedNumbers: (report, count) => {
      logger.warn({ report, count }, 'numbers of a report were not finite or not whole; they are null');
    },
    onBreaker: (isOpen) => {
      telemetry.metrics?.breaker(isOpen);
      if (isOpen) logger.warn('ScaleOps failed repeatedly and is left alone for a while');
      else logger.info('ScaleOps answers again');
    },
  });
}

function createCache(
  { upstream, cache }: Config,
  parts: Pick<ReportCacheOptions, 'client' | 'shared' | 'instrument'>,
  logger: Logger,
  clock: Clock,
): ReportCache {
  return createReportCache({
    ...cache,
    ...parts,
    upstream: [upstream.url, ...Object.values(upstream.paths)].join(' '),
    timeoutMs: upstream.timeoutMs,
    clock,
    onRefreshFailed({ report }, error) {
      const code = error instanceof GatewayError ? error.code : 'INTERNAL_SERVER_ERROR';
      const reason = error instanceof GatewayError ? error.reason : undefined;
      // Of our own making: we are closing.
      if (reason === 'UND_ERR_DESTROYED') return;
      logger.warn({ report, code, reason }, 'a report could not be fetched anew; the kept one is shown');
    },
  });
}

function createSharedTier({ cache, upstream }: Config, logger: Logger, clock: Clock): SharedCache | undefined {
  // Where nothing is kept there is nothing to share.
  if (cache.redisUrl === undefined || cache.ttlMs === 0) return undefined;
  const engine = createRedisEngine({
    url: cache.redisUrl,
    onConnection: (isUp, reason) => {
      if (isUp) logger.info('the shared cache is connected');
      else logger.warn({ reason }, 'the shared cache cannot be reached; going on without it');
    },
  });
  return createSharedCache({
    engine,
    keepMs: ({ report, asOf }) => keepMs({ asOf, freshMs: lifetimeOf(report, asOf, cache) }, cache),
    maxKeepMs: keepMs({ asOf: 0, freshMs: Math.max(cache.ttlMs, cache.pastTtlMs) }, cache),
    maxBytes: upstream.maxResponseBytes,
    timeoutMs: upstream.timeoutMs,
    clock,
    onTrouble: (isTrouble) => {
      if (isTrouble) logger.warn('the shared cache fails and is left alone for a while');
      else logger.info('the shared cache answers again');
    },
  });
}
