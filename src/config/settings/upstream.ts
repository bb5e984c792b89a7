// The settings of ScaleOps and of the calls to it.

import type { Setting } from './setting.js';
import { boolean, httpUrl, number, oneOf, path, token, text } from './rules.js';

const fine = true;
const required = true;

export const UPSTREAM_SETTINGS = {
  SCALEOPS_URL: {
    ...httpUrl,
    required,
    meaning: 'Your ScaleOps host, such as `https://scaleops.example.com`. Required.',
  },
  SCALEOPS_AUTH: {
    ...oneOf('token', 'login', 'azure', 'forward'),
    default: 'token',
    meaning:
      'Who asks ScaleOps: the gateway by token, login or azure, or with forward each caller by its own bearer token.',
  },
  SCALEOPS_TOKEN: { ...token, meaning: 'For token: the bearer token. Or `SCALEOPS_TOKEN_FILE`.' },
  SCALEOPS_TOKEN_FILE: { ...text, fine, meaning: 'For token: a file that holds it; read again when it changes.' },
  SCALEOPS_USERNAME: { ...text, fine, meaning: 'For login: the user of ScaleOps, built-in or LDAP.' },
  SCALEOPS_PASSWORD: { ...text, verbatim: true, fine, meaning: 'For login: the password.' },
  SCALEOPS_AZURE_TENANT_ID: { ...path.segment, fine, meaning: 'For azure: the tenant.' },
  SCALEOPS_AZURE_CLIENT_ID: { ...text, fine, meaning: 'For azure: the client (application) id.' },
  SCALEOPS_AZURE_CLIENT_SECRET: { ...text, fine, meaning: 'For azure: the client secret.' },
  SCALEOPS_AZURE_AUTHORITY: {
    ...httpUrl,
    default: 'https://login.microsoftonline.com',
    fine,
    meaning: 'For azure: the login host.',
  },
  SCALEOPS_WORKLOADS_PATH: {
    ...path.absolute,
    default: '/detailedCostReport/getWorkloads',
    fine,
    meaning: 'The path of the workload report.',
  },
  SCALEOPS_AGGREGATED_PATH: {
    ...path.absolute,
    default: '/detailedCostReport/getAggregatedWorkloads',
    meaning: 'The path of the aggregated report. An assumption: the vendor documents no path.',
  },
  SCALEOPS_MULTI_CLUSTER: {
    ...boolean,
    fine,
    default: 'off',
    meaning: '`multiCluster` where the filter does not decide it: on or off.',
  },
  SCALEOPS_TIMEOUT_MS: {
    ...number(1, 600_000),
    default: '30000',
    fine,
    meaning: 'The deadline of one report over everything, logins and retries included, in milliseconds.',
  },
  SCALEOPS_MAX_RESPONSE_MB: {
    ...number(1, 500),
    default: '128',
    fine,
    meaning: 'The longest answer that is read, decoded, in MiB.',
  },
  SCALEOPS_MAX_IN_FLIGHT: { ...number(1, 256), default: '8', fine, meaning: 'How many calls run at the same time.' },
  SCALEOPS_MAX_QUEUED: {
    ...number(0, 10_000),
    default: '256',
    fine,
    meaning: 'How many calls may wait for a slot, each for as long as its deadline leaves time for a usual call.',
  },
  SCALEOPS_MAX_ATTEMPTS: {
    ...number(1, 10),
    default: '3',
    fine,
    meaning: 'How often a report is tried while ScaleOps fails; 1 never retries.',
  },
  SCALEOPS_RETRY_PERCENT: {
    ...number(0, 100),
    default: '10',
    fine,
    meaning: 'The retries allowed within a minute, in percent of the requests of that minute.',
  },
  SCALEOPS_RETRY_MIN: {
    ...number(0, 1_000),
    default: '3',
    fine,
    meaning: 'The retries allowed within a minute however few the requests.',
  },
  SCALEOPS_BREAKER_FAILURES: {
    ...number(1, 1_000),
    default: '5',
    fine,
    meaning: 'After so many failures in a row ScaleOps is left alone for a while.',
  },
  SCALEOPS_BREAKER_PERCENT: {
    ...number(1, 100),
    default: '50',
    fine,
    meaning: 'The same after so many failures in percent of the calls within the time below.',
  },
  SCALEOPS_BREAKER_MIN_CALLS: {
    ...number(1, 10_000),
    default: '10',
    fine,
    meaning: 'How many calls there must be for a percentage.',
  },
  SCALEOPS_BREAKER_WINDOW_SECONDS: {
    ...number(1, 3_600),
    default: '30',
    fine,
    meaning: 'The time over which that percentage is taken, in seconds.',
  },
  SCALEOPS_BREAKER_OPEN_SECONDS: {
    ...number(1, 3_600),
    default: '15',
    fine,
    meaning: 'How long ScaleOps is left alone until one call probes it, in seconds; doubles while the probe fails.',
  },
  SCALEOPS_BREAKER_MAX_OPEN_SECONDS: {
    ...number(1, 3_600),
    default: '120',
    fine,
    meaning: 'The longest that doubling makes it, in seconds.',
  },
} as const satisfies Record<string, Setting<unknown>>;
