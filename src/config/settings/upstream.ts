// The settings of ScaleOps and of calls to it.

import { boolean, httpUrl, number, oneOf, path, token, text, type Setting } from './rules.js';

export const UPSTREAM_SETTINGS = {
  SCALEOPS_URL: {
    ...httpUrl,
    required: true,
    common: true,
    description: 'Your ScaleOps host, such as `https://scaleops.example.com`. Required.',
  },
  SCALEOPS_AUTH: {
    ...oneOf('token', 'login', 'azure', 'forward', 'none'),
    default: 'token',
    common: true,
    description:
      'How the gateway authenticates at ScaleOps: with its own token (token), by login (login) or by an Azure login (azure), with the bearer token of each caller (forward), or not at all (none).',
  },
  SCALEOPS_TOKEN: {
    ...token,
    common: true,
    secret: true,
    description: 'For token: the bearer token. Or set `SCALEOPS_TOKEN_FILE`.',
  },
  SCALEOPS_TOKEN_FILE: { ...text, description: 'For token: a file with the bearer token; read again when it changes.' },
  SCALEOPS_USERNAME: { ...text, secret: true, description: 'For login: the ScaleOps user, built-in or LDAP.' },
  SCALEOPS_PASSWORD: { ...text, keepWhitespace: true, secret: true, description: 'For login: the password.' },
  SCALEOPS_AZURE_TENANT_ID: { ...path.segment, description: 'For azure: the tenant.' },
  SCALEOPS_AZURE_CLIENT_ID: { ...text, description: 'For azure: the client (application) id.' },
  SCALEOPS_AZURE_CLIENT_SECRET: { ...text, secret: true, description: 'For azure: the client secret.' },
  SCALEOPS_AZURE_AUTHORITY: {
    ...httpUrl,
    default: 'https://login.microsoftonline.com',
    description: 'For azure: the login host.',
  },
  SCALEOPS_WORKLOADS_PATH: {
    ...path.absolute,
    default: '/detailedCostReport/getWorkloads',
    description: 'The path of the workload report, below SCALEOPS_URL.',
  },
  SCALEOPS_AGGREGATED_PATH: {
    ...path.absolute,
    default: '/detailedCostReport/getAggregatedWorkloads',
    common: true,
    description:
      'The path of the aggregated report, below SCALEOPS_URL. The default is an assumption: ScaleOps documents no path.',
  },
  SCALEOPS_MULTI_CLUSTER: {
    ...boolean('on'),
    description: 'The default of `multiCluster` in filters: all clusters (on), or the one that ScaleOps runs in (off).',
  },
} as const satisfies Record<string, Setting<unknown>>;

export const RESILIENCE_SETTINGS = {
  SCALEOPS_TIMEOUT_MS: {
    ...number({ min: 1, max: 600_000, default: 30_000 }),
    description: 'The deadline of a report, logins, queueing and retries included, in milliseconds.',
  },
  SCALEOPS_MAX_RESPONSE_MB: {
    ...number({ min: 1, max: 500, default: 128 }),
    description: 'The maximum size of a decoded ScaleOps response, in MiB.',
  },
  SCALEOPS_MAX_IN_FLIGHT: {
    ...number({ min: 1, max: 256, default: 8 }),
    description: 'The maximum number of concurrent calls to ScaleOps.',
  },
  SCALEOPS_MAX_QUEUED: {
    ...number({ min: 0, max: 10_000, default: 256 }),
    description:
      'The maximum number of calls that wait for a slot, each while its deadline leaves time for a usual call.',
  },
  SCALEOPS_MAX_ATTEMPTS: {
    ...number({ min: 1, max: 10, default: 3 }),
    description: 'The maximum number of attempts per report while ScaleOps fails; 1 disables retries.',
  },
  SCALEOPS_RETRY_PERCENT: {
    ...number({ min: 0, max: 100, default: 10 }),
    description: 'The maximum number of retries per minute, in percent of the requests of that minute.',
  },
  SCALEOPS_RETRY_MIN: {
    ...number({ min: 0, max: 1_000, default: 3 }),
    description: 'The number of retries per minute that are always allowed.',
  },
  SCALEOPS_BREAKER_FAILURES: {
    ...number({ min: 1, max: 1_000, default: 5 }),
    description: 'After this many consecutive failures calls to ScaleOps are suspended (circuit breaker).',
  },
  SCALEOPS_BREAKER_PERCENT: {
    ...number({ min: 1, max: 100, default: 50 }),
    description: 'Calls are also suspended after this percentage of failures within SCALEOPS_BREAKER_WINDOW_SECONDS.',
  },
  SCALEOPS_BREAKER_MIN_CALLS: {
    ...number({ min: 1, max: 10_000, default: 10 }),
    description: 'The minimum number of calls in the window for that percentage to count.',
  },
  SCALEOPS_BREAKER_WINDOW_SECONDS: {
    ...number({ min: 1, max: 3_600, default: 30 }),
    description: 'The window of that percentage, in seconds.',
  },
  SCALEOPS_BREAKER_OPEN_SECONDS: {
    ...number({ min: 1, max: 3_600, default: 15 }),
    description: 'How long calls are suspended before one call probes ScaleOps, in seconds; doubles while probes fail.',
  },
  SCALEOPS_BREAKER_MAX_OPEN_SECONDS: {
    ...number({ min: 1, max: 3_600, default: 120 }),
    description: 'The maximum of that doubled time, in seconds.',
  },
} as const satisfies Record<string, Setting<unknown>>;
