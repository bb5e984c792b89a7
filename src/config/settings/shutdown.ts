// The settings of the shutdown.

import { number } from './rules.js';
import type { Setting } from './setting.js';

const advanced = true;

export const SHUTDOWN_SETTINGS = {
  GATEWAY_SHUTDOWN_DELAY_SECONDS: {
    ...number(0, 300),
    default: '0',
    advanced,
    description:
      'How long after SIGTERM the gateway still accepts requests, in seconds, so that load balancers see that it is not ready.',
  },
  GATEWAY_SHUTDOWN_LIMIT_SECONDS: {
    ...number(1, 600),
    default: '8',
    advanced,
    description:
      'How long requests in flight may take after that, in seconds. The process ends at most two seconds later.',
  },
} as const satisfies Record<string, Setting<unknown>>;
