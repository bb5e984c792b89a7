// The settings of who may come in by which way, and what they find out.

import type { Setting } from './setting.js';
import { boolean, origins } from './rules.js';

const fine = true;

export const SECURITY_SETTINGS = {
  GATEWAY_CORS_ORIGINS: {
    ...origins,
    fine,
    meaning:
      'The web pages of other hosts that may ask, by their origins, such as `https://costs.example.com, http://localhost:3000`. None by default.',
  },
  GATEWAY_INTROSPECTION: {
    ...boolean,
    default: 'on',
    fine,
    meaning: 'Whether clients may ask for the schema, and are told what they may have meant: on or off.',
  },
} as const satisfies Record<string, Setting<unknown>>;
