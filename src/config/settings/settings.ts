// All settings: name, default, rule and description, in groups. `--help` prints them.

import { ACCESS_SETTINGS } from './access.js';
import { CACHE_SETTINGS } from './cache.js';
import { FEDERATION_SETTINGS, LIMIT_SETTINGS, LOG_SETTINGS, SERVER_SETTINGS } from './gateway.js';
import { OPENTELEMETRY_SETTINGS } from './opentelemetry.js';
import { RESILIENCE_SETTINGS, UPSTREAM_SETTINGS } from './upstream.js';

/** By their titles, in the order of `--help`. */
export const SETTING_GROUPS = {
  'ScaleOps: host and account': UPSTREAM_SETTINGS,
  'ScaleOps: time limits, retries, circuit breaker': RESILIENCE_SETTINGS,
  'Server and browsers': SERVER_SETTINGS,
  'Authentication and permissions of callers': ACCESS_SETTINGS,
  Cache: CACHE_SETTINGS,
  'Limits of requests': LIMIT_SETTINGS,
  'Apollo Federation': FEDERATION_SETTINGS,
  'Log and metrics': LOG_SETTINGS,
  'Traces (OpenTelemetry)': OPENTELEMETRY_SETTINGS,
} as const;

export const SETTINGS = {
  ...UPSTREAM_SETTINGS,
  ...RESILIENCE_SETTINGS,
  ...SERVER_SETTINGS,
  ...ACCESS_SETTINGS,
  ...CACHE_SETTINGS,
  ...LIMIT_SETTINGS,
  ...FEDERATION_SETTINGS,
  ...LOG_SETTINGS,
  ...OPENTELEMETRY_SETTINGS,
};

export type SettingName = keyof typeof SETTINGS;
