// The settings that limit one operation, and one caller.

import { limit } from './rules.js';
import type { Setting } from './setting.js';

const advanced = true;

export const LIMIT_SETTINGS = {
  GATEWAY_MAX_TOKENS: {
    ...limit(1_000_000),
    default: '2000',
    advanced,
    description: 'The maximum number of tokens in a document: a number, or off.',
  },
  GATEWAY_MAX_DEPTH: {
    ...limit(1_000),
    default: '20',
    advanced,
    description: 'The maximum depth of nested fields in an operation: a number, or off.',
  },
  GATEWAY_MAX_ALIASES: {
    ...limit(100_000),
    default: '50',
    advanced,
    description:
      'The maximum number of aliases in an operation: a number, or off. A fragment counts each time it is spread.',
  },
  GATEWAY_MAX_ROOT_FIELDS: {
    ...limit(100_000),
    default: '20',
    advanced,
    description: 'The maximum number of fields of Query in an operation: a number, or off.',
  },
  GATEWAY_MAX_DIRECTIVES: {
    ...limit(100_000),
    default: '50',
    advanced,
    description: 'The maximum number of directives in an operation: a number, or off.',
  },
  GATEWAY_MAX_FRAGMENTS: {
    ...limit(100_000),
    default: '100',
    advanced,
    description: 'The maximum number of fragments in a document: a number, or off.',
  },
  GATEWAY_MAX_REPEATED_FIELDS: {
    ...limit(100_000),
    default: '100',
    advanced,
    description:
      'The maximum number of fields with one response name in a selection set, fragments included: a number, or off. Validation compares each with each.',
  },
  GATEWAY_MAX_COST: {
    ...limit(999_999_999),
    default: '5000000',
    advanced,
    description: 'The maximum cost of an operation, estimated before it runs as rows times fields: a number, or off.',
  },
  GATEWAY_MAX_UPSTREAM_CALLS: {
    ...limit(100_000),
    default: '100',
    advanced,
    description: 'The maximum number of reports that one operation may request from ScaleOps: a number, or off.',
  },
  GATEWAY_TIMEOUT_MS: {
    ...limit(3_600_000),
    default: '60000',
    advanced,
    description:
      'The time limit of an operation, in milliseconds: a number, or off. It should not be less than SCALEOPS_TIMEOUT_MS.',
  },
  GATEWAY_RATE_LIMIT: {
    ...limit(10_000_000),
    default: 'off',
    advanced,
    description:
      'The maximum number of operations per minute per caller, all of them at once if need be: a number, or off.',
  },
} as const satisfies Record<string, Setting<unknown>>;
