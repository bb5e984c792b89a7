// How settings are read from an environment: each by its rule, with all problems named at once. Values are never repeated
// in a message: any of them may be a secret in the wrong place.

import type { Setting } from './setting.js';
import { SETTINGS, type SettingName } from './settings.js';

/** Gives the text of a file; throws where there is none. */
export type ReadText = (path: string) => string;

export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with an environment. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  /** What is odd besides, and often the cause: a name that was misspelt. */
  readonly warnings: readonly string[];

  constructor(problems: readonly string[], warnings: readonly string[] = []) {
    super(['The configuration is not valid:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.problems = problems;
    this.warnings = warnings;
  }
}

type ValueOf<S> = S extends { to: (text: string) => infer T }
  ? S extends { default: string } | { required: true }
    ? T
    : T | undefined
  : never;
/** The value of a setting, or its default. */
export type Reader = <N extends SettingName>(name: N) => ValueOf<(typeof SETTINGS)[N]>;

/** A reader that adds what it does not accept to `problems`, and goes on. */
export function createReader(env: Environment, problems: string[]): Reader {
  return (name) => {
    const setting: Setting<unknown> = SETTINGS[name];
    const text = env[name] ?? '';
    const effective = text.trim() === '' ? setting.default : setting.verbatim ? text : text.trim();
    if (effective === undefined) {
      if (setting.required) problems.push(`${name} is not set. ${setting.meaning}`);
      return undefined as never;
    }
    if (!setting.accepts(effective)) problems.push(`${name} ${setting.rule}.`);
    return setting.to(effective) as never;
  };
}
