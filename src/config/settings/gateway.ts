// The settings of the server: socket, browser access, shutdown, limits, federation, metrics and the log.

import { access, boolean, host, limit, number, oneOf, origins, type Setting } from './rules.js';
import { operationNames } from './telemetry-rules.js';

export const SERVER_SETTINGS = {
  HOST: { ...host, default: '127.0.0.1', common: true, description: 'The address to listen on.' },
  PORT: {
    ...number({ min: 0, max: 65_535, default: 4_000 }),
    description: 'The port to listen on; 0 lets the system choose.',
  },
  GRAPHIQL: {
    ...boolean('on'),
    description:
      'The GraphiQL page at `/graphql`: on or off. With GATEWAY_TRUSTED_DOCUMENTS the page only says why there is no GraphiQL.',
  },
  GATEWAY_CORS_ORIGINS: {
    ...origins,
    description:
      'The origins of web pages on other hosts that may send requests (CORS), separated by commas, such as `https://costs.example.com, http://localhost:3000`. None by default.',
  },
  GATEWAY_INTROSPECTION: {
    ...boolean('on'),
    description: 'Whether clients may read the schema, and errors suggest names: on or off.',
  },
  GATEWAY_SHUTDOWN_DELAY_SECONDS: {
    ...number({ min: 0, max: 300, default: 0 }),
    description:
      'How long after SIGTERM the gateway still accepts requests, in seconds, so that load balancers see that it is not ready.',
  },
  GATEWAY_SHUTDOWN_LIMIT_SECONDS: {
    ...number({ min: 1, max: 600, default: 8 }),
    description:
      'How long requests in flight may take after that, in seconds. The process ends at most two seconds later.',
  },
} as const satisfies Record<string, Setting<unknown>>;

export const LIMIT_SETTINGS = {
  GATEWAY_MAX_PAGE_ROWS: {
    ...limit({ max: 1_000_000, default: 'off' }),
    description: 'The maximum number of rows per page: a number, or off.',
  },
  GATEWAY_MAX_ANSWER_ROWS: {
    ...limit({ max: 100_000_000, default: 250_000 }),
    description: 'The maximum number of rows and entity reports per response: a number, or off.',
  },
  GATEWAY_MAX_BODY_KIB: {
    ...number({ min: 1, max: 65_536, default: 2_048 }),
    description:
      'The maximum length of a request body, decompressed, in KiB. A router that resolves 5,000 workloads with long cluster names sends about 1,100.',
  },
  GATEWAY_MAX_TOKENS: {
    ...limit({ max: 1_000_000, default: 2_000 }),
    description: 'The maximum number of tokens in a document: a number, or off.',
  },
  GATEWAY_MAX_DEPTH: {
    ...limit({ max: 1_000, default: 20 }),
    description: 'The maximum depth of nested fields in an operation: a number, or off.',
  },
  GATEWAY_MAX_ALIASES: {
    ...limit({ max: 100_000, default: 50 }),
    description:
      'The maximum number of aliases in an operation: a number, or off. A fragment counts each time it is spread.',
  },
  GATEWAY_MAX_ROOT_FIELDS: {
    ...limit({ max: 100_000, default: 20 }),
    description: 'The maximum number of fields of Query in an operation: a number, or off.',
  },
  GATEWAY_MAX_DIRECTIVES: {
    ...limit({ max: 100_000, default: 50 }),
    description: 'The maximum number of directives in an operation: a number, or off.',
  },
  GATEWAY_MAX_FRAGMENTS: {
    ...limit({ max: 100_000, default: 100 }),
    description: 'The maximum number of fragments in a document: a number, or off.',
  },
  GATEWAY_MAX_REPEATED_FIELDS: {
    ...limit({ max: 100_000, default: 100 }),
    description:
      'The maximum number of fields with one response name in a selection set, fragments included: a number, or off. Validation compares each pair.',
  },
  GATEWAY_MAX_COST: {
    ...limit({ max: 999_999_999, default: 5_000_000 }),
    description: 'The maximum cost of an operation, estimated before it runs as rows times fields: a number, or off.',
  },
  GATEWAY_MAX_UPSTREAM_CALLS: {
    ...limit({ max: 100_000, default: 100 }),
    description: 'The maximum number of reports that one operation may request from ScaleOps: a number, or off.',
  },
  GATEWAY_MAX_INTERVALS: {
    ...number({ min: 1, max: 1_000, default: 100 }),
    description: 'The maximum number of intervals of a time series.',
  },
  GATEWAY_TIMEOUT_MS: {
    ...limit({ max: 3_600_000, default: 60_000 }),
    description:
      'The time limit of an operation, in milliseconds: a number, or off. It should not be less than SCALEOPS_TIMEOUT_MS.',
  },
  GATEWAY_RATE_LIMIT: {
    ...limit({ max: 10_000_000, default: 'off' }),
    description: 'The maximum number of operations per minute and caller, also in one burst: a number, or off.',
  },
} as const satisfies Record<string, Setting<unknown>>;

export const FEDERATION_SETTINGS = {
  GATEWAY_FEDERATION: {
    ...boolean('on'),
    description: 'Whether the gateway is an Apollo Federation subgraph: on or off.',
  },
  GATEWAY_FEDERATION_ACCESS: {
    ...access,
    default: 'off',
    description:
      'The access rule for costs that routers enforce: off, authenticated, or scopes such as `costs:read finops, admin` (both of the first two, or the third). The gateway does not enforce it, nor does every router: send yours a query without a token. GATEWAY_AUTH protects the gateway itself.',
  },
  GATEWAY_FEDERATION_CACHE_TAGS: {
    ...boolean('off'),
    description:
      'Whether the schema has `@cacheTag`, for Apollo Router (federation 2.12): on or off. Other routers and composers need off (2.9).',
  },
} as const satisfies Record<string, Setting<unknown>>;

export const LOG_SETTINGS = {
  LOG_LEVEL: {
    ...oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    description: 'The least severe level that is logged: trace, debug, info, warn, error, fatal or silent.',
  },
  LOG_SAMPLE_PERCENT: {
    ...number({ min: 0, max: 100, default: 100 }),
    description:
      'The percentage of successful operations that are logged. Operations with errors or stale reports are always logged.',
  },
  GATEWAY_METRICS: {
    ...boolean('on'),
    description:
      'Prometheus metrics at `/metrics`, without authentication: on or off. They contain counts and durations, no callers and no costs.',
  },
  GATEWAY_METRICS_OPERATIONS: {
    ...operationNames,
    description: 'The operation names in metrics and traces, separated by commas; others are `other` or `anonymous`.',
  },
} as const satisfies Record<string, Setting<unknown>>;
