// The settings of browser access and introspection.

import { boolean, origins } from './rules.js';
import type { Setting } from './setting.js';

const advanced = true;

export const SECURITY_SETTINGS = {
  GATEWAY_CORS_ORIGINS: {
    ...origins,
    advanced,
    description:
      'The origins of web pages on other hosts that may send requests (CORS), separated by commas, such as `https://costs.example.com, http://localhost:3000`. None by default.',
  },
  GATEWAY_INTROSPECTION: {
    ...boolean,
    default: 'on',
    advanced,
    description: 'Whether clients may read the schema, and errors suggest names: on or off.',
  },
} as const satisfies Record<string, Setting<unknown>>;
