// The gateway: the door in front, what stands behind it, and the socket. Everything long-lived is closed here, in the reverse
// of the order in which it was made.

import { systemClock } from './clock.js';
import type { Config } from './config.js';
import { createSchema } from './graphql/schema.js';
import { createDoor } from './http/door.js';
import { createReadiness } from './http/readiness.js';
import { withAddress } from './http/request-target.js';
import { createHttpServer } from './http/server.js';
import { createParts, type GatewayDependencies } from './parts.js';

/** How long a closing gateway waits for reports that are under way. Orchestrators give it 10 seconds or more. */
const MAX_DRAIN_MS = 8_000;

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
  const { telemetry, authentication, credentials, client, shared, cache } = createParts(config, dependencies, clock);
  const readiness = createReadiness((isReady, reasons) => {
    logger.info({ reasons }, isReady ? 'ready' : 'not ready');
  });
  const door = createDoor({
    ...toDoorSettings(config),
    parts: {
      cache,
      credentials,
      ...toContextSettings(config),
    },
    authentication,
    logger,
    now: () => clock.now(),
    isReady: () => {
      readiness.set('no signing keys', authentication?.isReady() === false);
      return readiness.isReady();
    },
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
      // The first who asks need not wait for the keys of the issuer; without them we are not ready.
      authentication?.isReady();
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

/** What of the configuration resolvers have to know. */
function toContextSettings({ upstream, maxPageRows, maxAnswerRows }: Config) {
  const { multiClusterByDefault, resilience } = upstream;
  return { maxReportsAtOnce: resilience.maxInFlight, multiClusterByDefault, maxPageRows, maxAnswerRows };
}

/** What of the configuration is about the door. */
function toDoorSettings(config: Config) {
  return {
    createSchema: () => createSchema(config.schema),
    access: config.access.kind,
    trustedDocuments: config.trustedDocuments,
    persistedQueries: config.persistedQueries,
    cacheControl: config.cacheControl,
    graphiql: config.graphiql,
    logSamplePercent: config.logSamplePercent,
    federation: config.schema.federation,
  };
}
