// The settings of how much one operation, and one caller, may ask for.

import type { Setting } from './setting.js';
import { limit } from './rules.js';

const fine = true;

export const LIMIT_SETTINGS = {
  GATEWAY_MAX_TOKENS: {
    ...limit(1_000_000),
    default: '2000',
    fine,
    meaning: 'The most tokens that a document may have: a number, or off.',
  },
  GATEWAY_MAX_DEPTH: {
    ...limit(1_000),
    default: '20',
    fine,
    meaning: 'The most levels of fields that an operation may have: a number, or off.',
  },
  GATEWAY_MAX_ALIASES: {
    ...limit(100_000),
    default: '50',
    fine,
    meaning:
      'The most aliases that an operation may have, with its fragments as often as it spreads them: a number, or off.',
  },
  GATEWAY_MAX_ROOT_FIELDS: {
    ...limit(100_000),
    default: '20',
    fine,
    meaning: 'The most fields of Query that an operation may ask for: a number, or off.',
  },
  GATEWAY_MAX_DIRECTIVES: {
    ...limit(100_000),
    default: '50',
    fine,
    meaning: 'The most directives that an operation may have: a number, or off.',
  },
  GATEWAY_MAX_FRAGMENTS: {
    ...limit(100_000),
    default: '100',
    fine,
    meaning: 'The most fragments that a document may define: a number, or off.',
  },
  GATEWAY_MAX_REPEATED_FIELDS: {
    ...limit(100_000),
    default: '100',
    fine,
    meaning:
      'How often a selection set may have a field of one response name, with its fragments: a number, or off. Validation compares each with each.',
  },
  GATEWAY_MAX_COST: {
    ...limit(999_999_999),
    default: '5000000',
    fine,
    meaning:
      'The most fields that an operation may come to, rows times fields, as estimated before it runs: a number, or off.',
  },
  GATEWAY_MAX_UPSTREAM_CALLS: {
    ...limit(100_000),
    default: '100',
    fine,
    meaning: 'How many reports that are not in memory one operation may load: a number, or off.',
  },
  GATEWAY_TIMEOUT_MS: {
    ...limit(3_600_000),
    default: '60000',
    fine,
    meaning:
      'How long an operation may take, in milliseconds: a number, or off. At least SCALEOPS_TIMEOUT_MS, as a rule.',
  },
  GATEWAY_RATE_LIMIT: {
    ...limit(10_000_000),
    default: 'off',
    fine,
    meaning:
      'The most operations that one caller may send within a minute, or at once after a quiet one: a number, or off.',
  },
} as const satisfies Record<string, Setting<unknown>>;
