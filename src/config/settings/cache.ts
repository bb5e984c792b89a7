// The settings of the report cache.

import { limit, number, oneOf, redisUrl, type Setting } from './rules.js';

export const CACHE_SETTINGS = {
  CACHE_TTL_SECONDS: {
    ...number({ min: 0, max: 86_400, default: 60 }),
    common: true,
    description: 'How long a report is fresh while its window is running, in seconds; 0 disables the cache.',
  },
  CACHE_SETTLING_TTL_SECONDS: {
    ...number({ min: 0, max: 86_400, default: 900 }),
    description: 'How long a report is fresh after the end of its window, in seconds; at least CACHE_TTL_SECONDS.',
  },
  CACHE_SETTLED_TTL_SECONDS: {
    ...number({ min: 0, max: 604_800, default: 86_400 }),
    description: 'How long a report is fresh once its window is settled, in seconds; at least CACHE_TTL_SECONDS.',
  },
  CACHE_SETTLED_AFTER_SECONDS: {
    ...number({ min: 0, max: 31_536_000, default: 604_800 }),
    description: 'How long after its end a window is settled, in seconds: ScaleOps no longer corrects its costs.',
  },
  CACHE_STALE_SECONDS: {
    ...number({ min: 0, max: 86_400, default: 300 }),
    description: 'How long a report that is no longer fresh is served while a newer one is fetched, in seconds.',
  },
  CACHE_STALE_IF_ERROR_SECONDS: {
    ...number({ min: 0, max: 604_800, default: 3_600 }),
    description:
      'How long a report that is no longer fresh is served while ScaleOps fails, in seconds. Never after a 401 or 403.',
  },
  CACHE_RECHECK_SECONDS: {
    ...number({ min: 1, max: 3_600, default: 60 }),
    description:
      "With SCALEOPS_AUTH=forward: how long a caller's token counts as valid after ScaleOps accepted it, in seconds.",
  },
  CACHE_MAX_MB: {
    ...limit({ max: 1_048_576, default: 'auto' }),
    description:
      'The memory for cached reports and responses, in MiB: three quarters for reports, one quarter for responses. auto: a quarter of the memory limit of the container, at most 256, and less in a container under 600 MiB.',
  },
  CACHE_CONTROL: {
    ...oneOf('private', 'public'),
    default: 'private',
    description:
      'The `Cache-Control` of fresh responses: private or public. public only if every caller may see everything.',
  },
  CACHE_REDIS_URL: {
    ...redisUrl,
    common: true,
    secret: true,
    description: 'A Valkey or Redis that replicas share, `redis://…` or `rediss://…`. Reports in it are encrypted.',
  },
} as const satisfies Record<string, Setting<unknown>>;
