// Reads settings from environment variables, each by its rule, and collects all problems. Messages never contain a value,
// because a secret may have been set in the wrong variable.

import type { Setting } from './rules.js';
import { SETTINGS, type SettingName } from './settings.js';

/** Returns the text of a file. @throws if it cannot be read. */
export type ReadText = (path: string) => string;

export type Environment = Readonly<Record<string, string | undefined>>;

/** All problems of an environment. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  /** Warnings, often the cause of a problem: a misspelt name. */
  readonly warnings: readonly string[];

  constructor(problems: readonly string[], warnings: readonly string[] = []) {
    super(['The configuration is not valid:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.problems = problems;
    this.warnings = warnings;
  }
}

type ValueOf<S> = S extends { parse: (text: string) => infer T }
  ? S extends { default: string } | { required: true }
    ? T
    : T | undefined
  : never;
/** The value of a setting, or its default. */
export type Reader = <N extends SettingName>(name: N) => ValueOf<(typeof SETTINGS)[N]>;

/** Creates a reader that adds invalid settings to `problems` and continues. */
export function createReader(env: Environment, problems: string[]): Reader {
  return (name) => {
    const setting: Setting<unknown> = SETTINGS[name];
    const text = env[name] ?? '';
    const effective = text.trim() === '' ? setting.default : setting.keepWhitespace ? text : text.trim();
    if (effective === undefined) {
      if (setting.required) problems.push(`${name} is not set. ${setting.description}`);
      return undefined as never;
    }
    if (!setting.accepts(effective)) problems.push(`${name} ${setting.rule}.`);
    return setting.parse(effective) as never;
  };
}
