// What stands behind the door, put together: telemetry, credentials, the client of ScaleOps, the two tiers of the cache, and
// who tells callers apart. And what the log is told of them.

import type { Logger } from 'pino';

import { createAuthentication, type Authentication } from '../auth/authentication.js';
import { keepMs, lifetimeOf } from '../cache/freshness.js';
import { createRedisEngine } from '../cache/shared/redis.js';
import { createReportCache, type ReportCache, type ReportCacheOptions } from '../cache/report-cache.js';
import { createSharedCache, type SharedCache } from '../cache/shared/shared-cache.js';
import type { Clock } from '../clock.js';
import type { Config } from '../config/config.js';
import { createScheduler } from '../concurrency/scheduler.js';
import { GatewayError } from '../errors.js';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.js';
import { createScaleOpsClient, type ScaleOpsClient } from '../upstream/client/client.js';
import { createProxiedFetch } from '../upstream/http/proxy.js';
import { createCredentials } from '../upstream/auth/credentials.js';
import { createReportParser, type ReportParser } from '../upstream/parse/report-parser.js';

/** What a test or another host may replace. */
export interface GatewayDependencies {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** What it calls itself where it is watched. */
  readonly version?: string;
  /** Whether the gateway owns its process, so that its metrics include those of the process. */
  readonly collectProcessMetrics?: boolean;
}

/** Everything is closed by who asked for it. */
export function createParts(config: Config, dependencies: GatewayDependencies, clock: Clock) {
  const { logger } = dependencies;
  const telemetry = watchGateway(config, dependencies, clock);
  const instrument = telemetry.instruments;
  const authentication = createDoorkeeper(config, logger, clock);
  const credentials = createCredentials({ ...config.upstream, proxy: config.proxy, clock, instrument });
  const parser = createReportParser({ keepsBodies: sharedUrlOf(config) !== undefined });
  const client = createClient(config, parser, telemetry, logger, clock);
  const shared = createSharedTier(config, parser, logger, clock);
  const cache = createCache(config, { client, shared, instrument }, logger, clock);
  telemetry.metrics?.registerGauges({ cache, upstream: client, shared });
  return { telemetry, authentication, credentials, client, shared, cache, scheduler: createScheduler() };
}

function createDoorkeeper({ access, proxy }: Config, logger: Logger, clock: Clock): Authentication | undefined {
  return createAuthentication(access, {
    clock,
    fetch: proxy && createProxiedFetch(proxy),
    onKeysAvailabilityChange: (areAvailable) => {
      if (areAvailable) logger.info('the signing keys of the issuer can be had again');
      else logger.warn('the signing keys of the issuer cannot be had');
    },
  });
}

function watchGateway(
  { telemetry, trustedDocuments }: Config,
  { logger, version = 'unknown', collectProcessMetrics = false }: GatewayDependencies,
  clock: Clock,
): Telemetry {
  return createTelemetry({
    ...telemetry,
    // What is listed is a closed set.
    operations: [...telemetry.operations, ...(trustedDocuments?.names ?? [])],
    version,
    clock,
    collectProcessMetrics,
    onExportFailure: (isFailing, reason) => {
      if (isFailing) logger.warn({ reason }, 'traces cannot be exported; they are dropped');
      else logger.info('traces are exported again');
    },
  });
}

function createClient(
  { upstream, proxy }: Config,
  parser: ReportParser,
  telemetry: Telemetry,
  logger: Logger,
  clock: Clock,
): ScaleOpsClient {
  const client = createScaleOpsClient({
    ...upstream,
    proxy,
    parser,
    clock,
    instrument: telemetry.instruments,
    onDroppedNumbers: (report, count) => {
      logger.warn({ report, count }, 'numbers of a report were not finite or not whole; they are null');
    },
    onBreaker: (isOpen) => {
      telemetry.metrics?.setBreakerOpen(isOpen);
      if (isOpen) logger.warn('ScaleOps failed repeatedly and is left alone for a while');
      else logger.info('ScaleOps answers again');
    },
  });
  // Whoever is done with the client wants nothing read any more.
  const close = () => Promise.all([client.close(), parser.close()]).then(() => undefined);
  return { ...client, close };
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

/** Where nothing is kept there is nothing to share. */
function sharedUrlOf({ cache }: Config): string | undefined {
  return cache.ttlMs > 0 ? cache.redisUrl : undefined;
}

function createSharedTier(config: Config, parser: ReportParser, logger: Logger, clock: Clock): SharedCache | undefined {
  const { cache, upstream } = config;
  const url = sharedUrlOf(config);
  if (url === undefined) return undefined;
  const engine = createRedisEngine({
    url,
    onConnection: (isUp, reason) => {
      if (isUp) logger.info('the shared cache is connected');
      else logger.warn({ reason }, 'the shared cache cannot be reached; going on without it');
    },
  });
  return createSharedCache({
    engine,
    parser,
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
