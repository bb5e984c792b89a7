// What there is to say of one setting.

import type { Rule } from './rules.js';

/** One environment variable. */
export interface Setting<T> extends Rule<T> {
  /** What is in effect when the variable is not set; undefined: there is no default. */
  readonly default?: string;
  /** Blanks at its ends belong to it. */
  readonly verbatim?: true;
  /** Whether a start without it is a problem. */
  readonly required?: true;
  /** What most people leave alone: the README names it, and `--help` explains it. */
  readonly fine?: true;
  readonly meaning: string;
}
