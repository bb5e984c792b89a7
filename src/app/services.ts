// What stands behind the door, put together: telemetry, credentials, the client of ScaleOps, the two tiers of the cache, and
// who tells callers apart. And what the log is told of them.

import type { Logger } from 'pino';

import { createAuthentication, type Authentication } from '../auth/authentication.js';
import { freshnessLifetimeMs, retentionMs } from '../cache/freshness.js';
import { createRedis } from '../cache/shared/redis.js';
import { createReportCache, type ReportCache, type ReportCacheOptions } from '../cache/report-cache.js';
import { createSharedCache, type SharedCache } from '../cache/shared/shared-cache.js';
import type { Clock } from '../clock.js';
import type { Config } from '../config/config.js';
import { GatewayError } from '../errors.js';
import type { GatewayLogger } from '../telemetry/logger.js';
import type { Siblings } from '../telemetry/aggregate-metrics.js';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.js';
import { createScaleOpsClient, type ScaleOpsClient } from '../upstream/client/client.js';
import { createCredentials } from '../upstream/auth/credentials.js';
import { createReportReader, type ReportReader } from '../upstream/parse/report-parser.js';

/** What a test or another host may replace. */
export interface GatewayDependencies {
  readonly logger: GatewayLogger;
  readonly clock?: Clock;
  /** What it calls itself where it is watched. */
  readonly version?: string;
  /** Whether the process is all its own, so that its metrics are those of the process too. */
  readonly isAlone?: boolean;
  /** The other processes behind the same port; undefined: there are none. */
  readonly siblings?: Siblings | undefined;
  /** False: without limits and security plugins, to measure what they cost. */
  readonly isProtected?: boolean;
}

/** Everything is closed by who asked for it. */
export function createParts(config: Config, dependencies: GatewayDependencies, clock: Clock) {
  const { logger } = dependencies;
  const telemetry = watchGateway(config, dependencies, clock);
  const instrument = telemetry.instruments;
  const authentication = createDoorkeeper(config, logger, clock);
  const credentials = createCredentials({ ...config.upstream, clock, instrument });
  const reader = createReportReader({ keepsBodies: sharedUrlOf(config) !== undefined });
  const client = createClient(config, reader, telemetry, logger, clock);
  const shared = createSharedTier(config, reader, logger, clock);
  const cache = createCache(config, { client, shared, instrumentation: instrument }, logger, clock);
  telemetry.metrics?.watch({ cache, upstream: client, shared });
  return { telemetry, authentication, credentials, client, shared, cache };
}

function createDoorkeeper({ access }: Config, logger: Logger, clock: Clock): Authentication | undefined {
  return createAuthentication(access, {
    clock,
    onKeys: (areThere) => {
      if (areThere) logger.info('the signing keys of the issuer can be had again');
      else logger.warn('the signing keys of the issuer cannot be had');
    },
  });
}

function watchGateway(
  { telemetry, trustedDocuments }: Config,
  { logger, version = 'unknown', isAlone = false, siblings }: GatewayDependencies,
  clock: Clock,
): Telemetry {
  return createTelemetry({
    ...telemetry,
    // What is listed is a closed set.
    operations: [...telemetry.operations, ...(trustedDocuments?.names ?? [])],
    version,
    clock,
    ofProcess: isAlone,
    siblings,
    onTracesLost: (isLost, reason) => {
      if (isLost) logger.warn({ reason }, 'traces cannot be sent; they are dropped');
      else logger.info('traces are sent again');
    },
  });
}

function createClient(
  { upstream }: Config,
  reader: ReportReader,
  telemetry: Telemetry,
  logger: Logger,
  clock: Clock,
): ScaleOpsClient {
  const client = createScaleOpsClient({
    ...upstream,
    reader,
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
  // Whoever is done with the client wants nothing read any more.
  const close = () => Promise.all([client.close(), reader.close()]).then(() => undefined);
  return { ...client, close };
}

function createCache(
  { upstream, cache }: Config,
  parts: Pick<ReportCacheOptions, 'client' | 'shared' | 'instrumentation'>,
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
      logger.warn({ report, code, reason }, 'background refresh failed; serving the stale report');
    },
  });
}

/** Where nothing is kept there is nothing to share. */
function sharedUrlOf({ cache }: Config): string | undefined {
  return cache.ttlMs > 0 ? cache.redisUrl : undefined;
}

function createSharedTier(config: Config, reader: ReportReader, logger: Logger, clock: Clock): SharedCache | undefined {
  const { cache, upstream } = config;
  const url = sharedUrlOf(config);
  if (url === undefined) return undefined;
  const redis = createRedis({
    url,
    onConnectionChange: (isConnected, reason) => {
      if (isConnected) logger.info('the shared cache is connected');
      else logger.warn({ reason }, 'the shared cache cannot be reached; going on without it');
    },
  });
  return createSharedCache({
    redis,
    reader,
    retentionMs: ({ report, receivedAt }) => retentionMs(freshnessLifetimeMs(report, receivedAt, cache), cache),
    maxRetentionMs: retentionMs(Math.max(cache.ttlMs, cache.pastTtlMs), cache),
    maxBytes: upstream.maxResponseBytes,
    timeoutMs: upstream.timeoutMs,
    clock,
    onAvailabilityChange: (isAvailable) => {
      if (isAvailable) logger.info('the shared cache works again');
      else logger.warn('the shared cache fails; it is bypassed for a while');
    },
  });
}
