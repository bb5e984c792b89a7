// The one place where the parts are put together. Everything long-lived is made here, and closed here in reverse.

import type { Logger } from 'pino';

import { createReportCache } from './cache/report-cache.js';
import { systemClock, type Clock } from './clock.js';
import type { Config } from './config.js';
import { createSchema } from './graphql/schema.js';
import { createDoor } from './http/door.js';
import { withAddress } from './http/request-target.js';
import { createHttpServer } from './http/server.js';
import { createScaleOpsClient } from './upstream/client.js';
import { createTokenCredentials } from './upstream/credentials.js';

/** How many reports are asked for at the same time; further ones wait, inside their deadline. */
const UPSTREAM_CONNECTIONS = 8;

/** What a test or another host may replace. */
export interface GatewayDependencies {
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface Gateway {
  /** Answers one request without a socket. */
  fetch(request: Request): Promise<Response>;
  /** Opens the socket; answers with its URL. Rejects when the address is taken or there is no usable token. */
  listen(): Promise<string>;
  /** Says "not ready", finishes what is in flight, and lets go of the upstream. */
  close(): Promise<void>;
}

export function createGateway(config: Config, { logger, clock = systemClock }: GatewayDependencies): Gateway {
  const { upstream } = config;
  const credentials = createTokenCredentials(upstream.token);
  const client = createScaleOpsClient({
    ...upstream,
    connections: UPSTREAM_CONNECTIONS,
    clock,
    onDroppedNumbers: (report, count) => {
      logger.warn({ report, count }, 'numbers of a report were not finite or not whole; they are null');
    },
  });
  const cache = createReportCache({ client, upstream: upstream.url, ...config.cache, clock });

  let isReady = true;
  const door = createDoor({
    schema: createSchema(),
    parts: {
      cache,
      credentials,
      multiClusterByDefault: upstream.multiClusterByDefault,
      maxPageRows: config.maxPageRows,
    },
    graphiql: config.graphiql,
    logger,
    now: () => clock.now(),
    isReady: () => isReady,
  });
  const server = createHttpServer(
    withAddress((request, response) => void door(request, response)),
    config.host,
    config.port,
  );

  return {
    fetch: async (request) => door.fetch(request),
    async listen() {
      // A token that cannot be had at the start is a mistake in the set-up: say so now, not at the first query.
      await credentials.principal();
      return server.listen();
    },
    async close() {
      isReady = false;
      await server.close();
      await client.close();
      await door.dispose();
    },
  };
}
