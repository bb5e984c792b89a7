// The description of one setting.

import type { Rule } from './rules.js';

/** One environment variable. */
export interface Setting<T> extends Rule<T> {
  /** The text in effect when the variable is not set; undefined: there is no default. */
  readonly default?: string;
  /** Whether leading and trailing white space belongs to the value. */
  readonly keepWhitespace?: true;
  /** Whether the gateway does not start without it. */
  readonly required?: true;
  /** Whether most installations leave it alone: `--help` describes it, the README does not. */
  readonly advanced?: true;
  readonly description: string;
}
