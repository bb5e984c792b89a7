// The settings of the server, the schema and the log.

import { access, boolean, host, limit, number, oneOf } from './rules.js';
import type { Setting } from './setting.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const advanced = true;

export const GATEWAY_SETTINGS = {
  HOST: { ...host, default: '127.0.0.1', description: 'The address to listen on.' },
  PORT: {
    ...number(0, 65_535),
    default: '4000',
    advanced,
    description: 'The port to listen on; 0 lets the system choose.',
  },
  GATEWAY_MAX_PAGE_ROWS: {
    ...limit(1_000_000),
    default: 'off',
    advanced,
    description: 'The maximum number of rows per page: a number, or off.',
  },
  GATEWAY_MAX_ANSWER_ROWS: {
    ...limit(100_000_000),
    default: '250000',
    advanced,
    description: 'The maximum number of rows and entity reports per response: a number, or off.',
  },
  GATEWAY_FEDERATION: {
    ...boolean,
    default: 'on',
    advanced,
    description: 'Whether the gateway is an Apollo Federation subgraph: on or off.',
  },
  GATEWAY_FEDERATION_ACCESS: {
    ...access,
    default: 'off',
    advanced,
    description:
      'The access rule for costs that routers enforce: off, authenticated, or scopes such as `costs:read finops, admin` (both of the first two, or the third).',
  },
  GATEWAY_FEDERATION_CACHE_TAGS: {
    ...boolean,
    default: 'on',
    advanced,
    description:
      'Whether the schema has `@cacheTag`, for Apollo Router (federation 2.12): on or off. @apollo/gateway needs off (2.9).',
  },
  GRAPHIQL: { ...boolean, default: 'on', advanced, description: 'The GraphiQL page at `/graphql`: on or off.' },
  LOG_LEVEL: {
    ...oneOf(...LOG_LEVELS),
    default: 'info',
    advanced,
    description: 'The least severe level that is logged: trace, debug, info, warn, error, fatal or silent.',
  },
} as const satisfies Record<string, Setting<unknown>>;
