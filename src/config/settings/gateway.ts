// The settings of the gateway's own door.

import type { Setting } from './setting.js';
import { access, boolean, host, limit, number, oneOf } from './rules.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const fine = true;

export const GATEWAY_SETTINGS = {
  HOST: { ...host, default: '127.0.0.1', meaning: 'The address to listen on.' },
  PORT: { ...number(0, 65_535), default: '4000', fine, meaning: 'The port to listen on; 0 lets the system choose.' },
  GATEWAY_MAX_PAGE_ROWS: {
    ...limit(1_000_000),
    default: 'off',
    fine,
    meaning: 'The most rows that one page may have: a number, or off.',
  },
  GATEWAY_MAX_ANSWER_ROWS: {
    ...limit(100_000_000),
    default: '250000',
    fine,
    meaning: 'The most rows, and reports of entities, that one answer may have in all: a number, or off.',
  },
  GATEWAY_FEDERATION: {
    ...boolean,
    default: 'on',
    fine,
    meaning: 'Whether routers find a subgraph of Apollo Federation here: on or off.',
  },
  GATEWAY_FEDERATION_ACCESS: {
    ...access,
    default: 'off',
    fine,
    meaning:
      'What a router is told to ask of callers for costs: off, authenticated, or scopes such as `costs:read finops, admin` (both of two, or the third).',
  },
  GATEWAY_FEDERATION_CACHE_TAGS: {
    ...boolean,
    default: 'on',
    fine,
    meaning:
      'Whether the schema has `@cacheTag`, for Apollo Router (federation 2.12): on or off. @apollo/gateway needs off (2.9).',
  },
  GRAPHIQL: { ...boolean, default: 'on', fine, meaning: 'The GraphiQL page at `/graphql`: on or off.' },
  LOG_LEVEL: {
    ...oneOf(...LOG_LEVELS),
    default: 'info',
    fine,
    meaning: 'trace, debug, info, warn, error, fatal or silent.',
  },
} as const satisfies Record<string, Setting<unknown>>;
