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

export type Source = ReturnType<typeof createSource>;

/** The settings of one environment, and their problems. */
export function createSource(env: Environment, readText: ReadText) {
  const invalid = new Map<SettingName, string>();
  const problems: string[] = [];
  return {
    env,
    /** The problem of each setting that breaks its rule. */
    invalid,
    /** All other problems. */
    problems,
    /** Adds a setting that breaks its rule to `invalid`, and returns its default. */
    read: createReader(env, invalid),
    /** The text of a file that a setting names. Adds a problem and returns undefined if it cannot be read. */
    readFile(name: SettingName, path: string): string | undefined {
      try {
        return readText(path);
      } catch {
        problems.push(`${name} names a file that cannot be read.`);
        return undefined;
      }
    },
  };
}

/** Whether a variable has a value that is not only white space. */
export function isSet(env: Environment, name: string): boolean {
  return (env[name] ?? '').trim() !== '';
}

function createReader(env: Environment, invalid: Map<SettingName, string>): Reader {
  return (name) => {
    const setting: Setting<unknown> = SETTINGS[name];
    const value = setting.keepWhitespace ? env[name] : env[name]?.trim();
    const effective = isSet(env, name) ? value : setting.default;
    if (effective === undefined) {
      if (setting.required) invalid.set(name, `${name} is not set. ${setting.description}`);
      return undefined as never;
    }
    if (setting.accepts(effective)) return setting.parse(effective) as never;
    invalid.set(name, `${name} ${setting.rule}.`);
    return (setting.default === undefined ? undefined : setting.parse(setting.default)) as never;
  };
}
