// The settings of the way out.

import type { Setting } from './setting.js';
import { number } from './rules.js';

const fine = true;

export const SHUTDOWN_SETTINGS = {
  GATEWAY_SHUTDOWN_DELAY_SECONDS: {
    ...number(0, 300),
    default: '0',
    fine,
    meaning:
      'For how long after SIGTERM new requests are still taken, in seconds, so that load balancers notice that it is not ready.',
  },
  GATEWAY_SHUTDOWN_LIMIT_SECONDS: {
    ...number(1, 600),
    default: '8',
    fine,
    meaning: 'How long requests in flight may take after that, in seconds. Two seconds later the process has ended.',
  },
} as const satisfies Record<string, Setting<unknown>>;
