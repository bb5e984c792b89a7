// The settings of who may come in by which way, and what they find out.

import type { Setting } from './setting.js';
import { boolean, origins, text } from './rules.js';

const fine = true;

export const SECURITY_SETTINGS = {
  GATEWAY_CORS_ORIGINS: {
    ...origins,
    fine,
    meaning:
      'The web pages of other hosts that may ask, by their origins, such as `https://costs.example.com, http://localhost:3000`. None by default.',
  },
  GATEWAY_TRUSTED_DOCUMENTS: {
    ...text,
    fine,
    meaning:
      'A file of the operations that may be run, and no others then: `persisted-documents.json` of GraphQL Code Generator, or a manifest of Apollo. Read at the start.',
  },
  GATEWAY_APQ: {
    ...boolean,
    default: 'on',
    fine,
    meaning:
      "Whether clients may send an operation's hash once they have sent its text (automatic persisted queries): on or off.",
  },
  GATEWAY_INTROSPECTION: {
    ...boolean,
    default: 'on',
    fine,
    meaning: 'Whether clients may ask for the schema, and are told what they may have meant: on or off.',
  },
} as const satisfies Record<string, Setting<unknown>>;
