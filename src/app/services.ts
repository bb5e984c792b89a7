// Creates the services behind the HTTP layer: telemetry, authentication, credentials, the ScaleOps client, both cache tiers;
// and logs the changes of their state.

import type { Logger } from 'pino';

import { createAuthentication, type Authentication } from '../auth/authentication.js';
import { createRedis } from '../cache/shared/redis.js';
import { ReportCache } from '../cache/report-cache.js';
import type { CacheServices } from '../cache/report-fetcher.js';
import { SharedCache } from '../cache/shared/shared-cache.js';
import type { Clock } from '../clock.js';
import type { Config } from '../config/config.js';
import { Scheduler } from '../concurrency/scheduler.js';
import { GatewayError } from '../errors.js';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.js';
import { createScaleOpsClient, type ScaleOpsClient } from '../upstream/client/client.js';
import { createProxiedFetch } from '../upstream/http/proxy.js';
import { createCredentials } from '../upstream/auth/credentials.js';
import { createReportParser, type ReportParser } from '../upstream/parse/report-parser.js';

/** What the process, a test or an embedding program provides. */
export interface GatewayDependencies {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** For metrics and traces. */
  readonly version?: string;
  /** Whether the gateway owns its process, so that its metrics include those of the process. */
  readonly collectProcessMetrics?: boolean;
}

export type Services = ReturnType<typeof createServices>;

interface Base {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The caller closes them, in reverse order. */
export function createServices(config: Config, dependencies: GatewayDependencies, clock: Clock) {
  const base = { config, logger: dependencies.logger, clock };
  const telemetry = createGatewayTelemetry(base, dependencies);
  const instrumentation = telemetry.instruments;
  const authentication = createAuthenticator(base);
  const credentials = createCredentials({ ...config.upstream, proxy: config.proxy, clock, instrumentation });
  const parser = createReportParser({
    keepsBodies: sharedUrlOf(config) !== undefined,
    largeBodies: config.memory.largeBodies,
  });
  const client = createClient(base, parser, telemetry);
  const shared = createSharedTier(base, parser);
  const cache = createCache(base, { client, shared, instrumentation });
  telemetry.metrics?.registerGauges({ cache, upstream: client, shared });
  return { telemetry, authentication, credentials, client, shared, cache, scheduler: new Scheduler() };
}

function createAuthenticator({ config: { access, proxy }, logger, clock }: Base): Authentication | undefined {
  return createAuthentication(access, {
    clock,
    fetch: proxy && createProxiedFetch(proxy),
    onKeysAvailabilityChange: (areAvailable, reason) => {
      if (areAvailable) logger.info('the signing keys of the issuer are available again');
      else logger.warn({ reason }, 'the signing keys of the issuer cannot be fetched');
    },
  });
}

function createGatewayTelemetry(
  { config: { telemetry, trustedDocuments, proxy }, logger, clock }: Base,
  { version = 'unknown', collectProcessMetrics = false }: GatewayDependencies,
): Telemetry {
  return createTelemetry({
    metrics: telemetry.metrics,
    tracing: telemetry.tracing && { ...telemetry.tracing, proxy },
    // Trusted documents are a closed list, so their names may be labels.
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

function createClient({ config, logger, clock }: Base, parser: ReportParser, telemetry: Telemetry): ScaleOpsClient {
  const settings = { ...config.upstream, proxy: config.proxy };
  const client = createScaleOpsClient(settings, {
    parser,
    clock,
    instrumentation: telemetry.instruments,
    onWarnings: (report, warnings) => {
      telemetry.metrics?.countWarnings(warnings);
      const fields = warnings.map(({ code, count, field }) => ({ code, count, field }));
      logger.warn({ report, warnings: fields }, 'report has data-quality warnings');
    },
    onBreaker: (isOpen, fault) => {
      telemetry.metrics?.setBreakerOpen(isOpen);
      const { code, reason } = fault ?? {};
      if (isOpen) logger.warn({ code, reason }, 'circuit breaker open: ScaleOps failed repeatedly');
      else logger.info('circuit breaker closed: ScaleOps responds again');
    },
  });
  const close = () => Promise.all([client.close(), parser.close()]).then(() => undefined);
  return { ...client, close };
}

function createCache(
  { config: { upstream, cache }, logger, clock }: Base,
  services: Pick<CacheServices, 'client' | 'shared' | 'instrumentation'>,
): ReportCache {
  return new ReportCache(cache, {
    ...services,
    upstream: [upstream.url, ...Object.values(upstream.paths)].join(' '),
    timeoutMs: upstream.timeoutMs,
    clock,
    onRefreshFailed({ report }, error) {
      const { code, reason } = error instanceof GatewayError ? error : new GatewayError('INTERNAL_SERVER_ERROR');
      // The gateway is closing.
      if (reason === 'UND_ERR_DESTROYED') return;
      logger.warn({ report, code, reason }, 'background refresh failed; serving the stale report');
    },
  });
}

/** Undefined without caching. */
function sharedUrlOf({ cache }: Config): string | undefined {
  return cache.ttlMs > 0 ? cache.redisUrl : undefined;
}

function createSharedTier({ config, logger, clock }: Base, parser: ReportParser): SharedCache | undefined {
  const { cache, upstream } = config;
  const url = sharedUrlOf(config);
  if (url === undefined) return undefined;
  const redis = createRedis(url, (isConnected, reason) => {
    if (isConnected) logger.info('the shared cache is connected');
    else logger.warn({ reason }, 'the shared cache cannot be reached; going on without it');
  });
  return new SharedCache({
    redis,
    parser,
    freshness: cache,
    maxBytes: upstream.maxResponseBytes,
    timeoutMs: upstream.timeoutMs,
    clock,
    onAvailabilityChange: (isAvailable, reason) => {
      if (isAvailable) logger.info('the shared cache works again');
      else logger.warn({ reason }, 'the shared cache fails; it is bypassed for a while');
    },
  });
}
