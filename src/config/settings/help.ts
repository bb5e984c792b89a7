// Texts about settings for a terminal: `--help`, problems, warnings. They never contain a value.

import { ConfigError } from './reader.js';
import type { Setting } from './rules.js';
import { SETTINGS } from './settings.js';

/** All settings with their defaults, and the command line options. */
export function explainSettings(options: readonly string[]): string {
  const lines = Object.entries<Setting<unknown>>(SETTINGS).map(
    ([name, setting]) =>
      `${name}${setting.default === undefined ? '' : ` (${setting.default})`}\n    ${setting.description}\n`,
  );
  return `Settings, from the environment, with their defaults:\n\n${lines.join('')}\nOptions: ${options.join(', ')}\n`;
}

/** Problems, and warnings: a misspelt name is often the cause of a missing setting. */
export function explainProblems({ message, warnings }: ConfigError): string {
  return `${message}\n${explainWarnings(warnings)}`;
}

export function explainWarnings(warnings: readonly string[]): string {
  return warnings.length === 0 ? '' : `Warnings:\n${warnings.map((warning) => `  - ${warning}\n`).join('')}`;
}
