// The settings of the reports that are kept.

import type { Setting } from './setting.js';
import { number, oneOf, redisUrl } from './rules.js';

const fine = true;

export const CACHE_SETTINGS = {
  CACHE_TTL_SECONDS: {
    ...number(0, 86_400),
    default: '60',
    fine,
    meaning: 'How long a report counts as fresh, in seconds; 0 keeps none.',
  },
  CACHE_PAST_TTL_SECONDS: {
    ...number(0, 86_400),
    default: '3600',
    fine,
    meaning:
      'The same for a window that ended a week ago or longer, where that is more: past prices are still corrected.',
  },
  CACHE_STALE_SECONDS: {
    ...number(0, 86_400),
    default: '300',
    fine,
    meaning: 'How long after that a report is still served at once while it is asked for anew, in seconds.',
  },
  CACHE_STALE_IF_ERROR_SECONDS: {
    ...number(0, 604_800),
    default: '3600',
    fine,
    meaning:
      'How long after its freshness a report is served while ScaleOps fails, in seconds. Never after a 401 or 403.',
  },
  CACHE_RECHECK_SECONDS: {
    ...number(1, 3_600),
    default: '60',
    fine,
    meaning:
      'With forward: for how long a token that ScaleOps took counts as good, in seconds. Then kept reports wait for it.',
  },
  CACHE_MAX_MB: {
    ...number(1, 1_048_576),
    fine,
    default: '256',
    meaning: 'The memory that kept reports may take, in MiB.',
  },
  CACHE_CONTROL: {
    ...oneOf('private', 'public'),
    default: 'private',
    fine,
    meaning: 'What `Cache-Control` says of fresh answers. public only where everyone may see everything.',
  },
  CACHE_REDIS_URL: {
    ...redisUrl,
    meaning: 'A Valkey or Redis that replicas share, `redis://…` or `rediss://…`. It holds reports encrypted.',
  },
} as const satisfies Record<string, Setting<unknown>>;
