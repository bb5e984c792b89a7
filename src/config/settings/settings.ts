// All settings: name, default, rule and description. `--help` prints them.

import { ACCESS_SETTINGS } from './access.js';
import { CACHE_SETTINGS } from './cache.js';
import { GATEWAY_SETTINGS } from './gateway.js';
import { OPENTELEMETRY_SETTINGS } from './opentelemetry.js';
import { UPSTREAM_SETTINGS } from './upstream.js';

export const SETTINGS = {
  ...UPSTREAM_SETTINGS,
  ...CACHE_SETTINGS,
  ...ACCESS_SETTINGS,
  ...GATEWAY_SETTINGS,
  ...OPENTELEMETRY_SETTINGS,
};

export type SettingName = keyof typeof SETTINGS;
